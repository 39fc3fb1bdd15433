"""The fewest report runs that give all days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from stripe_reports.catalog import ColumnType, ReportType, column_type, stretches
from stripe_reports.lake import DayColumn
from stripe_reports.landing.request import ReportRequest, requested_columns
from stripe_reports.stripe_api import OfferedReportType


def report_run_days(days: Iterable[date], *, range_runs: bool) -> list[tuple[date, ...]]:
    """Return the days, sorted, in as few groups as possible: each without a gap, within a calendar month.

    A month bounds what is repeated if something fails, and the memory that splitting takes. Without
    `range_runs`, each day is a group of its own.
    """
    if not range_runs:
        return [(day,) for day in sorted(set(days))]
    months = (groupby(stretch, lambda day: (day.year, day.month)) for stretch in stretches(days))
    return [tuple(group) for groups in months for _, group in groups]


def planned_stretches(
    report_type: ReportType,
    days: Iterable[date],
    *,
    request: ReportRequest,
    timezone: str,
    range_runs: bool,
    offered: OfferedReportType | None = None,
) -> list[tuple[date, ...]]:
    """Return the days in the groups that land from one report run each.

    Without `offered`, the columns are those that the catalog knows. A report on payouts needs a report run
    for each payout of a day instead.
    """
    columns = requested_columns(report_type, request, offered)
    column = day_column(report_type, request, timezone, columns)
    return report_run_days(days, range_runs=range_runs and column is not None)


def day_column(
    report_type: ReportType, request: ReportRequest, timezone: str, columns: Sequence[str]
) -> DayColumn | None:
    """Return the column that splits a result of several days into days; None if each day needs its own run.

    Only itemized reports by range have such a column. It, or else its twin in local time, must be among
    `columns`, which are asked for. A column in local time says the day only if Stripe prints it in the
    partitions' time zone.
    """
    name = report_type.day_column
    if name is None or report_type.interval != "range" or report_type.granularity != "itemized":
        return None
    if columns and name not in columns:
        name = name.removesuffix("_utc")  # its twin in local time, which Stripe sends by default
        if name not in columns:
            return None
    if (
        column_type(name) is not ColumnType.TIMESTAMP_UTC
        and _printed_in(report_type, request, timezone) != timezone
    ):
        return None
    return DayColumn(name, timezone)


def _printed_in(report_type: ReportType, request: ReportRequest, timezone: str) -> str:
    asked = request.parameters.get("timezone")
    if isinstance(asked, str):
        return asked
    return timezone if "timezone" in report_type.parameters else "UTC"
