"""The columns of a workspace, read from the columns of the lake's tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from stripe_reports.lake.reader import reading
from stripe_reports.lake.schema import DECIMAL

if TYPE_CHECKING:
    import pyarrow.dataset as ds

_ROWS_AT_ONCE = 200_000

SQL_TYPES: Mapping[str, str] = dict.fromkeys(("gross", "fee", "net"), "DECIMAL(38, 18)") | dict.fromkeys(
    ("count", "utc", "local"), "BIGINT"
)
"""The SQL type of a column, by our name; all other columns are VARCHAR. Instants are in microseconds."""

_ARROW_TYPES: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("gross", "fee", "net"), DECIMAL),
    "count": pa.int64(),
    "utc": pa.timestamp("us", tz="UTC"),
    "local": pa.timestamp("us"),
}


def sql_type(name: str) -> str:
    """Return the SQL type of a column of the workspace."""
    return SQL_TYPES.get(name, "VARCHAR")


def why_unreadable(schema: pa.Schema, name: str, column: str) -> str | None:
    """Return why a column cannot be read as the workspace's column `name`; None if it can."""
    if column not in schema.names:
        return f"has no column {column}"
    wanted, found = _ARROW_TYPES.get(name, pa.string()), schema.field(column).type
    return None if found == wanted else f"has {column} as {found}, not as {wanted}"


def expression(name: str) -> str:
    """Return the SQL that converts a column to the workspace's value."""
    return f"epoch_us({name}) AS {name}" if name in ("utc", "local") else name


def batches(dataset: ds.Dataset, columns: Mapping[str, str], uri: str) -> Iterator[pa.Table]:
    """Yield the rows in batches, with the columns {our name: column}. Raises LakeError if it cannot read."""
    import pyarrow.dataset as ds

    projection = {name: ds.field(column) for name, column in columns.items()}
    pending: list[pa.RecordBatch] = []
    rows = 0
    with reading(uri):
        for batch in dataset.to_batches(columns=projection):
            pending.append(batch)
            rows += batch.num_rows
            if rows >= _ROWS_AT_ONCE:
                yield pa.Table.from_batches(pending)
                pending, rows = [], 0
        if rows:
            yield pa.Table.from_batches(pending)
