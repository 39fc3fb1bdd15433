"""How a landing begins: the account is asked about each report type, and its days are cut into pieces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from stripe_reports.catalog import ReportType
from stripe_reports.errors import StripeReportsError
from stripe_reports.lake import OfferedReports
from stripe_reports.landing.given_run import GivenRun, given_run
from stripe_reports.landing.parameters import table_settings
from stripe_reports.landing.piece import Piece, cut_into_pieces
from stripe_reports.landing.request import ReportRequest
from stripe_reports.landing.shared import Shared
from stripe_reports.stripe_api import (
    OfferedReportType,
    check_answers_request,
    retrieve_report_run,
    until_it_passes,
)


@dataclass(frozen=True, slots=True)
class Begun:
    """What becomes of the days of one report type."""

    report_type: ReportType
    pieces: Sequence[Piece]
    failed: Sequence[tuple[Sequence[date], StripeReportsError]]
    """Days, and why these failed."""


def begin(
    shared: Shared,
    asked: Mapping[ReportType, Sequence[date]],
    requests: Mapping[str, ReportRequest],
    given: Mapping[str, str],
) -> Iterator[Begun]:
    """Each report type with its pieces; whatever is raised about one fails its days, and no others."""
    offered_is_kept = False
    for report_type, days in asked.items():
        if not days or shared.stopped.is_set():
            continue
        try:
            request = requests.get(report_type.id) or ReportRequest()
            offered = shared.account.report_type(report_type.id)
            shared.lake.claim(livemode=offered.livemode, account=shared.account.id)
            if not offered_is_kept:
                _keep_offered(shared)
                offered_is_kept = True
            id_ = given.get(report_type.id)
            run = _given_run(shared, id_, report_type, request, offered) if id_ else None
            cut = cut_into_pieces(shared, report_type, request, offered, days, run)
            if cut.pieces:
                shared.lake.settled.claim(
                    report_type.table,
                    table_settings(report_type, request, shared.timezone),
                    data_available_start=offered.data_available_start,
                )
        except BaseException as raised:  # noqa: BLE001
            yield Begun(report_type, (), [(days, shared.error_of(raised))])
        else:
            failed = [([day], why) for day, why in cut.unavailable.items()]
            yield Begun(report_type, cut.pieces, failed)


def _keep_offered(shared: Shared) -> None:
    """Write down what the account offers, for those who read the lake. Days land without it."""
    try:
        OfferedReports(shared.lake).keep(shared.account.report_types())
    except BaseException as raised:  # noqa: BLE001
        error = shared.error_of(raised)
        shared.warn(f"could not write down which reports the account offers: {error}")


def _given_run(
    shared: Shared,
    id_: str,
    report_type: ReportType,
    request: ReportRequest,
    offered: OfferedReportType,
) -> GivenRun:
    api = shared.account.api
    run = until_it_passes(lambda: retrieve_report_run(api, id_), api.trouble_attempts)
    # Whether it was asked for what lands is judged below; here, that it is this run.
    check_answers_request(api, run, run.report_type, run.parameters, id_=id_, livemode=offered.livemode)
    return given_run(run, report_type, request, offered, shared.timezone)
