"""The check that a CSV of one day has rows of that day only."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stripe_reports.catalog import day_interval
from stripe_reports.errors import CsvError
from stripe_reports.lake.parsing.blocks import Block
from stripe_reports.lake.parsing.misfit import line_offsets
from stripe_reports.lake.parsing.source import DayColumn


class DayCheck:
    """A check that refuses rows of other days. A row without a value in the day column passes."""

    def __init__(self, column: DayColumn, day: date) -> None:
        self._column = column
        self._day = day

    def check(self, table: pa.Table, block: Block) -> None:
        """Raise CsvError for the first row of another day. `table` has the rows of `block`."""
        name = self._column.name
        if name not in table.column_names:
            return
        values = table.column(name)
        first, end = (pa.scalar(bound, values.type) for bound in self._bounds(values.type))
        extremes = pc.min_max(values)
        if not extremes["min"].is_valid or (
            extremes["min"].as_py() >= first.as_py() and extremes["max"].as_py() < end.as_py()
        ):
            return
        outside = pc.or_(pc.less(values, first), pc.greater_equal(values, end))
        row = pc.index(outside, True).as_py()
        raise CsvError(
            f"line {block.first_line + _lines_before(table, row)}, column {name!r}: {values[row]} is not on"
            f" {self._day} in {self._column.timezone}, the day that was asked for; nothing was landed"
        )

    def _bounds(self, type_: pa.DataType) -> tuple[Any, Any]:
        """Return the first value of the day, and the first value after it."""
        next_day = self._day + timedelta(days=1)
        if not pa.types.is_timestamp(type_):
            return self._day, next_day
        if type_.tz is None:
            return datetime.combine(self._day, time()), datetime.combine(next_day, time())
        interval = day_interval(self._day, self._column.timezone)
        return tuple(
            pa.scalar(second, pa.timestamp("s", type_.tz)).as_py()
            for second in (interval.start, interval.end)
        )


def _lines_before(table: pa.Table, row: int) -> int:
    """Return how many lines lie before a row in its block. Texts may contain newlines."""
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    return int(line_offsets(table.select(texts).slice(0, row))[1]) if texts and row else row
