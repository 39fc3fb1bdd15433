"""Arrow tables to one Parquet file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq

from stripe_reports.lake.encodings import Encodings
from stripe_reports.lake.store import Sink

ROW_GROUP_ROWS = 65_536
# Where rows are long, a row group is cut short to keep memory bounded.
_ROW_GROUP_BYTES = 40 << 20


class TableWriter:
    """Writes tables to `sink` as Parquet.

    zstd; row groups of 65,536 rows, with statistics and a page index; encodings that suit the first rows,
    unless they are given.
    """

    def __init__(self, sink: Sink, schema: pa.Schema, encodings: Encodings | None = None) -> None:
        self.rows = 0
        self._sink = sink
        self._schema = schema
        self._encodings = encodings
        self._pending: list[pa.Table] = []
        self._pending_rows = 0
        self.pending_bytes = 0
        """Of rows that were taken and wait for their row group to be full."""
        self._writer: pq.ParquetWriter | None = None

    def write(self, table: pa.Table) -> None:
        """Take rows; they reach the sink one row group at a time."""
        self.rows += table.num_rows
        self._pending.append(table)
        self._pending_rows += table.num_rows
        self.pending_bytes += table.nbytes
        if self._pending_rows >= ROW_GROUP_ROWS or self.pending_bytes >= _ROW_GROUP_BYTES:
            self._write_row_groups()

    def flush(self) -> None:
        """Write what is pending as a row group, though it is small."""
        self._write_row_groups(all_of_it=True)

    def finish(self, facts: Mapping[str, str]) -> None:
        """Write what is left, and the footer with `facts` and `stripe_reports.rows` as key-value metadata."""
        self.flush()
        writer = self._opened()
        writer.add_key_value_metadata({**facts, "stripe_reports.rows": str(self.rows)})
        writer.close()

    def abandon(self) -> None:
        """Let go of the file, which is not to be read."""
        self._sink.discard()  # Arrow still writes a footer when the writer closes
        if self._writer is not None:
            with suppress(
                pa.ArrowException, OSError, MemoryError
            ):  # the reason to abandon is what the caller hears of
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
