"""The report types of the sandbox's account, as Stripe's objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stripe_reports.catalog import REPORT_TYPES, ReportType
from stripe_reports.sandbox.http.error import Refusal, no_such
from stripe_reports.sandbox.reports import PLAYED, columns_of, is_enabled

_HOUR = 3600
_READY_AFTER = 12 * _HOUR
"""Data of a UTC day is there at noon of the next (https://docs.stripe.com/reports/api#data-availability)."""
_READY_LATER = {"fees": 96 * _HOUR, "apps-analytics": 48 * _HOUR, "tax": 24 * _HOUR}
"""By family, where it takes longer."""
_DAY = 86400


@dataclass(frozen=True, slots=True)
class AccountReportTypes:
    """What an account of that profile sees with a key of that mode."""

    profile: str
    livemode: bool
    not_offered: frozenset[str] = frozenset()
    """Ids of report types that it lacks all the same."""

    def listed(self) -> list[ReportType]:
        """All that can be run, in the catalog's order."""
        return [found for id_ in PLAYED if self._has(found := REPORT_TYPES[id_]) and self._may(found)]

    def for_run(self, id_: str) -> ReportType:
        """The report type for a new run. Raises Refusal if the account does not have it."""
        not_enabled = Refusal(
            f"The report type '{id_}' does not exist or is not enabled for your account.", param="report_type"
        )
        return self._find(id_, not_enabled)

    def find(self, id_: str) -> ReportType:
        """The report type to retrieve. Raises Refusal if the account does not have it."""
        return self._find(id_, no_such("report type", id_, param="report_type"))

    def _find(self, id_: str, otherwise: Refusal) -> ReportType:
        if id_ not in PLAYED or not self._has(REPORT_TYPES[id_]):
            raise otherwise
        if not self._may(REPORT_TYPES[id_]):
            raise Refusal(
                "This report type is only available for live data and requires a live mode key.", status=404
            )
        return REPORT_TYPES[id_]

    def _has(self, report_type: ReportType) -> bool:
        return is_enabled(report_type, self.profile) and report_type.id not in self.not_offered

    def _may(self, report_type: ReportType) -> bool:
        return self.livemode or not report_type.live_mode_only


def data_available_end(now: float, start: int, report_type: ReportType | None = None) -> int:
    """The newest midnight that is at least twelve hours ago, or as long as the report type takes."""
    return max(start, int(now - _ready_after(report_type)) // _DAY * _DAY)


def default_columns(report_type: ReportType) -> tuple[str, ...]:
    """What a run without `columns` gets: as documented, or all columns where that is not known."""
    return report_type.default_columns or columns_of(report_type)


def as_object(
    report_type: ReportType, *, start: int, end: int, updated: int | None, livemode: bool
) -> dict[str, Any]:
    """https://docs.stripe.com/api/reporting/report_type/object, for data available from start to end.

    `updated` is when that end moved; where that was before the start of the sandbox, it is computed.
    """
    return {
        "id": report_type.id,
        "object": "reporting.report_type",
        "data_available_end": end,
        "data_available_start": start,
        "default_columns": list(default_columns(report_type)) if report_type.takes_columns else None,
        "livemode": livemode,
        "name": report_type.name,
        "updated": end + _ready_after(report_type) if updated is None else updated,
        "version": report_type.version or 1,
    }


def _ready_after(report_type: ReportType | None) -> int:
    if report_type is None:
        return _READY_AFTER
    # the tax report of connected accounts stands among the Connect reports
    family = "tax" if "_tax." in report_type.id else report_type.family
    return _READY_LATER.get(family, _READY_AFTER)
