"""Report types of a backfill that have not begun: the account is asked about each first."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from stripe_reports.catalog import ReportType
from stripe_reports.errors import StripeReportsError, StripeRequestError
from stripe_reports.lake import OfferedReports
from stripe_reports.landing.given_run import GivenRun, given_run
from stripe_reports.landing.parameters import table_settings
from stripe_reports.landing.piece import Piece, cut_into_pieces
from stripe_reports.landing.request import ReportRequest
from stripe_reports.landing.shared import PAUSES_IN_TROUBLE, Shared
from stripe_reports.stripe_api import OfferedReportType, check_answers_request, retrieve_report_run


@dataclass(slots=True)
class _Waiting:
    """Days of a report type, and when (on the monotonic clock) the account is asked about it."""

    report_type: ReportType
    days: Sequence[date]
    due: float = 0.0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Begun:
    """What becomes of the days of one report type."""

    report_type: ReportType
    pieces: Sequence[Piece]
    failed: Sequence[tuple[Sequence[date], StripeReportsError]]
    """Days, and why these failed."""


class Beginning:
    """Asks the account about each report type; again after a pause, where that fails for a while only."""

    def __init__(
        self,
        shared: Shared,
        asked: Mapping[ReportType, Sequence[date]],
        requests: Mapping[str, ReportRequest],
        given: Mapping[str, str],
    ) -> None:
        self._shared = shared
        self._requests = requests
        self._given = given
        self._offered_is_kept = False
        self._waiting = [_Waiting(report_type, days) for report_type, days in asked.items() if days]

    @property
    def is_over(self) -> bool:
        """Whether all report types have begun."""
        return not self._waiting

    def seconds_to_next(self) -> float | None:
        """Until a report type is due."""
        due = min((each.due for each in self._waiting), default=None)
        return None if due is None else max(0.0, due - time.monotonic())

    def due(self) -> Iterator[Begun]:
        """What has become of the report types that are due."""
        for each in [each for each in self._waiting if each.due <= time.monotonic()]:
            if self._shared.stopped.is_set():
                return
            try:
                begun = self._begin(each)
            except BaseException as raised:  # noqa: BLE001 - it fails these days, and no others
                error = self._shared.error_of(raised)
                if self._is_put_off(each, error):
                    continue
                begun = Begun(each.report_type, (), [(each.days, error)])
            self._waiting.remove(each)
            yield begun

    def _is_put_off(self, each: _Waiting, error: StripeReportsError) -> bool:
        passes = isinstance(error, StripeRequestError) and error.passes
        if not passes or each.failures >= len(PAUSES_IN_TROUBLE):
            return False
        pause = PAUSES_IN_TROUBLE[each.failures]
        each.failures += 1
        each.due = time.monotonic() + pause
        self._shared.warn(f"{each.report_type.id}: {error}; retrying in {pause:g} s")
        return True

    def _begin(self, each: _Waiting) -> Begun:
        shared, report_type = self._shared, each.report_type
        request = self._requests.get(report_type.id) or ReportRequest()
        offered = shared.account.report_type(report_type.id)
        shared.lake.claim(livemode=offered.livemode, account=shared.account.id)
        self._keep_offered()
        given = self._given_run(report_type, request, offered)
        cut = cut_into_pieces(shared, report_type, request, offered, each.days, given)
        if cut.pieces:
            shared.lake.settled.claim(
                report_type.table,
                table_settings(report_type, request, shared.timezone),
                data_available_start=offered.data_available_start,
            )
        return Begun(report_type, cut.pieces, [([day], why) for day, why in cut.unavailable.items()])

    def _keep_offered(self) -> None:
        """Write down, once, what the account offers: who reads the lake does not ask Stripe."""
        if not self._offered_is_kept:
            OfferedReports(self._shared.lake).keep(self._shared.account.report_types())
            self._offered_is_kept = True

    def _given_run(
        self, report_type: ReportType, request: ReportRequest, offered: OfferedReportType
    ) -> GivenRun | None:
        if report_type.id not in self._given:
            return None
        api, id_ = self._shared.account.api, self._given[report_type.id]
        run = retrieve_report_run(api, id_)
        # What it was asked for is judged below; here, that it is this run.
        check_answers_request(api, run, run.report_type, run.parameters, id_=id_, livemode=offered.livemode)
        return given_run(run, report_type, request, offered, self._shared.timezone)
