"""The columns of a table, for statements: from its newest landed file, or else from the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from stripe_reports.catalog import REPORT_TYPES, ColumnType, column_type
from stripe_reports.errors import LakeError
from stripe_reports.lake import ARROW_TYPES
from stripe_reports.wording import nearest

if TYPE_CHECKING:
    from stripe_reports.lake import Lake

PARTITION_KEY = "date"


@dataclass(frozen=True, slots=True)
class TableShape:
    """The columns of a table in their order, and its first landed day."""

    name: str
    columns: Sequence[tuple[str, ColumnType]]
    first_day: date | None

    @property
    def clashes(self) -> bool:
        """Whether the files have a column `date` of their own, beside the partition key of that name."""
        return any(name == PARTITION_KEY for name, _ in self.columns)


def table_shapes(lake: Lake, names: Sequence[str]) -> list[TableShape]:
    """Return the shapes of these tables, by default of all that landed.

    A table without a landed day has the columns that the catalog knows. Raises LakeError for a name that
    neither the lake nor the catalog has, and for a file that cannot be read.
    """
    landed = lake.tables()
    known = {each.table: each for each in REPORT_TYPES.values() if each.columns}
    shapes = []
    for name in names or landed:
        if name in landed:
            days = lake.days(name)
            shapes.append(TableShape(name, _columns_of_file(lake, name, days[-1]), days[0]))
        elif name in known:
            columns = [(each, column_type(each)) for each in known[name].columns]
            shapes.append(TableShape(name, columns, None))
        else:
            near = nearest(name, {*landed, *known})
            raise LakeError(f"neither {lake.root} nor the catalog has a table {name!r}{near}")
    return shapes


def _columns_of_file(lake: Lake, name: str, day: date) -> list[tuple[str, ColumnType]]:
    with lake.open_file(name, day) as file:
        return [(field.name, _type_of(lake, name, day, field)) for field in file.schema_arrow]


def _type_of(lake: Lake, name: str, day: date, field: Any) -> ColumnType:
    for type_, arrow in ARROW_TYPES.items():
        if field.type == arrow:
            return type_
    raise LakeError(
        f"{lake.uri(name, day)} has the column {field.name!r} of the type {field.type}, for which there is no"
        " statement; leave that table out"
    )
