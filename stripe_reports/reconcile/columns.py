"""From columns of the lake's tables to those of a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from stripe_reports.lake import DECIMAL, read_errors

if TYPE_CHECKING:
    import pyarrow.dataset as ds

_ROWS_AT_ONCE = 200_000

SQL_TYPES: Mapping[str, str] = dict.fromkeys(("gross", "fee", "net"), "DECIMAL(38, 18)") | dict.fromkeys(
    ("count", "utc", "local"), "BIGINT"
)
"""By our name of the column; all others are VARCHAR. Instants are microseconds."""

_ARROW_TYPES: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("gross", "fee", "net"), DECIMAL),
    "count": pa.int64(),
    "utc": pa.timestamp("us", tz="UTC"),
    "local": pa.timestamp("us"),
}


def sql_type(name: str) -> str:
    """Of a column of the workspace."""
    return SQL_TYPES.get(name, "VARCHAR")


def trouble(schema: pa.Schema, name: str, column: str) -> str | None:
    """Why that column of a table cannot be read as what it is to be; None if it can."""
    if column not in schema.names:
        return f"has no column {column}"
    wanted, found = _ARROW_TYPES.get(name, pa.string()), schema.field(column).type
    return None if found == wanted else f"has {column} as {found}, not as {wanted}"


def expression(name: str) -> str:
    """The column as SQL that makes the workspace's value of it."""
    return f"epoch_us({name}) AS {name}" if name in ("utc", "local") else name


def batches(dataset: ds.Dataset, columns: Mapping[str, str], uri: str) -> Iterator[pa.Table]:
    """The rows a few at a time, {our name: column} of each. Raises LakeError if they cannot be read."""
    import pyarrow.dataset as ds

    projection = {name: ds.field(column) for name, column in columns.items()}
    pending: list[pa.RecordBatch] = []
    rows = 0
    with read_errors(uri):
        for batch in dataset.to_batches(columns=projection):
            pending.append(batch)
            rows += batch.num_rows
            if rows >= _ROWS_AT_ONCE:
                yield pa.Table.from_batches(pending)
                pending, rows = [], 0
        if rows:
            yield pa.Table.from_batches(pending)
