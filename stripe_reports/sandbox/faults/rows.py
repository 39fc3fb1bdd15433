"""Faults in the columns and rows of a result file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from stripe_reports.catalog import REPORT_TYPES, ColumnType, column_type
from stripe_reports.sandbox.faults.fault import Fault
from stripe_reports.sandbox.reports import Row

Table = tuple[Sequence[str], Iterable[Row]]
"""The columns to print, and the rows."""

_DAY_COLUMNS = ("effective_at_utc", "automatic_payout_effective_at_utc", "created_utc")
"""The columns that may hold a row's day if the catalog does not know it."""
_OWN_IDS = ("balance_transaction_id", "payout_id")
"""The ids that distinguish a row from an equal one."""


def with_faults(
    report_type: str, columns: Sequence[str], rows: Iterable[Row], faults: Sequence[Fault]
) -> Table:
    """Return the columns and rows with these faults."""
    table: Table = (columns, rows)
    for fault in faults:
        table = _with_fault(report_type, *table, fault)
    return table


def _with_fault(report_type: str, columns: Sequence[str], rows: Iterable[Row], fault: Fault) -> Table:
    match fault.kind:
        case "header_only":
            return columns, ()
        case "extra_column":
            extra: str = fault["column"]
            return [*columns, extra], ({**row, extra: fault["value"]} for row in rows)
        case "missing_column":
            missing = fault["column"] or columns[-1]
            return [column for column in columns if column != missing], rows
        case "reordered":
            return list(reversed(columns)), rows
        case "unfit":
            return columns, _unfit(rows, fault["column"] or _first_amount(columns), fault)
        case "restated":
            return columns, _restated(rows, _day_columns(report_type), fault)
    return columns, rows


def _first_amount(columns: Sequence[str]) -> str:
    amounts = (column for column in columns if column_type(column) is ColumnType.DECIMAL)
    return next(amounts, columns[-1])


def _unfit(rows: Iterable[Row], column: str, fault: Fault) -> Iterator[Row]:
    for number, row in enumerate(rows, start=1):
        yield {**row, column: fault["value"]} if number == fault["row"] else row


def _day_columns(report_type: str) -> tuple[str, ...]:
    known = REPORT_TYPES[report_type].day_column
    return (known, *_DAY_COLUMNS) if known else _DAY_COLUMNS


def _restated(rows: Iterable[Row], day_columns: Sequence[str], fault: Fault) -> Iterator[Row]:
    flipped, to_add = False, fault["rows"]
    for row in rows:
        day = next((text for column in day_columns if (text := row.get(column))), "")
        if not day.startswith(fault["day"]):
            yield row
            continue
        if not flipped and row.get("payout_status") is not None:
            row, flipped = {**row, "payout_status": fault["status"]}, True
        yield row
        for number in range(to_add):
            yield _another(row, number)
        to_add = 0


def _another(row: Row, number: int) -> Row:
    """Return a copy of the row with new ids, which are the same each time."""
    ids = {name: _other_id(id_, number) for name in _OWN_IDS if (id_ := row.get(name))}
    return {**row, **ids}


def _other_id(id_: str, number: int) -> str:
    prefix, _, rest = id_.partition("_")
    return f"{prefix}_{sha256(f'{number}:{id_}'.encode()).hexdigest()[: len(rest)]}"
