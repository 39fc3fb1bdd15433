"""Report runs on their way: made within a limit, and looked at when they are due."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from stripe_reports.errors import StripeRequestError
from stripe_reports.landing.obtain import Attempts, ObtainedRun, WantedRun, obtain_run
from stripe_reports.landing.settings import LandingSettings
from stripe_reports.landing.shared import PAUSES_IN_TROUBLE, Shared
from stripe_reports.landing.threads import Threads, together
from stripe_reports.stripe_api import ReportRun, check_answers_request, retrieve_report_run

_CALLS_AT_ONCE = 8
_WEIGHT_OF_THE_NEWEST = 0.2
_SLOW_SECONDS, _SLOW_FACTOR = 60.0, 4.0
_MOST_SLOW = 3
"""How many slow runs may be pending as well, as a multiple of the limit."""

_T = TypeVar("_T")


@dataclass(slots=True, eq=False)
class _Place:
    """A place among the report runs in flight. Whoever waits in the queue for it has a `turn` to come."""

    turn: asyncio.Future[None] | None = None
    run: ReportRun | None = None
    pending_since: float | None = None


class RunsInFlight:
    """The report runs that a landing has under way. All methods belong to one event loop."""

    def __init__(self, shared: Shared) -> None:
        self.made = 0
        self.adopted = 0
        self.moved_at = time.monotonic()
        """When a run was asked for or succeeded last, on the monotonic clock."""
        self.calls = Threads(_CALLS_AT_ONCE, "calls", shared)
        self._shared = shared
        self._queue: deque[_Place] = deque()
        self._places: set[_Place] = set()
        self._usual: float | None = None
        """Seconds that a run takes."""

    @property
    def pending(self) -> int:
        """The number of runs that Stripe is building."""
        return len(self._places)

    @property
    def only_pending(self) -> bool:
        """Whether all that is left to do is to look again later."""
        return bool(self._places) and not self.calls.busy

    @property
    def ids(self) -> Iterator[str]:
        """The ids of the runs that Stripe is building."""
        return (place.run.id for place in self._places if place.run)

    async def results(self, wanted: Sequence[WantedRun]) -> list[ObtainedRun | None]:
        """Return a run that has succeeded for each wanted one.

        It is None, with a warning, if Stripe declines to report on its payout. Raises a StripeReportsError if
        one of them gives no result; then the others are not waited for.
        """
        if len(wanted) == 1:  # without a task of its own: there may be thousands
            return [await self._result(wanted[0])]
        return await together(map(self._result, wanted))

    async def _result(self, wanted: WantedRun) -> ObtainedRun | None:
        shared, attempts, place = self._shared, Attempts(wanted), _Place()
        try:
            while True:
                await self._enter(place)
                obtained = await self._obtained(attempts)
                if obtained is None:
                    return None
                place.run, place.pending_since = obtained.run, obtained.pending_since
                run = await self._ended(obtained)
                if run and run.status == "succeeded" and run.result:
                    self.moved_at = time.monotonic()
                    return replace(obtained, run=run)
                attempts.give_up(
                    run or obtained.run, shared.settings, shared.account.api.redact, is_lost=run is None
                )
                if not attempts.may_go_on:
                    raise attempts.failure()
                last = attempts.given_up[-1]
                shared.warn(
                    f"{wanted.report_type} (report run {last.report_run}): {last.why}; creating a new one"
                )
        finally:
            self._leave(place)

    async def _obtained(self, attempts: Attempts) -> ObtainedRun | None:
        shared, wanted = self._shared, attempts.wanted
        try:
            obtained = await self._call(
                lambda: obtain_run(shared.account, attempts, shared.made_runs, shared.settings, shared.warn),
                wanted,
            )
        except StripeRequestError as error:
            if wanted.payout and "payout" in (error.param or ""):
                shared.warn(
                    f"{wanted.report_type}: Stripe does not report on {wanted.payout}, it was left out;"
                    f" {error.what}"
                )
                return None
            raise
        self._count(obtained)
        return obtained

    def _count(self, obtained: ObtainedRun) -> None:
        if obtained.adopted:
            self.adopted += 1
        else:
            self.made += 1

    async def _ended(self, obtained: ObtainedRun) -> ReportRun | None:
        """Look at the run until it has ended or is stuck. Return it, or None if Stripe has lost it."""
        run, since, settings = obtained.run, obtained.pending_since, self._shared.settings
        pauses = look_pauses(settings, self._usual, since)
        seen_pending = since
        while run.status == "pending" and (left := since + settings.stuck_after - time.monotonic()) > 0:
            await asyncio.sleep(min(left, next(pauses)))
            self._admit()  # what is slow by now makes room
            try:
                run = await self._call(lambda: self._look(obtained.run), obtained.wanted, may_be_lost=True)
            except Exception as raised:  # noqa: BLE001 - raised again, with the run
                if isinstance(raised, StripeRequestError) and raised.gone:
                    return None
                error = self._shared.error_of(raised).at(report_run=run.id)
                raise error from error.__cause__
            if run.status == "pending":
                seen_pending = time.monotonic()
        if run.status == "succeeded" and run.result and not obtained.adopted:
            self._learn(seen_pending - since, time.monotonic() - since)
        return run

    def _look(self, known: ReportRun) -> ReportRun:
        api = self._shared.account.api
        run = retrieve_report_run(api, known.id)
        check_answers_request(
            api, run, known.report_type, known.parameters, id_=known.id, livemode=known.livemode
        )
        return run

    async def _call(self, call: Callable[[], _T], wanted: WantedRun, *, may_be_lost: bool = False) -> _T:
        """Call Stripe in a thread, and again after a pause while the trouble may pass."""
        for pause in PAUSES_IN_TROUBLE:
            try:
                return await self.calls.run(call)
            except StripeRequestError as error:
                if not error.passes and not (error.gone and may_be_lost):
                    raise
                self._shared.warn(f"{wanted.report_type}: {error}; retrying in {pause:g} s")
            await asyncio.sleep(pause)
        return await self.calls.run(call)

    def _learn(self, at_least: float, at_most: float) -> None:
        """Learn how long runs take (seconds)."""
        # Where the first look was late already, the next one is a little earlier.
        took = (at_least + at_most) / 2 if at_least > 0 else at_most * 0.95
        before = took if self._usual is None else self._usual
        self._usual = before + _WEIGHT_OF_THE_NEWEST * (took - before)

    async def _enter(self, place: _Place) -> None:
        """Wait until there is room: at the end of the queue, or at its head for what had room before."""
        queue = self._queue.append if place.turn is None else self._queue.appendleft
        self._places.discard(place)
        place.turn = asyncio.get_running_loop().create_future()
        place.run = place.pending_since = None
        queue(place)
        self._admit()
        await place.turn
        self.moved_at = time.monotonic()

    def _leave(self, place: _Place) -> None:
        self._places.discard(place)
        if place.turn:
            place.turn.cancel()
        self._admit()

    def _admit(self) -> None:
        while self._queue and self._has_room:
            place = self._queue.popleft()
            if place.turn and not place.turn.done():
                self._places.add(place)
                place.turn.set_result(None)

    @property
    def _has_room(self) -> bool:
        """Whether another run may be made.

        Runs that take far longer than others make room, within bounds, so that a few that are stuck do not
        hold up all others.
        """
        most = self._shared.settings.max_runs_in_flight
        slow_before = time.monotonic() - max(_SLOW_SECONDS, _SLOW_FACTOR * (self._usual or 0.0))
        slow = sum(
            place.pending_since is not None and place.pending_since < slow_before for place in self._places
        )
        return len(self._places) - min(slow, most * _MOST_SLOW) < most


def look_pauses(settings: LandingSettings, usual: float | None, pending_since: float) -> Iterator[float]:
    """Yield how long to wait before each look at a run (seconds).

    The first pause ends when runs usually have succeeded, if that is known. The others grow.
    """
    left = (usual or 0.0) - (time.monotonic() - pending_since)
    pause = settings.poll_initial
    yield min(max(left, pause), settings.poll_longest)
    while True:
        pause = min(pause * settings.poll_factor, settings.poll_longest)
        yield pause
