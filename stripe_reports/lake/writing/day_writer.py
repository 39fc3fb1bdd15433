"""A writer of Arrow tables with rows of several days to one Parquet file per day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stripe_reports.errors import CsvError
from stripe_reports.lake.parsing.source import DayColumn
from stripe_reports.lake.storage.landed_table import FACT_PREFIX
from stripe_reports.lake.storage.whole_object import Sink
from stripe_reports.lake.writing.encodings import Encodings
from stripe_reports.lake.writing.table_writer import TableWriter

_PENDING_BYTES = 32 << 20
# A slice keeps the memory of its whole block, so a small slice is copied.
_SMALLEST_SLICE = 1 / 4
_EPOCH = date(1970, 1, 1).toordinal()


class DayWriter:
    """A set of Parquet files, one per day. Each row goes to the file of its day, in the order of the rows.

    Rows of days that are `left_alone` are not written. Memory is bounded: if too many rows wait for a full
    row group, those of the day with the most bytes are written first. So a CSV that is sorted by day gets
    large row groups, and any other CSV gets small ones.
    """

    def __init__(
        self,
        sinks: Mapping[date, Sink],
        column: DayColumn,
        schema: pa.Schema,
        left_alone: Sequence[date] = (),
    ) -> None:
        """Raise CsvError if the schema has no such column, or one that is neither a timestamp nor a date."""
        self.rows = 0
        if column.name not in schema.names or not _says_a_day(schema.field(column.name).type):
            raise CsvError(
                f"the CSV has no timestamp or date {column.name!r}, which says the day of a row; nothing was"
                " landed"
            )
        self._left_alone = {day.toordinal() - _EPOCH for day in left_alone}
        self._sinks = {day.toordinal() - _EPOCH: sink for day, sink in sinks.items()}
        self._column = column
        self._schema = schema
        self._encodings: Encodings | None = None
        self._writers: dict[int, TableWriter] = {}

    @property
    def rows_of_days(self) -> dict[date, int]:
        """The number of rows that each day has so far."""
        return {
            date.fromordinal(day + _EPOCH): self._writers[day].rows if day in self._writers else 0
            for day in self._sinks
        }

    @property
    def first_rows_of_days(self) -> dict[date, pa.Table]:
        """The first rows of each day. Each day has a file once `finish` has returned."""
        return {date.fromordinal(day + _EPOCH): writer.first_rows for day, writer in self._writers.items()}

    def write(self, table: pa.Table) -> None:
        """Write rows. Raises CsvError for a row of another day, or of none."""
        days = self._days(table)
        is_sorted = bool((np.diff(days) >= 0).all())
        order = np.arange(len(days)) if is_sorted else np.argsort(days, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(days[order])) + 1) if len(days) else ():
            if int(days[rows[0]]) in self._left_alone:
                continue
            if is_sorted and len(rows) >= len(days) * _SMALLEST_SLICE:
                own = table.slice(rows[0], len(rows))
            else:
                own = table.take(_arrow(rows, pa.int64()))
            self._writer(int(days[rows[0]]), own).write(own)
        self.rows += table.num_rows
        while sum(writer.pending_bytes for writer in self._writers.values()) > _PENDING_BYTES:
            max(self._writers.values(), key=lambda writer: writer.pending_bytes).flush()

    def finish(self, facts: Mapping[str, str]) -> None:
        """Write the pending rows, and a footer with `facts` and `stripe_reports.day` into each file."""
        for day in self._sinks:
            own_facts = {**facts, FACT_PREFIX + "day": date.fromordinal(day + _EPOCH).isoformat()}
            self._writer(day).finish(own_facts)

    def abandon(self) -> None:
        """Close all files after an error. Nobody is to read them."""
        for sink in self._sinks.values():
            sink.discard()
        for writer in self._writers.values():
            writer.abandon()

    def _writer(self, day: int, rows: pa.Table | None = None) -> TableWriter:
        if day not in self._writers:
            self._encodings = self._encodings or Encodings.for_rows(rows)  # only once, because it is costly
            self._writers[day] = TableWriter(self._sinks[day], self._schema, self._encodings)
        return self._writers[day]

    def _days(self, table: pa.Table) -> np.ndarray:
        """Return the day of each row, counted from 1970-01-01."""
        instants = table.column(self._column.name)
        if pa.types.is_timestamp(instants.type) and instants.type.tz is not None:
            instants = pc.local_timestamp(instants.cast(pa.timestamp("us", self._column.timezone)))
        dates = instants.cast(pa.date32(), safe=False)
        known = np.fromiter([*self._sinks, *self._left_alone], np.int32)
        expected = pc.is_in(dates, _arrow(known, pa.date32()))
        if pc.all(expected, min_count=0).as_py():
            return np.concatenate([np.empty(0, np.int32), *map(_numpy, dates.chunks)])
        row = pc.index(expected, False).as_py()
        value = table.column(self._column.name)[row]
        raise CsvError(
            f"row {self.rows + row + 1} has {value} in column {self._column.name!r}, which is on none of the"
            f" {len(self._sinks)} days that were asked for in {self._column.timezone}; nothing was landed"
        )


def _says_a_day(type_: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(type_) or pa.types.is_date(type_))


# pyarrow's own conversions between numpy and Arrow import pandas, which takes longer than a small report.
def _numpy(days: pa.Array) -> np.ndarray:
    return np.frombuffer(days.buffers()[1], np.int32)[days.offset : days.offset + len(days)]


def _arrow(values: np.ndarray, type_: pa.DataType) -> pa.Array:
    return pa.Array.from_buffers(type_, len(values), [None, pa.py_buffer(values)])
