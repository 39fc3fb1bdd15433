"""What a report run is asked for, so that its result is one partition."""

from __future__ import annotations

from stripe_reports.catalog import Interval, ReportType
from stripe_reports.lake import TableSettings
from stripe_reports.landing.request import ReportRequest
from stripe_reports.stripe_api import OfferedReportType, RunParameters


def interval_parameters(report_type: ReportType, interval: Interval) -> RunParameters:
    """The day as the report type takes it: a range, or the instant of its end."""
    if report_type.interval == "as_of_end":
        return {"interval_end": interval.end}
    return {"interval_start": interval.start, "interval_end": interval.end}


def option_parameters(report_type: ReportType, request: ReportRequest, timezone: str) -> RunParameters:
    """The partitions' time zone, and what the request sets.

    `timezone` changes only the local timestamps that Stripe prints, not the interval
    (https://docs.stripe.com/reports/api).
    """
    zone = {"timezone": timezone} if timezone != "UTC" and "timezone" in report_type.parameters else {}
    return {**zone, **request.parameters}


def table_settings(report_type: ReportType, request: ReportRequest, timezone: str) -> TableSettings:
    """What all days of its table have in common."""
    return TableSettings.of(timezone, option_parameters(report_type, request, timezone))


def requested_columns(
    report_type: ReportType, request: ReportRequest, offered: OfferedReportType
) -> tuple[str, ...]:
    """The columns to ask for, by name, because Stripe's default sets are small; empty where Stripe decides.

    Where the catalog does not know all of them, those that Stripe sends by default are asked for as well.
    """
    if request.columns is not None:
        return (*request.columns, *request.metadata_columns)
    default = offered.default_columns or ()
    if not (report_type.takes_columns if report_type.listed else default):
        return ()
    known = report_type.columns if report_type.columns_complete else (*report_type.columns, *default)
    return tuple(dict.fromkeys((*known, *request.metadata_columns)))


def expected_columns(report_type: ReportType, asked: tuple[str, ...]) -> tuple[str, ...]:
    """The columns that a result must have: those asked for, or those that Stripe documents as all."""
    return asked or (report_type.columns if report_type.columns_complete else ())
