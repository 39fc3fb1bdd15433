"""The columns of a table, by the header of its CSV: which column gets which name and type."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from stripe_reports.catalog import ColumnType, column_type
from stripe_reports.errors import CsvError
from stripe_reports.lake.parsing.source import ExpectedColumns
from stripe_reports.wording import some

# 20 digits before the point and 18 after: Stripe prints fees with up to 18 decimals.
DECIMAL = pa.decimal128(38, 18)
"""The Arrow type of amounts."""

ARROW_TYPES: Mapping[ColumnType, pa.DataType] = {
    ColumnType.STRING: pa.string(),
    ColumnType.DECIMAL: DECIMAL,
    ColumnType.INTEGER: pa.int64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
    ColumnType.TIMESTAMP_UTC: pa.timestamp("us", tz="UTC"),
}
"""The Arrow type of each type of column."""

_METADATA_COLUMN = re.compile(r"(\w+)\[(.+)\]", re.DOTALL)
_PARTITION_KEY = "date"
_SUFFIX_LENGTH = 8
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `header` is its name in the CSV, `name` its name in the table."""

    header: str
    name: str
    type: ColumnType


def table_columns(header: Sequence[str], expected: ExpectedColumns) -> tuple[Column, ...]:
    """Return the columns of the table: the expected ones in their order, then the others in the CSV's order.

    A column keeps its name, except that `payment_metadata[order_id]` becomes `payment_metadata_order_id`,
    because brackets need quotes in SQL.

    For DuckDB, Spark, Athena and BigQuery, names that differ only in case are the same. So if several columns
    would get the same name, or the name of the partition key `date`, at most one of them keeps it: a column
    of Stripe's own, or else the one metadata column whose key is in lower case. Each of the others gets a
    suffix made from its name in the CSV: `payment_metadata_Ext_Id_` and 8 hex digits. So names depend on
    which columns are expected, but not on their order, on the day, or on unexpected columns: an unexpected
    column never takes the name of an expected one.

    Raises CsvError for names that are empty, repeated or missing.
    """
    if "" in header:
        raise CsvError(f"the header has no name for column {header.index('') + 1}; nothing was landed")
    present = set(header)
    # First, because a file without a header has values in its place, and this names none of them.
    if missing := [name for name in expected.names if name not in present | expected.optional]:
        raise CsvError(f"the header lacks these columns: {_names(missing)}; nothing was landed")
    if twice := _repeated(header):
        raise CsvError(f"the header has these columns more than once: {_names(twice)}; nothing was landed")
    constant = [name for name in expected.constant if name not in present]
    order = dict.fromkeys((*constant, *expected.names, *header))
    names = _table_names({*expected.constant, *expected.names}, order)
    columns = tuple(Column(text, names[text], column_type(text)) for text in order)
    if twice := _repeated([_folded(column.name) for column in columns]):
        both = [column.header for column in columns if _folded(column.name) == twice[0]]
        raise CsvError(f"the columns {_names(both)} would both be named {twice[0]!r}; nothing was landed")
    return columns


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """Return the Arrow schema. A renamed column has its name in the CSV as metadata `stripe_column`."""
    return pa.schema(
        pa.field(
            column.name,
            ARROW_TYPES[column.type],
            metadata={"stripe_column": column.header} if column.header != column.name else None,
        )
        for column in columns
    )


def _table_names(expected: set[str], headers: Iterable[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    taken = {_PARTITION_KEY}
    for group in (expected, {header for header in headers if header not in expected}):
        alike: defaultdict[str, list[str]] = defaultdict(list)
        for header in group:
            alike[_folded(_plain_name(header))].append(header)
        for name, candidates in alike.items():
            keeps = None if name in taken else _first_of(candidates)
            for header in candidates:
                plain = _plain_name(header)
                keep = header in (keeps, _PARTITION_KEY)  # a column `date` takes the partition key's place
                names[header] = plain if keep else f"{plain}_{_suffix(header)}"
        taken |= alike.keys()
    return names


def _first_of(headers: Sequence[str]) -> str | None:
    """Return the one that keeps the name that all of them would get, or None if no one has priority."""
    if len(headers) == 1:
        return headers[0]
    lower = [header for header in headers if _plain_name(header) == _folded(_plain_name(header))]
    own = [header for header in lower if header == _plain_name(header)]
    first = own or lower
    return first[0] if len(first) == 1 else None


def _plain_name(header: str) -> str:
    match = _METADATA_COLUMN.fullmatch(header)
    return f"{match[1]}_{match[2]}" if match else header


def _folded(name: str) -> str:
    """Return one text for all names that an engine may take for the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _suffix(header: str) -> str:
    return hashlib.sha256(header.encode()).hexdigest()[:_SUFFIX_LENGTH]


def _repeated(names: Sequence[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _names(names: Sequence[str]) -> str:
    return some(map(repr, names), _MOST_NAMED)
