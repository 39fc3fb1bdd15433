"""What a report run is asked for, so that its result is one partition."""

from __future__ import annotations

from datetime import date

from stripe_reports.catalog import Interval, ReportType, day_interval
from stripe_reports.errors import ConfigurationError
from stripe_reports.stripe_api import RunParameters


def check_reports_on_days(report_type: ReportType) -> None:
    """Raise ConfigurationError for a report type that takes a payout instead of a day."""
    if report_type.interval == "payout":
        raise ConfigurationError(
            "it reports on one payout, not on a day; select payout_reconciliation.itemized.* or"
            " connected_account_payout_reconciliation.itemized.* instead",
            report_type=report_type.id,
        )


def run_interval(report_type: ReportType, day: date, timezone: str) -> Interval:
    """The day's interval. Raises ConfigurationError for report types that take a payout instead."""
    check_reports_on_days(report_type)
    return day_interval(day, timezone)


def run_parameters(report_type: ReportType, day: date, timezone: str) -> RunParameters:
    """`parameters` of the report run for that day, in the partitions' time zone.

    Columns are asked for by name, because Stripe's default sets are small. `timezone` changes only the local
    timestamps that Stripe prints, not the interval (https://docs.stripe.com/reports/api).
    """
    interval = run_interval(report_type, day, timezone)
    parameters: dict[str, str | int | list[str]] = {"interval_end": interval.end}
    if report_type.interval == "range":
        parameters["interval_start"] = interval.start
    if timezone != "UTC" and "timezone" in report_type.optional_parameters:
        parameters["timezone"] = timezone
    if report_type.requested_columns is not None:
        parameters["columns"] = list(report_type.requested_columns)
    return parameters
