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
from stripe_reports.landing.given_run import GivenRun, given_run
from stripe_reports.landing.made_runs import MadeRuns
from stripe_reports.landing.outcome import (
    FailedDay,
    LandedDay,
    Progress,
    StillPending,
    WaitingDay,
    Warned,
)
from stripe_reports.landing.parameters import table_settings
from stripe_reports.landing.piece import Piece, cut_into_pieces
from stripe_reports.landing.request import ReportRequest
from stripe_reports.landing.runs_in_flight import RunsInFlight
from stripe_reports.landing.settings import LandingSettings
from stripe_reports.landing.shared import Shared, Stopped
from stripe_reports.landing.workers import Workers
from stripe_reports.stripe_api import Account, OfferedReportType, retrieve_report_run

Outcome = LandedDay | FailedDay | WaitingDay | StillPending | Warned

_LANDINGS_AT_ONCE = 4
_LARGE_LANDINGS_AT_ONCE = 2
_LARGE = 16 << 20
"""Bytes. A landing of so much takes some hundred megabytes of memory, a smaller one its own size."""
_GRACE_SECONDS = 5.0
"""For landings that are at their last step when nobody waits any more."""


class Backfill:
    """Lands days of report types, and tells of each as it comes: iterate over it, then `stop` it.

    `asked`: the days of each report type. `requests`: their columns and parameters, by report type's id.
    Every day ends as one LandedDay, FailedDay or WaitingDay, unless the whole ends with StillPending, or is
    stopped. What is wrong with one day does not keep others from landing.

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
        self._shared = Shared(
            account=account,
            lake=lake,
            timezone=timezone,
            settings=settings,
            warn=lambda text: self._outcomes.put(Warned(text)),
            made_runs=MadeRuns.under(settings),
        )
        self._outcomes: SimpleQueue[Outcome | BaseException | None] = SimpleQueue()
        self._finished: SimpleQueue[Callable[[], None]] = SimpleQueue()
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
        """What comes, as it comes; and how far it is, so many seconds apart.

        Raises what nobody has foreseen.
        """
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
        self._finished.put(lambda: None)
        until = time.monotonic() + _GRACE_SECONDS
        if self._thread.ident is not None:
            self._thread.join(_GRACE_SECONDS)
        for workers in (self._small, self._large):
            workers.join(lambda: until - time.monotonic())
        while not self._finished.empty():
            self._finished.get()()
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
                self._take_finished()
        except BaseException as error:  # noqa: BLE001 - raised where somebody waits for outcomes
            self._outcomes.put(error)
        finally:
            self._runs.end()
            self._small.end()
            self._large.end()
            self._outcomes.put(None)

    def _begin(self) -> None:
        account, shared = self._shared.account, self._shared
        pieces: list[Piece] = []
        for report_type, days in self._asked.items():
            request = self._requests.get(report_type.id) or ReportRequest()
            try:
                offered = account.report_type(report_type.id)
                shared.lake.claim(livemode=offered.livemode, account=account.id)
                given = self._given_run(report_type, request, offered)
                cut = cut_into_pieces(shared, report_type, request, offered, days, given)
                if cut.pieces:
                    settings = table_settings(report_type, request, shared.timezone)
                    shared.lake.settled.claim(
                        report_type.table, settings, data_available_start=offered.data_available_start
                    )
            except StripeReportsError as error:
                self._fail_days(report_type, days, error)
                continue
            pieces += cut.pieces
            for day, why in cut.unavailable.items():
                self._fail_days(report_type, [day], why)
        self._open.update(pieces)
        self._pieces += len(pieces)
        shared.find_made_runs(piece.tables.data_ready_by for piece in pieces)
        coming = {(piece.report_type.id, day) for piece in pieces for day in piece.days}
        for piece in pieces:
            before = next(
                ((id_, piece.days[0]) for id_ in piece.after if (id_, piece.days[0]) in coming), None
            )
            if before:
                self._waiting_for.setdefault(before, []).append(piece)
            else:
                self._go_on(piece)

    def _given_run(
        self, report_type: ReportType, request: ReportRequest, offered: OfferedReportType
    ) -> GivenRun | None:
        if report_type.id not in self._given:
            return None
        run = retrieve_report_run(self._shared.account.api, self._given[report_type.id])
        return given_run(run, report_type, request, offered, self._shared.timezone)

    def _take_finished(self) -> None:
        """Wait for something to be done in a thread, or for the next run that is due."""
        try:
            self._finished.get(timeout=self._runs.seconds_to_next())()
        except Empty:
            return
        while not self._finished.empty():
            self._finished.get()()

    def _go_on(self, piece: Piece) -> None:
        """All that the piece has asked for is there: let it land, or say what else it wants."""
        if piece not in self._open:
            return
        self._landing.add(piece)
        if piece.only_asks:
            piece.next_step()  # here and now, so that what is wanted first is asked for first
            self._stepped(piece, None)
            return
        workers = self._large if piece.bytes_to_land > _LARGE else self._small

        def work() -> None:
            error: BaseException | None = None
            try:
                if not self._shared.stopped.is_set():
                    piece.next_step()
            except BaseException as raised:  # noqa: BLE001 - it is for the thread that asked
                error = raised
            self._finished.put(lambda: self._stepped(piece, error))

        workers.submit(work)

    def _stepped(self, piece: Piece, error: BaseException | None) -> None:
        self._landing.discard(piece)
        self._moved = time.monotonic()
        if isinstance(error, StripeReportsError):
            self._fail(piece, error)
        elif error is not None and not isinstance(error, Stopped):
            raise error
        elif piece.landed is not None:
            self._close(piece)
            self._counts["landed"] += len(piece.landed)
            self._counts["unchanged"] += sum(day.unchanged for day in piece.landed)
            for day in piece.landed:
                self._outcomes.put(day)
                self._release(piece.report_type, day.day)
        elif not self._shared.stopped.is_set():
            self._runs.want(piece)

    def _fail(self, piece: Piece, error: StripeReportsError) -> None:
        if piece not in self._open:
            return
        self._moved = time.monotonic()
        self._close(piece)
        if others := piece.instead(error):
            error.at(report_type=piece.report_type.id)
            how = "one by one" if len(others) > 1 else "anew"
            self._shared.warn(f"{error}; the {len(piece.days)} days of that run are asked for {how}")
            self._open.update(others)
            self._pieces += len(others)
            for other in others:
                self._go_on(other)
        else:
            self._fail_days(piece.report_type, piece.days, error)

    def _fail_days(self, report_type: ReportType, days: Sequence[date], error: StripeReportsError) -> None:
        for day in days:
            own = copy.copy(error).at(report_type=report_type.id, day=day)
            waits = isinstance(own, DataNotAvailableError) and own.comes
            self._counts["waiting" if waits else "failed"] += 1
            self._outcomes.put((WaitingDay if waits else FailedDay)(report_type, day, own))
            self._release(report_type, day)

    def _close(self, piece: Piece) -> None:
        self._open.discard(piece)
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
