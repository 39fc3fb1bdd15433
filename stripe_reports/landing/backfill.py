"""Many days of many report types at once: each lands as soon as its report run has succeeded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from queue import Empty, SimpleQueue
from threading import Thread

from stripe_reports.catalog import ReportType
from stripe_reports.lake import Lake
from stripe_reports.landing.beginning import Begun, begin
from stripe_reports.landing.landings import Landings
from stripe_reports.landing.outcome import (
    FailedDay,
    LandedDay,
    Progress,
    StillPending,
    WaitingDay,
    Warned,
)
from stripe_reports.landing.request import ReportRequest
from stripe_reports.landing.runs_in_flight import RunsInFlight
from stripe_reports.landing.settings import LandingSettings
from stripe_reports.landing.shared import Interrupted, Shared, Stopped
from stripe_reports.landing.tally import Tally
from stripe_reports.stripe_api import Account

Outcome = LandedDay | FailedDay | WaitingDay | StillPending | Warned

_GRACE_SECONDS = 5.0
"""For landings that are at their last step when the backfill is stopped."""


class Backfill:
    """A landing of many days in the background. Iterate over its `outcomes`, then `stop` it.

    `asked`: the days of each report type. `requests`: their columns and parameters, by report type's id.
    Every day ends as one LandedDay, FailedDay or WaitingDay, unless the backfill ends with StillPending, or
    is stopped. What is wrong with one day does not keep others from landing, even if it is a bug.

    Existing report runs are used instead of new ones, whoever made them, if they were asked for the same at a
    time when Stripe had the data. `external_runs`: ids of report runs to land from, by report type's id,
    whatever they were asked for, as far as `external_run` accepts them.
    """

    def __init__(
        self,
        asked: Mapping[ReportType, Sequence[date]],
        *,
        account: Account,
        lake: Lake,
        requests: Mapping[str, ReportRequest] | None = None,
        external_runs: Mapping[str, str] | None = None,
        timezone: str = "UTC",
        settings: LandingSettings | None = None,
    ) -> None:
        self._asked = {report_type: sorted(set(days)) for report_type, days in asked.items()}
        self._requests = requests or {}
        self._external_runs = external_runs or {}
        self._outcomes: SimpleQueue[Outcome | BaseException | None] = SimpleQueue()
        self._shared = Shared.of(
            account,
            lake,
            timezone,
            settings or LandingSettings(),
            warn=lambda text: self._outcomes.put(Warned(text)),
        )
        self._tally = Tally(self._asked, self._outcomes.put)
        self._runs = RunsInFlight(self._shared)
        self._landings = Landings(self._shared, self._runs, self._tally)
        self._began = time.monotonic()
        self._ended = False
        self._thread = Thread(target=self._run, name="stripe-reports-backfill", daemon=True)
        self._landing: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None

    @property
    def progress(self) -> Progress:
        """The progress so far."""
        tally, limit = self._tally, self._shared.account.api.limit
        return Progress(
            days=tally.days,
            landed=tally.landed,
            unchanged=tally.unchanged,
            failed=tally.failed,
            waiting=tally.waiting,
            runs_made=self._runs.made,
            runs_adopted=self._runs.adopted,
            runs_pending=self._runs.pending,
            calls_per_second=limit.rate,
            slowest_calls_per_second=limit.lowest,
            share=self._landings.share,
            seconds=time.monotonic() - self._began,
        )

    def outcomes(self, *, every: float | None = None) -> Iterator[Outcome | Progress]:
        """Yield outcomes as they come, and the progress `every` so many seconds."""
        if self._thread.ident is None and not self._ended:
            self._thread.start()
        reported = time.monotonic()
        while not self._ended:
            try:
                outcome = self._outcomes.get(timeout=every)
            except Empty:
                outcome = None
            else:
                if isinstance(outcome, BaseException):
                    raise outcome
                self._ended = outcome is None
            if outcome is not None:
                yield outcome
            if every is not None and not self._ended and time.monotonic() - reported >= every:
                reported = time.monotonic()
                yield self.progress

    def stop(self) -> list[Outcome]:
        """Land nothing more, and return the outcomes that were not yielded yet.

        A table that is being written is dropped, unless it is about to be committed.
        """
        self._shared.stopped.set()
        if self._landing:
            loop, landing = self._landing
            with suppress(RuntimeError):  # the loop is closed: the landing has ended already
                loop.call_soon_threadsafe(landing.cancel)
        until = time.monotonic() + _GRACE_SECONDS
        if self._thread.ident is not None:
            self._thread.join(_GRACE_SECONDS)
        self._landings.join(lambda: until - time.monotonic())
        rest: list[Outcome] = []
        while not self._outcomes.empty():
            outcome = self._outcomes.get()
            if outcome is not None and not isinstance(outcome, BaseException):
                rest.append(outcome)
        self._ended = True
        return rest

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except (Stopped, asyncio.CancelledError) as ended:
            if isinstance(ended, Interrupted):  # raised where somebody waits for outcomes
                self._outcomes.put(ended.by)
        except BaseException as raised:  # noqa: BLE001 - the coordination itself has failed
            self._shared.stopped.set()
            try:
                self._tally.fail_rest(self._shared.error_of(raised))
            except BaseException as error:  # noqa: BLE001
                self._outcomes.put(error)
        finally:
            self._runs.calls.end()
            self._landings.end()
            self._outcomes.put(None)

    async def _main(self) -> None:
        landing = asyncio.create_task(self._land())
        self._landing = asyncio.get_running_loop(), landing
        patience = self._shared.settings.release_after
        release = asyncio.create_task(self._release(landing, patience)) if patience is not None else None
        if not self._shared.stopped.is_set():  # `stop` may have come too early to cancel it
            await landing
        if release:
            release.cancel()

    async def _land(self) -> None:
        in_thread = self._runs.calls.run
        begun = await in_thread(self._begin)
        stretches = [stretch for each in begun for stretch in each.stretches]
        ready_by = [stretch.data_ready_by for stretch in stretches]
        await in_thread(lambda: self._shared.find_made_runs(ready_by))
        await self._landings.land(stretches)

    def _begin(self) -> list[Begun]:
        begun = []
        for each in begin(self._shared, self._asked, self._requests, self._external_runs):
            begun.append(each)
            for days, why in each.failed:
                self._tally.fail(each.report_type, days, why)
        return begun

    async def _release(self, landing: asyncio.Task[None], patience: float) -> None:
        """End the landing once nothing but pending runs is left for `patience` seconds.

        If a day has failed, the landing goes on, so that all failures are reported together.
        """
        while not self._tally.failed:
            idle = time.monotonic() - max(self._runs.moved_at, self._tally.moved_at)
            if idle >= patience and self._runs.only_pending and not self._landings.busy:
                self._outcomes.put(StillPending(self._tally.left, tuple(self._runs.ids)))
                landing.cancel()
                return
            await asyncio.sleep(max(patience - idle, self._shared.settings.poll_initial))
