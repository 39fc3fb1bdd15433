"""The report types of the sandbox's account, as objects of Stripe's API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stripe_reports.catalog import REPORT_TYPES, USUAL_DELAY, ReportType, documented_delay
from stripe_reports.sandbox.http.error import Refusal, no_such
from stripe_reports.sandbox.reports import REPORT_BODIES, columns_of, is_enabled

_DAY = 86400


@dataclass(frozen=True, slots=True)
class AccountReportTypes:
    """The report types that an account of that profile sees with a key of that mode."""

    profile: str
    livemode: bool
    not_offered: frozenset[str] = frozenset()
    """The ids of report types that the account lacks, whatever its profile."""

    def listed(self) -> list[ReportType]:
        """Return the report types that can be run, in the catalog's order."""
        return [found for id_ in REPORT_BODIES if self._has(found := REPORT_TYPES[id_]) and self._may(found)]

    def for_run(self, id_: str) -> ReportType:
        """Return the report type for a new run. Raises Refusal if the account does not have it."""
        not_enabled = Refusal(
            f"The report type '{id_}' does not exist or is not enabled for your account.", param="report_type"
        )
        return self._find(id_, not_enabled)

    def find(self, id_: str) -> ReportType:
        """Return the report type with that id. Raises Refusal if the account does not have it."""
        return self._find(id_, no_such("report type", id_, param="report_type"))

    def _find(self, id_: str, otherwise: Refusal) -> ReportType:
        if id_ not in REPORT_BODIES or not self._has(REPORT_TYPES[id_]):
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


def data_available_end(now: float, start: int, delay: int = USUAL_DELAY) -> int:
    """Return the newest UTC midnight that is at least `delay` seconds ago, but not before `start`."""
    return max(start, int(now - delay) // _DAY * _DAY)


def default_columns(report_type: ReportType) -> tuple[str, ...]:
    """Return the columns of a run without `columns`: the documented ones, or all if these are not known."""
    return report_type.default_columns or columns_of(report_type)


def as_object(
    report_type: ReportType, *, start: int, end: int, updated: int | None, livemode: bool
) -> dict[str, Any]:
    """Return Stripe's object of the report type (https://docs.stripe.com/api/reporting/report_type/object).

    Data is available from `start` to `end`. `updated` is when `end` last moved; None means before the sandbox
    started, and the time is computed.
    """
    return {
        "id": report_type.id,
        "object": "reporting.report_type",
        "data_available_end": end,
        "data_available_start": start,
        "default_columns": list(default_columns(report_type)) if report_type.takes_columns else None,
        "livemode": livemode,
        "name": report_type.name,
        "updated": end + documented_delay(report_type) if updated is None else updated,
        "version": report_type.version or 1,
    }
