"""How far each table of a lake is, by a listing and the footer of its newest day."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from stripe_reports.catalog import (
    ReportType,
    days_between,
    newest_ready_day,
    select_report_types,
    stretch_texts,
)
from stripe_reports.errors import StripeReportsError
from stripe_reports.lake import MADE_FROM

if TYPE_CHECKING:
    from stripe_reports.lake import Lake
    from stripe_reports.orchestration import UnlandedDay

_FOOTERS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class TableStatus:
    """The landed days of one table, and how far Stripe's data should go."""

    table: str
    sizes: Mapping[date, int]
    """The bytes of each landed day's file, in the order of days."""
    stripe_has: date | None
    """The newest day whose data Stripe has by its documented delay; None for a table that is computed from
    others, and where the newest file does not say what it is."""
    rows: int | None
    """None if they were not counted."""
    damaged: str = ""
    """Why the newest file cannot be read, if it cannot."""

    @property
    def first(self) -> date | None:
        """The first landed day."""
        return next(iter(self.sizes), None)

    @property
    def last(self) -> date | None:
        """The last landed day."""
        return next(reversed(list(self.sizes)), None)

    @property
    def missing(self) -> Sequence[date]:
        """The days between the first and the last that have not landed."""
        if self.first is None or self.last is None:
            return ()
        return [day for day in days_between(self.first, self.last) if day not in self.sizes]

    @property
    def behind(self) -> int | None:
        """How many days after the last one Stripe should have."""
        if self.stripe_has is None or self.last is None:
            return None
        return max(0, (self.stripe_has - self.last).days)

    @property
    def freshness(self) -> str:
        """How old the last day is against what Stripe should have, in words."""
        if self.damaged:
            return "unknown: the newest file is damaged"
        if self.last is None:
            return "nothing landed"
        if self.behind is None:
            return "made here"
        return f"{self.behind} day{'s' * (self.behind != 1)} behind" if self.behind else "up to date"


def table_statuses(
    lake: Lake, tables: Sequence[str], selected: Iterable[ReportType], *, timezone: str, count_rows: bool
) -> list[TableStatus]:
    """Return the status of these tables.

    Opens one file of each table, or all of them to count their rows. `timezone` is that of the days of
    `selected` report types that have none landed. Raises LakeError if the store refuses.
    """
    by_table = {report_type.table: report_type for report_type in selected}
    with ThreadPoolExecutor(_FOOTERS_AT_ONCE) as threads:

        def status(table: str) -> TableStatus:
            sizes = lake.sizes(table)
            rows = sum(threads.map(lambda day: _rows(lake, table, day), sizes)) if count_rows else None
            try:
                stripe_has = _stripe_has(lake, table, sizes, by_table.get(table), timezone)
            except StripeReportsError as error:
                return TableStatus(table, sizes, None, rows, str(error))
            return TableStatus(table, sizes, stripe_has, rows)

        return [status(table) for table in tables]


def _stripe_has(
    lake: Lake, table: str, days: Mapping[date, int], report_type: ReportType | None, timezone: str
) -> date | None:
    if last := next(reversed(list(days)), None):
        provenance = lake.provenance(table, last)
        if MADE_FROM in provenance or "report_type" not in provenance:
            return None
        (report_type,) = select_report_types(f"={provenance['report_type']}")
        timezone = provenance.get("timezone", timezone)
    return newest_ready_day(report_type, time.time(), timezone) if report_type else None


def _rows(lake: Lake, table: str, day: date) -> int:
    with lake.open_file(table, day) as file:
        return int(file.metadata.num_rows)


def as_json(status: TableStatus, failures: Mapping[str, UnlandedDay | None] | None) -> dict[str, Any]:
    """Return an object of the status; `failures` by table, or None if they are not known."""
    failure = (failures or {}).get(status.table)
    return {
        "table": status.table,
        "days": len(status.sizes),
        "first_day": _iso(status.first),
        "last_day": _iso(status.last),
        "missing_days": len(status.missing),
        "missing": stretch_texts(status.missing),
        "rows": status.rows,
        "bytes": sum(status.sizes.values()),
        "stripe_has": _iso(status.stripe_has),
        "days_behind": status.behind,
        "freshness": status.freshness,
        "failures_known": failures is not None,
        "failed_day": failure.partition if failure else None,
        "failed_at": at_text(failure) if failure else None,
        "failure": failure.why if failure else None,
        "failed_run": failure.run_id if failure else None,
    }


def at_text(failure: UnlandedDay) -> str:
    """Return when it failed, in ISO 8601."""
    return f"{datetime.fromtimestamp(failure.ended_at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
