"""The rows of report runs, with or without tampering."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import cast

from stripe_reports.catalog import REPORT_TYPES, ReportType
from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox.ledger import DAY, Ledger, day_of, midnight
from stripe_reports.sandbox.ledger.irregular import IrregularKind
from stripe_reports.sandbox.reports import REPORT_BODIES, Query, Row
from stripe_reports.sandbox.tampering.row_change import RowTampering, changed
from stripe_reports.sandbox.tampering.tampering import Tampering
from stripe_reports.sandbox.tampering.target import changed_column, find_target

_MUCH_LATER = 30 * DAY


class ReportRows:
    """The source of each report run's rows, used by several threads. Without tampering, it is the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._of_rows: list[RowTampering] = []
        self._all: list[Tampering] = []
        self._lock = Lock()

    def add(self, tampering: Tampering, *, at_once: bool) -> None:
        """Add a tampering. A restated day changes from the second report run on, or `at_once`.

        Raises ConfigurationError if the ledger has nothing of that kind on that day.
        """
        self._check_day(tampering)
        with self._lock:
            if tampering.is_of_rows:
                self._check_rows(tampering)
                at_once = at_once or tampering.kind != "restated"
                self._of_rows.append(RowTampering(tampering, at_once=at_once))
            else:
                kind = cast("IrregularKind", tampering.kind)
                tampering.happened_in(self._ledger.let_happen(kind, tampering.day, tampering["currency"]))
            self._all.append(tampering)

    def all(self) -> tuple[Tampering, ...]:
        """Return all tamperings in the order in which they were added."""
        with self._lock:
            return tuple(self._all)

    def rows(self, report_type: str, columns: Sequence[str], query: Query) -> Iterable[Row]:
        """Return the rows of a report run that prints these columns."""
        rows = REPORT_BODIES[report_type](self._ledger, query)
        of_type = REPORT_TYPES[report_type]
        found = (each.change(of_type, columns, query, self._ledger) for each in self._of_rows)
        changes = [change for change in found if change]
        return changed(rows, changes) if changes else rows

    def _check_day(self, tampering: Tampering) -> None:
        if midnight(tampering.day) < self._ledger.start:
            raise ConfigurationError(
                f"tampering {tampering.kind}: {tampering.day} is before the sandbox's ledger, which begins"
                f" on {day_of(self._ledger.start)}"
            )

    def _check_rows(self, tampering: Tampering) -> None:
        start = midnight(tampering.day)
        types = [r for id_ in tampering.report_types if _takes(tampering, r := REPORT_TYPES[id_])]
        if not types:
            raise ConfigurationError(
                f"tampering {tampering.kind}: report_type={tampering['report_type']} selects none with"
                f" {_what(tampering)}"
            )
        query = Query(start, start + DAY, known_until=start + _MUCH_LATER)
        if any(find_target(tampering, report_type, query, self._ledger) for report_type in types):
            return
        wanted = [f"{name}={value}" for name, value in tampering.settings.items()]
        raise ConfigurationError(
            f"tampering {tampering.kind}: the ledger has no such row on {tampering.day}"
            f" ({', '.join(wanted)}); choose another day"
        )


def _what(tampering: Tampering) -> str:
    column = tampering.settings.get("column")
    if column is None:
        return "rows that change later" if tampering.kind == "restated" else "an amount"
    return f"an amount in the column {column}"


def _takes(tampering: Tampering, report_type: ReportType) -> bool:
    return not tampering.changes_a_column or changed_column(tampering, report_type) is not None
