"""The landings of many stretches, side by side: each is one coroutine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date

from stripe_reports.errors import StripeReportsError
from stripe_reports.landing.obtain import ObtainedRun
from stripe_reports.landing.payouts import (
    itemized_payouts,
    landed_payouts,
    listed_payouts,
    payouts_listing,
)
from stripe_reports.landing.results import Results
from stripe_reports.landing.runs_in_flight import RunsInFlight
from stripe_reports.landing.shared import Shared
from stripe_reports.landing.stretch import Stretch
from stripe_reports.landing.tally import Tally
from stripe_reports.landing.threads import Threads, together

_LANDINGS_AT_ONCE, _LARGE_LANDINGS_AT_ONCE = 4, 2
_LARGE = 16 << 20
"""Bytes. A larger landing takes some hundred megabytes of memory, a smaller one its own size."""


class Landings:
    """The landings of a backfill. Whatever is raised in one stretch fails that one, and no other."""

    def __init__(self, shared: Shared, runs: RunsInFlight, tally: Tally) -> None:
        self._shared = shared
        self._runs = runs
        self._tally = tally
        self._small = Threads(_LANDINGS_AT_ONCE, "landing", shared)
        self._large = Threads(_LARGE_LANDINGS_AT_ONCE, "large-landing", shared)
        self._begun = self._ended = 0
        self._awaited: dict[tuple[str, date], asyncio.Event] = {}
        """Set once the day of a report has ended, for the days by payout that read it."""

    @property
    def share(self) -> float:
        """The part of the stretches that have ended, from 0 to 1."""
        return self._ended / self._begun if self._begun else 0.0

    @property
    def busy(self) -> bool:
        """Whether a stretch is landing now."""
        return bool(self._small.busy or self._large.busy)

    async def land(self, stretches: Sequence[Stretch]) -> None:
        """Land all stretches. They ask for report runs in their order."""
        payouts = {id_ for stretch in stretches for id_ in _read_before(stretch)}
        self._awaited = {
            (stretch.report_type.id, day): asyncio.Event()
            for stretch in stretches
            if stretch.report_type.id in payouts
            for day in stretch.days
        }
        self._begun += len(stretches)
        await together(map(self._land, stretches))

    def end(self) -> None:
        """Let the threads end once nothing is left to land."""
        self._small.end()
        self._large.end()

    def join(self, seconds_left: Callable[[], float]) -> None:
        """Wait for the threads to end, no longer than `seconds_left` says."""
        self._small.join(seconds_left)
        self._large.join(seconds_left)

    async def _land(self, stretch: Stretch) -> None:
        """Land a stretch. If it fails, try its days in another way, or report them as failed."""
        others: Sequence[Stretch] = ()
        read: Sequence[ObtainedRun] = ()
        try:
            if stretch.report_type.interval == "payout":
                await self._payouts_have_landed(stretch)
                payouts = await self._small.run(lambda: landed_payouts(stretch))
                if payouts is None:
                    listing = await self._small.run(lambda: payouts_listing(stretch))
                    read = [run for run in await self._runs.results([listing]) if run]
                    payouts = await self._small.run(lambda: listed_payouts(stretch, read[0]))
                wanted = [
                    stretch.wanted_run(payout.parameters, payout=payout.id, constants=payout.columns)
                    for payout in payouts
                ]
            else:
                wanted = [stretch.wanted_run()]
            runs = await self._runs.results(wanted)
            read = [run for run in runs if run]
            pairs = zip(wanted, runs, strict=True)
            left_out = [each.payout for each, run in pairs if each.payout and not run]
            results = Results(stretch, read, left_out)
            threads = self._large if results.size > _LARGE else self._small
            # The thread itself reports the days, so that those that land during `stop` are reported too.
            await threads.run(lambda: self._tally.land(results.land()))
        except Exception as raised:  # noqa: BLE001 - a stretch that fails fails alone
            others = self._instead(stretch, read, self._shared.error_of(raised))
        self._ended += 1
        self._begun += len(others)
        if others:
            await together(map(self._land, others))
        else:
            self._have_ended(stretch)

    def _instead(
        self, stretch: Stretch, read: Sequence[ObtainedRun], error: StripeReportsError
    ) -> Sequence[Stretch]:
        """Return the stretches that may land instead; without any, report the days as failed."""
        others: Sequence[Stretch] = ()
        try:
            others = stretch.instead(error, read)
            error = stretch.refuse(error, is_last=not others)
        except Exception as another:  # noqa: BLE001
            error = self._shared.error_of(another)
        if others:
            error.at(report_type=stretch.report_type.id)
            how = "the days one by one" if len(others) > 1 else "with another report run"
            self._shared.warn(f"{error}; retrying {how}")
        else:
            self._tally.fail(stretch.report_type, stretch.days, error)
        return others

    async def _payouts_have_landed(self, stretch: Stretch) -> None:
        (day,) = stretch.days
        places = [(id_, day) for id_ in _read_before(stretch)]
        if awaited := next((self._awaited[place] for place in places if place in self._awaited), None):
            await awaited.wait()

    def _have_ended(self, stretch: Stretch) -> None:
        for day in stretch.days:
            if awaited := self._awaited.get((stretch.report_type.id, day)):
                awaited.set()


def _read_before(stretch: Stretch) -> list[str]:
    """Return the ids of the report types whose table is read if the day has landed there."""
    if stretch.report_type.interval != "payout":
        return []
    return [each.id for each in itemized_payouts(stretch.report_type)]
