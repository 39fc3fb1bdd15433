"""Report runs on their way: made within a limit, and looked at when they are due."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count

from stripe_reports.errors import StripeRequestError
from stripe_reports.landing.obtain import obtain_run
from stripe_reports.landing.piece import Piece
from stripe_reports.landing.shared import PAUSES_IN_TROUBLE, Shared
from stripe_reports.landing.wanted_run import WantedRun
from stripe_reports.landing.workers import Workers
from stripe_reports.stripe_api import ReportRun, check_answers_request, retrieve_report_run

_CALLS_AT_ONCE = 8
_WEIGHT_OF_THE_NEWEST = 0.2
_SLOW_SECONDS, _SLOW_FACTOR = 60.0, 4.0
_MOST_SLOW = 3
"""Times the limit: so many slow runs may be pending beside it."""


class RunsInFlight:
    """Brings each wanted run of a piece to its result. It belongs to one thread, which does what `finished`
    is given.

    `ready` gets a piece all of whose runs have succeeded, `failed` one that gets no further, with what was
    raised.
    """

    def __init__(
        self,
        shared: Shared,
        finished: Callable[[tuple[Piece, Callable[[], None]]], None],
        *,
        ready: Callable[[Piece], None],
        failed: Callable[[Piece, BaseException], None],
    ) -> None:
        self.made = 0
        self.adopted = 0
        self._shared = shared
        self._finished = finished
        self._ready = ready
        self._failed = failed
        self._workers = Workers(_CALLS_AT_ONCE, "calls")
        self._to_obtain: deque[tuple[Piece, WantedRun]] = deque()
        self._missing: dict[Piece, int] = {}
        """How many of its runs a piece waits for."""
        self._in_flight: dict[WantedRun, Piece] = {}
        self._calling: set[WantedRun] = set()
        self._due: list[tuple[float, int, WantedRun, Callable[[WantedRun], None]]] = []
        self._order = count()
        self._usual: float | None = None
        """Seconds that a run takes."""

    @property
    def pending(self) -> int:
        """How many Stripe is at."""
        return len(self._in_flight)

    @property
    def only_pending(self) -> bool:
        """Whether there is nothing to do but to look again."""
        has_more = self._to_obtain and self._has_room
        return bool(self._in_flight) and not has_more and not self._calling

    @property
    def ids(self) -> Iterator[str]:
        """Of those that Stripe is at."""
        return (wanted.run.id for wanted in self._in_flight if wanted.run)

    def want(self, piece: Piece) -> None:
        """Bring all that the piece wants now."""
        self._missing[piece] = len(piece.wanted)
        self._to_obtain.extend((piece, wanted) for wanted in piece.wanted)
        if not piece.wanted:
            self._ready(piece)

    def forget(self, piece: Piece) -> None:
        """Look no more for what this piece wants."""
        if self._missing.pop(piece, 0):
            self._to_obtain = deque(each for each in self._to_obtain if each[0] is not piece)
            for wanted in piece.wanted:
                self._in_flight.pop(wanted, None)

    def go_on(self) -> None:
        """Ask for as much as there is room for, and look at what is due."""
        while self._to_obtain and self._has_room:
            piece, wanted = self._to_obtain.popleft()
            self._in_flight[wanted] = piece
            self._begin(wanted, self._obtain)
        while self._due and self._due[0][0] <= time.monotonic():
            _, _, wanted, act = heapq.heappop(self._due)
            if wanted in self._in_flight:
                self._begin(wanted, act)

    def seconds_to_next(self) -> float | None:
        """Until something is due."""
        return max(0.0, self._due[0][0] - time.monotonic()) if self._due else None

    def end(self) -> None:
        """Make no more calls."""
        self._workers.end()

    @property
    def _has_room(self) -> bool:
        """Runs that take far longer than others make room, within bounds, so that a few that are stuck do not
        keep all others waiting."""
        most = self._shared.settings.max_runs_in_flight
        slow_before = time.monotonic() - max(_SLOW_SECONDS, _SLOW_FACTOR * (self._usual or 0.0))
        slow = sum(bool(run.pending_since) and run.pending_since < slow_before for run in self._in_flight)
        return len(self._in_flight) - min(slow, most * _MOST_SLOW) < most

    def _begin(self, wanted: WantedRun, act: Callable[[WantedRun], None]) -> None:
        piece = self._in_flight[wanted]
        try:
            act(wanted)
        except Exception as raised:  # noqa: BLE001 - no thread could be started, for example
            self._failed(piece, raised)

    def _obtain(self, wanted: WantedRun) -> None:
        shared = self._shared
        wanted.asked_at = wanted.asked_at or time.monotonic()

        def call() -> None:
            obtain_run(shared.account, wanted, shared.made_runs, shared.settings, shared.warn)

        self._call(wanted, call, again=self._obtain, then=self._obtained)

    def _look(self, wanted: WantedRun) -> None:
        def call() -> None:
            if known := wanted.run:
                api = self._shared.account.api
                run = retrieve_report_run(api, known.id)
                check_answers_request(
                    api, run, known.report_type, known.parameters, id_=known.id, livemode=known.livemode
                )
                wanted.run = run

        self._call(wanted, call, again=self._look, then=self._seen)

    def _call(
        self,
        wanted: WantedRun,
        call: Callable[[], None],
        *,
        again: Callable[[WantedRun], None],
        then: Callable[[WantedRun], None],
    ) -> None:
        piece = self._in_flight[wanted]

        def work() -> None:
            error: BaseException | None = None
            try:
                if not self._shared.stopped.is_set():
                    call()
            except BaseException as raised:  # noqa: BLE001 - it is for the thread that asked
                error = raised
            self._finished((piece, lambda: self._answered(wanted, error, again, then)))

        self._workers.submit(work)
        self._calling.add(wanted)

    def _answered(
        self,
        wanted: WantedRun,
        error: BaseException | None,
        again: Callable[[WantedRun], None],
        then: Callable[[WantedRun], None],
    ) -> None:
        self._calling.discard(wanted)
        if wanted not in self._in_flight or self._shared.stopped.is_set():
            return
        if error is None:
            wanted.failures_on_the_way = 0
            then(wanted)
            return
        if isinstance(error, StripeRequestError):
            is_lost = error.gone and wanted.run is not None
            if (error.passes or is_lost) and wanted.failures_on_the_way < len(PAUSES_IN_TROUBLE):
                pause = PAUSES_IN_TROUBLE[wanted.failures_on_the_way]
                wanted.failures_on_the_way += 1
                self._shared.warn(f"{wanted.report_type}: {error}; retrying in {pause:g} s")
                self._schedule(pause, wanted, again)
                return
            if is_lost and wanted.run:
                self._replace(wanted, wanted.run, is_lost=True)
                return
            if wanted.may_be_refused and "payout" in (error.param or ""):
                wanted.refused = error
                self._done(wanted)
                return
        error = self._shared.error_of(error).at(report_run=wanted.run.id if wanted.run else None)
        self._failed(self._in_flight.pop(wanted), error)

    def _obtained(self, wanted: WantedRun) -> None:
        if wanted.adopted:
            self.adopted += 1
        else:
            self.made += 1
        self._seen(wanted)

    def _seen(self, wanted: WantedRun) -> None:
        run, now = wanted.run, time.monotonic()
        settings = self._shared.settings
        if run is None:
            return
        if run.status == "succeeded" and run.result:
            self._learn(wanted, now)
            self._done(wanted)
        elif run.status == "pending" and (left := wanted.pending_since + settings.stuck_after - now) > 0:
            if wanted.pause:  # it has been looked at, and not only just been asked for
                wanted.seen_pending = now
            self._schedule(min(left, wanted.next_pause(settings, self._usual)), wanted, self._look)
        else:
            self._replace(wanted, run)

    def _learn(self, wanted: WantedRun, now: float) -> None:
        if wanted.adopted:
            return
        at_most, at_least = now - wanted.pending_since, wanted.seen_pending - wanted.pending_since
        # Where the first look was late already, the next one is to be a little earlier.
        took = (at_least + at_most) / 2 if at_least > 0 else at_most * 0.95
        before = took if self._usual is None else self._usual
        self._usual = before + _WEIGHT_OF_THE_NEWEST * (took - before)

    def _replace(self, wanted: WantedRun, run: ReportRun, *, is_lost: bool = False) -> None:
        wanted.give_up(run, self._shared.settings, self._shared.account.api.redact, is_lost=is_lost)
        piece = self._in_flight.pop(wanted)
        if wanted.may_be_replaced:
            id_, why = wanted.given_up[-1]
            self._shared.warn(f"{wanted.report_type} (report run {id_}): {why}; creating a new one")
            self._to_obtain.appendleft((piece, wanted))
        else:
            self._failed(piece, wanted.failure())

    def _done(self, wanted: WantedRun) -> None:
        piece = self._in_flight.pop(wanted)
        self._missing[piece] -= 1
        if not self._missing[piece]:
            del self._missing[piece]
            self._ready(piece)

    def _schedule(self, pause: float, wanted: WantedRun, act: Callable[[WantedRun], None]) -> None:
        heapq.heappush(self._due, (time.monotonic() + pause, next(self._order), wanted, act))
