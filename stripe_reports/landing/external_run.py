"""A report run that somebody else made: the days it covers, and whether they can land from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from stripe_reports.catalog import Interval, ReportType, day_interval, days_between, is_utc, time_zone
from stripe_reports.errors import DayError, ReportRunError
from stripe_reports.landing.plan import day_column
from stripe_reports.landing.request import ReportRequest, option_parameters, requested_columns
from stripe_reports.stripe_api import OfferedReportType, ReportRun

_NOT_ABOUT_ROWS = {"interval_start", "interval_end", "columns", "timezone"}


@dataclass(frozen=True, slots=True)
class ExternalRun:
    """A report run made by somebody else, whose rows are those of whole days."""

    run: ReportRun
    days: tuple[date, ...]
    """All days that it covers, without a gap."""
    interval: Interval
    columns: tuple[str, ...]
    """The columns it was asked for; empty where Stripe decides."""
    dropped_columns: tuple[str, ...]
    """The columns that landing would ask for and the run was not asked for."""


def external_run(
    run: ReportRun,
    report_type: ReportType,
    request: ReportRequest,
    offered: OfferedReportType,
    timezone: str,
) -> ExternalRun:
    """Return what can land from the run. Its columns may differ from those of `request`.

    Raises ReportRunError for a run whose rows are not those of whole days in `timezone`, that has other
    filters, that prints its times in another zone, or that has several days and cannot be split.
    """
    try:
        interval, days = whole_days(run, report_type, timezone)
        _check_options(run, report_type, request, timezone)
        asked = run.parameters.get("columns")
        columns = tuple(asked) if isinstance(asked, Sequence) and not isinstance(asked, str) else ()
        ours = requested_columns(report_type, request, offered)
        if ours and not columns:
            columns = offered.default_columns or ()
        if len(days) > 1 and day_column(report_type, request, timezone, columns) is None:
            raise ReportRunError(f"it covers {len(days)} days, and cannot be split into days")
    except ReportRunError as error:
        raise error.at(report_type=run.report_type, report_run=run.id) from None
    dropped = tuple(column for column in ours if column not in columns)
    return ExternalRun(run, days, interval, columns, dropped)


def whole_days(run: ReportRun, report_type: ReportType, timezone: str) -> tuple[Interval, tuple[date, ...]]:
    """Return the interval of the run and the days in that zone that it covers, without a gap.

    Raises ReportRunError for a run about a payout, and for an interval that is not whole days.
    """
    if run.report_type != report_type.id:
        raise ReportRunError(f"it is not of the report type {report_type.id}")
    if report_type.interval == "payout":
        raise ReportRunError(
            "it is about one payout, and a day lands from the report runs of all its payouts"
        )
    start, end = run.parameters.get("interval_start"), run.parameters.get("interval_end")
    try:
        if report_type.interval == "as_of_end" and isinstance(end, int):
            start = day_interval(_day_of(end - 1, timezone), timezone).start
        if not isinstance(start, int) or not isinstance(end, int) or start >= end:
            raise ReportRunError("it does not say its interval")
        days = days_between(_day_of(start, timezone), _day_of(end - 1, timezone))
        whole = Interval(day_interval(days[0], timezone).start, day_interval(days[-1], timezone).end)
    except (DayError, ValueError, OverflowError, OSError):
        raise ReportRunError("its interval has days that do not exist") from None
    if whole != Interval(start, end):
        raise ReportRunError(f"its interval ({_utc(start)} to {_utc(end)}) is not whole days in {timezone}")
    return whole, tuple(days)


def _check_options(run: ReportRun, report_type: ReportType, request: ReportRequest, timezone: str) -> None:
    ours = option_parameters(report_type, request, timezone)
    printed, wanted = (str(given.get("timezone") or "UTC") for given in (run.parameters, ours))
    same = printed == wanted or (is_utc(printed) and is_utc(wanted))
    if not same and "timezone" in report_type.parameters:
        raise ReportRunError(f"its times are printed in {printed}, those of the tables in {wanted}")
    for name in sorted({*run.parameters, *ours} - _NOT_ABOUT_ROWS):
        its, own = run.parameters.get(name), ours.get(name)
        if its != own and not (name == "decimal_separator" and its == "."):
            raise ReportRunError(f"it was asked for with {name} {its!r}, the tables with {own!r}")


def _day_of(second: int, timezone: str) -> date:
    return datetime.fromtimestamp(second, time_zone(timezone)).date()


def _utc(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ}"
