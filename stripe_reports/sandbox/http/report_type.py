"""The report types of the sandbox's account, as Stripe's objects."""

from __future__ import annotations

from typing import Any

from stripe_reports.catalog import REPORT_TYPES, ReportType
from stripe_reports.sandbox.http.error import Refusal, no_such
from stripe_reports.sandbox.reports import PLAYED

_READY_AFTER = 12 * 3600
"""Data of a UTC day is there at noon of the next (https://docs.stripe.com/reports/api#data-availability)."""
_DAY = 86400


def data_available_end(now: float, start: int) -> int:
    """The newest midnight that is at least twelve hours ago."""
    return max(start, int(now - _READY_AFTER) // _DAY * _DAY)


def default_columns(report_type: ReportType) -> tuple[str, ...]:
    """What a run without `columns` gets: as documented, or all columns where that is not known."""
    return report_type.default_columns or report_type.columns


def played(id_: str, livemode: bool) -> ReportType:
    """The report type for a new run. Raises Refusal if the account does not have it."""
    if id_ in PLAYED:
        return REPORT_TYPES[id_]
    if id_ in REPORT_TYPES and REPORT_TYPES[id_].live_mode_only and not livemode:
        raise _live_only()
    raise Refusal(
        f"The report type '{id_}' does not exist or is not enabled for your account.", param="report_type"
    )


def find(id_: str, livemode: bool) -> ReportType:
    """The report type to retrieve. Raises Refusal if the account does not have it."""
    if id_ in PLAYED:
        return REPORT_TYPES[id_]
    if id_ in REPORT_TYPES and REPORT_TYPES[id_].live_mode_only and not livemode:
        raise _live_only()
    raise no_such("report type", id_, param="report_type")


def as_object(report_type: ReportType, *, start: int, end: int, livemode: bool) -> dict[str, Any]:
    """https://docs.stripe.com/api/reporting/report_type/object, for data available from start to end."""
    return {
        "id": report_type.id,
        "object": "reporting.report_type",
        "data_available_end": end,
        "data_available_start": start,
        "default_columns": list(default_columns(report_type)) if report_type.takes_columns else None,
        "livemode": livemode,
        "name": report_type.name,
        "updated": end + _READY_AFTER,
        "version": report_type.version or 1,
    }


def _live_only() -> Refusal:
    return Refusal(
        "This report type is only available for live data and requires a live mode key.", status=404
    )
