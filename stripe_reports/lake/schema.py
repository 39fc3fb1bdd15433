"""From a CSV's header to the schema of its table: one place that says which column becomes what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from stripe_reports.catalog import ColumnType, column_type
from stripe_reports.errors import CsvError
from stripe_reports.lake.source import ExpectedColumns

# 20 digits before the point and 18 after: Stripe prints fees with up to 18 decimals.
DECIMAL = pa.decimal128(38, 18)

ARROW_TYPES: Mapping[ColumnType, pa.DataType] = {
    ColumnType.STRING: pa.string(),
    ColumnType.DECIMAL: DECIMAL,
    ColumnType.INTEGER: pa.int64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
    ColumnType.TIMESTAMP_UTC: pa.timestamp("us", tz="UTC"),
}

_METADATA_COLUMN = re.compile(r"(\w+)\[(.+)\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `header` is its text in the CSV, `name` its name in the table."""

    header: str
    name: str
    type: ColumnType


def table_columns(header: Sequence[str], expected: ExpectedColumns) -> tuple[Column, ...]:
    """The columns of the table: the expected ones in their order, then the others as they came.

    Raises CsvError for names that are empty, twice there, missing, or the same once they are table names.
    """
    if "" in header:
        raise CsvError(f"the header has no name for column {header.index('') + 1}; nothing was landed")
    if twice := _repeated(header):
        raise CsvError(f"the header has these columns more than once: {_names(twice)}; nothing was landed")
    present = set(header)
    if missing := [name for name in expected.names if name not in present | expected.optional]:
        raise CsvError(f"the header lacks these columns: {_names(missing)}; nothing was landed")
    constant = [name for name in expected.constant if name not in present]
    order = dict.fromkeys((*constant, *expected.names, *header))
    columns = tuple(Column(text, _table_name(text), column_type(text)) for text in order)
    if twice := _repeated([column.name for column in columns]):
        both = [column.header for column in columns if column.name == twice[0]]
        raise CsvError(f"the columns {_names(both)} would both be named {twice[0]!r}; nothing was landed")
    return columns


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """The Arrow schema; a column with another name than in the CSV keeps that as `stripe_column`."""
    return pa.schema(
        pa.field(
            column.name,
            ARROW_TYPES[column.type],
            metadata={"stripe_column": column.header} if column.header != column.name else None,
        )
        for column in columns
    )


def _table_name(header: str) -> str:
    """`payment_metadata[order_id]` becomes `payment_metadata_order_id`: brackets need quoting in SQL."""
    match = _METADATA_COLUMN.fullmatch(header)
    return f"{match[1]}_{match[2]}" if match else header


def _repeated(names: Sequence[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _names(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(repr(name) for name in names[:most]) + more
