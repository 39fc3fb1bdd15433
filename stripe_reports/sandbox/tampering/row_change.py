"""The changes to one row of a day, in the report runs that contain it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

from stripe_reports.catalog import ReportType
from stripe_reports.sandbox.ledger import Ledger, fixed_point
from stripe_reports.sandbox.reports import Query, Row
from stripe_reports.sandbox.tampering.tampering import Tampering
from stripe_reports.sandbox.tampering.target import IsTarget, changed_column, find_target


class RowTampering:
    """A tampering with rows, and the report types that have shown it. Several threads use it."""

    def __init__(self, tampering: Tampering, *, at_once: bool) -> None:
        """Start with the first report run of each type if `at_once`, or else with the second."""
        self.tampering = tampering
        self._spares_first = not at_once
        self._spared: set[str] = set()
        self._lock = Lock()

    def change(
        self, report_type: ReportType, columns: Sequence[str], query: Query, ledger: Ledger
    ) -> RowChange | None:
        """Return the change to a report run that prints these columns; None if there is none."""
        if report_type.id not in self.tampering.report_types:
            return None
        column = None
        if self.tampering.changes_a_column:
            column = changed_column(self.tampering, report_type)
            if column is None or column not in columns:
                return None
        is_target = find_target(self.tampering, report_type, query, ledger)
        if is_target is None:
            return None
        return RowChange(self, report_type.id, column or "", is_target, query.decimal_separator)

    def strikes(self, report_type: str) -> bool:
        """Count a report run that contains the row, and return whether the row changes in it."""
        with self._lock:
            if self._spares_first and report_type not in self._spared:
                self._spared.add(report_type)
                return False
            self.tampering.applied += 1
            return True


@dataclass(frozen=True, slots=True)
class RowChange:
    """The change of one tampering to one report run."""

    of: RowTampering
    report_type: str
    column: str
    is_target: IsTarget
    separator: str

    def strikes(self) -> bool:
        """Call `RowTampering.strikes` for this report type."""
        return self.of.strikes(self.report_type)

    def rows(self, row: Row) -> list[Row]:
        """Return the rows in place of this row."""
        match self.of.tampering.kind:
            case "lost":
                return []
            case "doubled":
                return [row, row]
            case "cent":
                return [{**row, self.column: _one_more(row[self.column] or "", self.separator)}]
        return [{**row, self.column: self._otherwise(row[self.column])}]

    def _otherwise(self, text: str | None) -> str:
        if self.column == "payout_status":
            return str(self.of.tampering["status"])
        return f"{text} (amended)" if text else "amended"


def changed(rows: Iterable[Row], changes: Sequence[RowChange]) -> Iterator[Row]:
    """Yield the rows with all changes; each change applies to one row, even if other rows are equal to it."""
    pending = list(changes)
    for row in rows:
        result = [row]
        for change in tuple(pending):
            if change.is_target(row):
                pending.remove(change)
                if change.strikes():
                    result = [each for before in result for each in change.rows(before)]
        yield from result


def _one_more(amount: str, separator: str) -> str:
    whole, _, decimals = amount.partition(separator)
    return fixed_point(int(whole + decimals) + 1, len(decimals), separator)
