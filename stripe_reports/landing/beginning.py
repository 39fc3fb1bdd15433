"""How a landing begins: ask the account about each report type, and cut its days into stretches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from stripe_reports.catalog import ReportType, day_interval
from stripe_reports.errors import ReportRunError, StripeReportsError
from stripe_reports.lake import OfferedReports
from stripe_reports.landing.external_run import ExternalRun, external_run
from stripe_reports.landing.plan import planned_stretches
from stripe_reports.landing.request import ReportRequest, table_settings
from stripe_reports.landing.shared import Shared
from stripe_reports.landing.stretch import Stretch
from stripe_reports.stripe_api import (
    OfferedReportType,
    check_answers_request,
    check_available,
    retrieve_report_run,
    until_it_passes,
)


@dataclass(frozen=True, slots=True)
class Begun:
    """One report type whose landing has begun."""

    report_type: ReportType
    stretches: Sequence[Stretch]
    failed: Sequence[tuple[Sequence[date], StripeReportsError]]
    """The days that cannot land, and why."""


def begin(
    shared: Shared,
    asked: Mapping[ReportType, Sequence[date]],
    requests: Mapping[str, ReportRequest],
    external_runs: Mapping[str, str],
) -> Iterator[Begun]:
    """Yield each report type with its stretches. Whatever is raised about one fails only its own days."""
    offered_is_kept = False
    for report_type, days in asked.items():
        if not days or shared.stopped.is_set():
            continue
        try:
            request = requests.get(report_type.id) or ReportRequest()
            shared.lake.pii_rule(request.policy)  # before anything is asked of Stripe
            offered = shared.account.report_type(report_type.id)
            shared.lake.claim(livemode=offered.livemode, account=shared.account.id)
            if not offered_is_kept:
                _keep_offered(shared)
                offered_is_kept = True
            id_ = external_runs.get(report_type.id)
            run = _external_run(shared, id_, report_type, request, offered) if id_ else None
            available, unavailable = _available(shared, report_type, offered, days, run)
            stretches = _stretches(shared, report_type, request, offered, available, run)
            if stretches:
                shared.lake.settled.claim(
                    report_type.table,
                    table_settings(report_type, request, shared.timezone),
                    data_available_start=offered.data_available_start,
                )
        except BaseException as raised:  # noqa: BLE001
            yield Begun(report_type, (), [(days, shared.error_of(raised))])
        else:
            yield Begun(report_type, stretches, unavailable)


def _keep_offered(shared: Shared) -> None:
    """Write down what the account offers, for readers of the lake. Days land without it."""
    try:
        OfferedReports(shared.lake).keep(shared.account.report_types())
    except BaseException as raised:  # noqa: BLE001
        error = shared.error_of(raised)
        shared.warn(f"could not write down which reports the account offers: {error}")


def _external_run(
    shared: Shared,
    id_: str,
    report_type: ReportType,
    request: ReportRequest,
    offered: OfferedReportType,
) -> ExternalRun:
    api = shared.account.api
    run = until_it_passes(lambda: retrieve_report_run(api, id_), api.trouble_attempts)
    # This checks only that it is this run; `external_run` judges what it was asked for.
    check_answers_request(api, run, run.report_type, run.parameters, id_=id_, livemode=offered.livemode)
    return external_run(run, report_type, request, offered, shared.timezone)


def _available(
    shared: Shared,
    report_type: ReportType,
    offered: OfferedReportType,
    days: Sequence[date],
    run: ExternalRun | None,
) -> tuple[list[date], list[tuple[Sequence[date], StripeReportsError]]]:
    """Return the days that the external run covers and whose data Stripe has, and why others cannot land."""
    available: list[date] = []
    unavailable: list[tuple[Sequence[date], StripeReportsError]] = []
    for day in days:
        try:
            if run and day not in run.days:
                covered = f"{run.days[0]}" + (f" to {run.days[-1]}" if len(run.days) > 1 else "")
                raise ReportRunError(f"it covers {covered}, not this day", report_run=run.run.id)
            check_available(offered, day_interval(day, shared.timezone), report_type.interval)
            available.append(day)
        except StripeReportsError as error:
            unavailable.append(([day], error))
    return available, unavailable


def _stretches(
    shared: Shared,
    report_type: ReportType,
    request: ReportRequest,
    offered: OfferedReportType,
    days: Sequence[date],
    run: ExternalRun | None,
) -> list[Stretch]:
    """Return as few stretches as give these days; one for an external run."""
    if run:
        whole = Stretch(shared, report_type, request, offered, tuple(days), external=run)
        return [whole] if days else []
    groups = planned_stretches(
        report_type,
        days,
        request=request,
        timezone=shared.timezone,
        range_runs=shared.settings.range_runs,
        offered=offered,
    )
    return [Stretch(shared, report_type, request, offered, group) for group in groups]
