"""Many days of many report types at once: each lands as soon as its report run has succeeded."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from queue import Empty, SimpleQueue
from threading import Thread

from stripe_reports.catalog import ReportType
from stripe_reports.errors import DataNotAvailableError, StripeReportsError
from stripe_reports.lake import Lake
from stripe_reports.landing.beginning import begin
from stripe_reports.landing.outcome import (
    FailedDay,
    LandedDay,
    Progress,
    StillPending,
    WaitingDay,
    Warned,
)
from stripe_reports.landing.piece import Piece
from stripe_reports.landing.request import ReportRequest
from stripe_reports.landing.runs_in_flight import RunsInFlight
from stripe_reports.landing.settings import LandingSettings
from stripe_reports.landing.shared import Shared, Stopped
from stripe_reports.landing.workers import Workers
from stripe_reports.stripe_api import Account

Outcome = LandedDay | FailedDay | WaitingDay | StillPending | Warned

_LANDINGS_AT_ONCE, _LARGE_LANDINGS_AT_ONCE = 4, 2
_LARGE = 16 << 20
"""Bytes. A landing of so much takes some hundred megabytes of memory, a smaller one its own size."""
_GRACE_SECONDS = 5.0
"""For landings that are at their last step when nobody waits any more."""


class Backfill:
    """Lands days of report types, and tells of each as it comes: iterate over it, then `stop` it.

    `asked`: the days of each report type. `requests`: their columns and parameters, by report type's id.
    Every day ends as one LandedDay, FailedDay or WaitingDay, unless the whole ends with StillPending, or is
    stopped. What is wrong with one day does not keep others from landing, even where it is a bug.

    Report runs that exist are used instead of new ones, whoever made them, if they were asked for the same at
    a time when the data were there. `given`: ids of report runs to land from whatever they were asked for, by
    report type's id, as far as `given_run` takes them.
    """

    def __init__(
        self,
        asked: Mapping[ReportType, Sequence[date]],
        *,
        account: Account,
        lake: Lake,
        requests: Mapping[str, ReportRequest] | None = None,
        given: Mapping[str, str] | None = None,
        timezone: str = "UTC",
        settings: LandingSettings | None = None,
    ) -> None:
        settings = settings or LandingSettings()
        self._asked = {report_type: sorted(set(days)) for report_type, days in asked.items()}
        self._requests = requests or {}
        self._given = given or {}
        self._untold = {report_type: set(days) for report_type, days in self._asked.items()}
        self._shared = Shared.of(
            account, lake, timezone, settings, warn=lambda text: self._outcomes.put(Warned(text))
        )
        self._outcomes: SimpleQueue[Outcome | BaseException | None] = SimpleQueue()
        self._finished: SimpleQueue[tuple[Piece, Callable[[], None]] | None] = SimpleQueue()
        self._runs = RunsInFlight(self._shared, self._finished.put, ready=self._go_on, failed=self._fail)
        self._small = Workers(_LANDINGS_AT_ONCE, "landing")
        self._large = Workers(_LARGE_LANDINGS_AT_ONCE, "large-landing")
        self._open: set[Piece] = set()
        self._pieces = 0
        self._landing: set[Piece] = set()
        self._waiting_for: dict[tuple[str, date], list[Piece]] = {}
        self._counts = {"landed": 0, "unchanged": 0, "failed": 0, "waiting": 0}
        self._began = self._moved = time.monotonic()
        self._ended = False
        self._thread = Thread(target=self._run, name="stripe-reports-backfill", daemon=True)

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return Progress(
            days=sum(map(len, self._asked.values())),
            landed=self._counts["landed"],
            unchanged=self._counts["unchanged"],
            failed=self._counts["failed"],
            waiting=self._counts["waiting"],
            runs_made=self._runs.made,
            runs_adopted=self._runs.adopted,
            runs_pending=self._runs.pending,
            calls_per_second=self._shared.account.api.limit.rate,
            slowest_calls_per_second=self._shared.account.api.limit.lowest,
            share=1 - len(self._open) / self._pieces if self._pieces else 0.0,
            seconds=time.monotonic() - self._began,
        )

    def outcomes(self, *, every: float | None = None) -> Iterator[Outcome | Progress]:
        """What comes, as it comes; and how far it is, so many seconds apart."""
        if self._thread.ident is None and not self._ended:
            self._thread.start()
        told = time.monotonic()
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
            if every is not None and not self._ended and time.monotonic() - told >= every:
                told = time.monotonic()
                yield self.progress

    def stop(self) -> list[Outcome]:
        """Land nothing more; returns what had come and was not told of yet.

        A table that is being written is dropped, unless it is about to be committed.
        """
        self._shared.stopped.set()
        self._finished.put(None)
        until = time.monotonic() + _GRACE_SECONDS
        if self._thread.ident is not None:
            self._thread.join(_GRACE_SECONDS)
        for workers in (self._small, self._large):
            workers.join(lambda: until - time.monotonic())
        self._do_finished()
        rest: list[Outcome] = []
        while not self._outcomes.empty():
            outcome = self._outcomes.get()
            if outcome is not None and not isinstance(outcome, BaseException):
                rest.append(outcome)
        self._ended = True
        return rest

    def _run(self) -> None:
        try:
            self._begin()
            while self._open and not self._shared.stopped.is_set() and not self._is_to_be_released():
                self._runs.go_on()
                if self._open:
                    self._take_finished()
        except BaseException as raised:  # noqa: BLE001 - raised where somebody waits for outcomes
            try:
                self._fail_all(self._shared.error_of(raised))
            except BaseException as error:  # noqa: BLE001
                self._outcomes.put(error)
        finally:
            self._runs.end()
            self._small.end()
            self._large.end()
            self._outcomes.put(None)

    def _begin(self) -> None:
        pieces: list[Piece] = []
        for begun in begin(self._shared, self._asked, self._requests, self._given):
            pieces += begun.pieces
            for days, why in begun.failed:
                self._fail_days(begun.report_type, days, why)
        self._open.update(pieces)
        self._pieces += len(pieces)
        self._shared.find_made_runs(piece.tables.data_ready_by for piece in pieces)
        coming = {(piece.report_type.id, day) for piece in pieces for day in piece.days}
        for piece in pieces:
            places = [(id_, piece.days[0]) for id_ in piece.after]
            if before := next((place for place in places if place in coming), None):
                self._waiting_for.setdefault(before, []).append(piece)
            else:
                self._go_on(piece)

    def _take_finished(self) -> None:
        """Wait for something to be done in a thread, or for the next run that is due."""
        try:
            finished = self._finished.get(timeout=self._runs.seconds_to_next())
        except Empty:
            return
        if finished:
            self._do(*finished)
        self._do_finished()

    def _do_finished(self) -> None:
        while not self._finished.empty():
            if finished := self._finished.get():
                self._do(*finished)

    def _do(self, piece: Piece, act: Callable[[], None]) -> None:
        """Whatever is raised fails this piece, and no other."""
        try:
            act()
        except BaseException as raised:  # noqa: BLE001
            error = self._shared.error_of(raised)
            if piece in self._open:
                self._fail(piece, error)
            else:
                untold = self._untold[piece.report_type]
                self._fail_days(piece.report_type, [day for day in piece.days if day in untold], error)

    def _go_on(self, piece: Piece) -> None:
        """All that the piece has asked for is there: let it land, or say what else it wants."""
        if piece not in self._open:
            return
        self._landing.add(piece)
        if piece.only_asks:  # here and now, so that what is wanted first is asked for first
            self._do(piece, lambda: self._ask(piece))
        else:
            self._do(piece, lambda: self._step_in_thread(piece))

    def _ask(self, piece: Piece) -> None:
        piece.next_step()
        self._stepped(piece, None)

    def _step_in_thread(self, piece: Piece) -> None:
        workers = self._large if piece.bytes_to_land > _LARGE else self._small

        def work() -> None:
            error: BaseException | None = None
            try:
                if not self._shared.stopped.is_set():
                    piece.next_step()
            except BaseException as raised:  # noqa: BLE001 - it is for the thread that asked
                error = raised
            self._finished.put((piece, lambda: self._stepped(piece, error)))

        workers.submit(work)

    def _stepped(self, piece: Piece, error: BaseException | None) -> None:
        self._landing.discard(piece)
        self._moved = time.monotonic()
        if isinstance(error, Stopped):
            return
        if error is not None:
            self._fail(piece, error)
        elif piece.landed is not None:
            self._close(piece)
            self._counts["landed"] += len(piece.landed)
            self._counts["unchanged"] += sum(day.unchanged for day in piece.landed)
            for day in piece.landed:
                self._outcomes.put(day)
                self._untold[day.report_type].discard(day.day)
                self._release(piece.report_type, day.day)
        elif not self._shared.stopped.is_set():
            self._runs.want(piece)

    def _fail(self, piece: Piece, raised: BaseException) -> None:
        if piece not in self._open:
            return
        error = self._shared.error_of(raised)
        self._moved = time.monotonic()
        self._close(piece)
        others: Sequence[Piece] = ()
        try:
            others = piece.instead(error)
            error = piece.refuse(error, is_last=not others)
        except Exception as another:  # noqa: BLE001
            error = self._shared.error_of(another)
        if others:
            error.at(report_type=piece.report_type.id)
            how = "the days one by one" if len(others) > 1 else "with another report run"
            self._shared.warn(f"{error}; retrying {how}")
            self._open.update(others)
            self._pieces += len(others)
            for other in others:
                self._go_on(other)
        else:
            self._fail_days(piece.report_type, piece.days, error)

    def _fail_days(self, report_type: ReportType, days: Sequence[date], error: StripeReportsError) -> None:
        for day in tuple(days):
            own = copy.copy(error).at(report_type=report_type.id, day=day)
            own.__cause__ = error.__cause__
            waits = isinstance(own, DataNotAvailableError) and own.comes
            self._counts["waiting" if waits else "failed"] += 1
            failed = FailedDay(report_type, day, own, tuple(days))
            self._outcomes.put(WaitingDay(report_type, day, own) if waits else failed)
            self._untold[report_type].discard(day)
            self._release(report_type, day)

    def _fail_all(self, error: StripeReportsError) -> None:
        """Nothing more lands: the coordination itself has failed."""
        self._shared.stopped.set()
        self._open.clear()
        for report_type, days in self._untold.items():
            self._fail_days(report_type, sorted(days), error)

    def _close(self, piece: Piece) -> None:
        self._open.discard(piece)
        self._landing.discard(piece)
        self._runs.forget(piece)
        piece.close()

    def _release(self, report_type: ReportType, day: date) -> None:
        for piece in self._waiting_for.pop((report_type.id, day), ()):
            self._go_on(piece)

    def _is_to_be_released(self) -> bool:
        """Whether nothing but pending runs is left, for long; and nothing has failed, to be told of now."""
        patience = self._shared.settings.release_after
        if patience is None or self._counts["failed"] or self._landing or not self._runs.only_pending:
            return False
        if time.monotonic() - self._moved < patience:
            return False
        days = sum(len(piece.days) for piece in self._open)
        self._outcomes.put(StillPending(days, tuple(self._runs.ids)))
        return True
