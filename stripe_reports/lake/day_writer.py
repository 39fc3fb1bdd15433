"""Arrow tables of several days to one Parquet file for each day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stripe_reports.errors import CsvError
from stripe_reports.lake.source import DayColumn
from stripe_reports.lake.store import Sink
from stripe_reports.lake.table_writer import TableWriter

_PENDING_BYTES = 48 << 20
_EPOCH = date(1970, 1, 1).toordinal()


class DayWriter:
    """Writes each row to the sink of its day; rows of a day keep their order.

    Memory is bounded: of the rows that wait for a row group to be full, those of the day that has most are
    written first. So a CSV that is sorted by day gets large row groups, and any other gets small ones.
    """

    def __init__(self, sinks: Mapping[date, Sink], column: DayColumn, schema: pa.Schema) -> None:
        self.rows = 0
        self._column = column
        self._writers = {day.toordinal() - _EPOCH: TableWriter(sink, schema) for day, sink in sinks.items()}

    @property
    def rows_of_days(self) -> dict[date, int]:
        """How many rows each day has so far."""
        return {date.fromordinal(day + _EPOCH): writer.rows for day, writer in self._writers.items()}

    def write(self, table: pa.Table) -> None:
        """Raises CsvError for a row of another day, or of none."""
        days = self._days(table)
        order = np.argsort(days, kind="stable")
        borders = np.flatnonzero(np.diff(days[order])) + 1
        if len(days) and not len(borders):
            self._writers[int(days[0])].write(table)
        elif len(days):
            for rows in np.split(order, borders):
                # Copies: a slice would keep the memory of all the other days' rows as long as its own waits.
                self._writers[int(days[rows[0]])].write(table.take(rows))
        self.rows += table.num_rows
        while sum(writer.pending_bytes for writer in self._writers.values()) > _PENDING_BYTES:
            max(self._writers.values(), key=lambda writer: writer.pending_bytes).flush()

    def finish(self, facts: Mapping[str, str]) -> None:
        """Write what is left, and a footer with `facts` and its `stripe_reports.day` into each file."""
        for day, writer in self._writers.items():
            writer.finish({**facts, "stripe_reports.day": date.fromordinal(day + _EPOCH).isoformat()})

    def abandon(self) -> None:
        """Let go of all files, of which none is to be read."""
        for writer in self._writers.values():
            writer.abandon()

    def _days(self, table: pa.Table) -> np.ndarray:
        """For each row its day, counted from 1970-01-01."""
        instants = table.column(self._column.name)
        if pa.types.is_timestamp(instants.type) and instants.type.tz is not None:
            instants = pc.local_timestamp(instants.cast(pa.timestamp("us", self._column.timezone)))
        dates = instants.cast(pa.date32(), safe=False)
        expected = pc.is_in(dates, pa.array(self._writers, pa.int32()).cast(pa.date32()))
        if pc.all(expected, min_count=0).as_py():
            days: np.ndarray = dates.cast(pa.int32()).to_numpy()
            return days
        row = pc.index(expected, False).as_py()
        value = table.column(self._column.name)[row]
        raise CsvError(
            f"row {self.rows + row + 1} has {value} in column {self._column.name!r}, which is on none of the"
            f" {len(self._writers)} days that were asked for in {self._column.timezone}; nothing was landed"
        )
