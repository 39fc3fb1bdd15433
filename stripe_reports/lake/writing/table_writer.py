"""A writer of Arrow tables to one Parquet file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stripe_reports.lake.storage.landed_table import FACT_PREFIX, FIRST_ROWS
from stripe_reports.lake.storage.whole_object import Sink
from stripe_reports.lake.writing.encodings import Encodings

ROW_GROUP_ROWS = 65_536
# A row group of long rows is cut short, to keep memory bounded.
_ROW_GROUP_BYTES = 40 << 20
_NUMBERS = pa.py_buffer(np.arange(FIRST_ROWS, dtype=np.int64))  # `pa.array` imports pandas


class TableWriter:
    """A Parquet file that is written to `sink`, table by table.

    It is compressed with zstd and has row groups of 65,536 rows, statistics and a page index. Unless
    encodings are given, they are chosen for the first rows.
    """

    def __init__(self, sink: Sink, schema: pa.Schema, encodings: Encodings | None = None) -> None:
        self.rows = 0
        self._sink = sink
        self._schema = schema
        self._encodings = encodings
        self._pending: list[pa.Table] = []
        self._pending_rows = 0
        self.pending_bytes = 0
        """The bytes of rows that wait until their row group is full."""
        self._writer: pq.ParquetWriter | None = None
        self.first_rows: pa.Table = pa.Table.from_batches([], schema)
        """At most ten rows, from the beginning of the file."""

    def write(self, table: pa.Table) -> None:
        """Take rows. They reach the sink one row group at a time."""
        if self.rows < FIRST_ROWS:
            # A copy, because a slice keeps the memory of its whole block.
            rows = min(FIRST_ROWS - self.rows, table.num_rows)
            first = table.take(pa.Array.from_buffers(pa.int64(), rows, [None, _NUMBERS]))
            self.first_rows = pa.concat_tables([self.first_rows, first])
        self.rows += table.num_rows
        self._pending.append(table)
        self._pending_rows += table.num_rows
        self.pending_bytes += table.nbytes
        if self._pending_rows >= ROW_GROUP_ROWS or self.pending_bytes >= _ROW_GROUP_BYTES:
            self._write_row_groups()

    def flush(self) -> None:
        """Write the pending rows as a row group, even a small one."""
        self._write_row_groups(all_of_it=True)

    def finish(self, facts: Mapping[str, str]) -> None:
        """Write the pending rows, and a footer with `facts` and `stripe_reports.rows` as metadata."""
        self.flush()
        writer = self._opened()
        writer.add_key_value_metadata({**facts, FACT_PREFIX + "rows": str(self.rows)})
        writer.close()

    def abandon(self) -> None:
        """Close the file after an error. Nobody is to read it."""
        self._sink.discard()  # Arrow still writes a footer when the writer closes
        if self._writer is not None:
            # The error that made the caller abandon the file is the one to raise.
            with suppress(pa.ArrowException, OSError, MemoryError):
                self._writer.close()

    def _write_row_groups(self, *, all_of_it: bool = False) -> None:
        if not self._pending_rows:
            return
        table = pa.concat_tables(self._pending)
        start = 0
        too_large = all_of_it or self.pending_bytes >= _ROW_GROUP_BYTES
        while table.num_rows - start >= (1 if too_large else ROW_GROUP_ROWS):
            rows = table.slice(start, ROW_GROUP_ROWS)
            self._opened(rows).write_table(rows, row_group_size=ROW_GROUP_ROWS)
            start += rows.num_rows
        rest = table.slice(start)
        self._pending = [rest] if rest.num_rows else []
        self._pending_rows = rest.num_rows
        self.pending_bytes = rest.nbytes if rest.num_rows else 0

    def _opened(self, first_rows: pa.Table | None = None) -> pq.ParquetWriter:
        if self._writer is None:
            encodings = self._encodings or Encodings.for_rows(first_rows)
            self._writer = pq.ParquetWriter(
                self._sink,
                self._schema,
                compression="zstd",
                compression_level=1,
                use_dictionary=list(encodings.dictionaries),
                column_encoding=encodings.others,
                write_statistics=True,
                write_page_index=True,
            )
        return self._writer
