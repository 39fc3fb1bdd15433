"""The columns of tables that are computed from reports."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import dagster as dg

from stripe_reports.catalog import ColumnType
from stripe_reports.errors import LakeError

if TYPE_CHECKING:
    import pyarrow as pa


class Column(NamedTuple):
    """A column as the asset's page shows it."""

    name: str
    type: Literal["string", "int64", "bool", "decimal(38, 18)", "timestamp, UTC"]
    about: str


def column_schema(columns: Sequence[Column]) -> dg.TableSchema:
    """Return the columns for the asset's page."""
    return dg.TableSchema([dg.TableColumn(each.name, each.type, description=each.about) for each in columns])


def arrow_table(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> "pa.Table":
    """Return the rows. Raises LakeError for an amount with more than 20 digits before the point."""
    import pyarrow as pa

    from stripe_reports.lake.schema import ARROW_TYPES, DECIMAL

    types = {
        "string": pa.string(),
        "int64": pa.int64(),
        "bool": pa.bool_(),
        "decimal(38, 18)": DECIMAL,
        "timestamp, UTC": ARROW_TYPES[ColumnType.TIMESTAMP_UTC],
    }
    try:
        arrays = [pa.array([row[each.name] for row in rows], types[each.type]) for each in columns]
    except pa.ArrowInvalid as error:
        raise LakeError(f"a sum does not fit its column: {error}") from error
    return pa.table(arrays, names=[each.name for each in columns])
