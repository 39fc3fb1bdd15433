"""What Arrow alone takes: `python -m benchmarks.bound CSV COLUMNS` prints JSON, in seconds of CPU.

Its CSV reader, straight to the types of the table, and its Parquet writer: the two that landing is built on,
with no value looked at, no byte hashed and no file read. COLUMNS is JSON, from name to type.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as arrow_csv

from benchmarks.engine import chunks
from stripe_reports.catalog import ColumnType
from stripe_reports.lake.parsing.blocks import cut_blocks
from stripe_reports.lake.parsing.header import take_header
from stripe_reports.lake.parsing.schema import ARROW_TYPES
from stripe_reports.lake.writing.table_writer import ROW_GROUP_ROWS, TableWriter


def cpu_seconds(csv: Path, columns: Mapping[str, str]) -> dict[str, float]:
    """Of reading and of writing, each in one thread that does nothing else meanwhile."""
    types = {name: _without_zone(ARROW_TYPES[ColumnType(type_)]) for name, type_ in columns.items()}
    header = take_header(chunks(csv))
    taken = {"read_s": 0.0, "write_s": 0.0}
    writer = TableWriter(_Nowhere(), pa.schema([(name, types[name]) for name in header.names]))
    pending: list[pa.Table] = []
    for block in cut_blocks(header.rest, first_line=1 + header.lines):
        began = time.thread_time()
        pending.append(_read(block.data, header.names, types))
        taken["read_s"] += time.thread_time() - began
        block.release()
        if sum(map(len, pending)) >= ROW_GROUP_ROWS:
            taken["write_s"] += _write(writer, pending)
            pending = []
    taken["write_s"] += _write(writer, pending)
    return taken


def _read(data: memoryview, names: tuple[str, ...], types: Mapping[str, pa.DataType]) -> pa.Table:
    return arrow_csv.read_csv(
        pa.BufferReader(data),
        read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=len(data)),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            check_utf8=False,
        ),
    )


def _write(writer: TableWriter, tables: list[pa.Table]) -> float:
    began = time.thread_time()
    for table in tables:
        writer.write(table)
    return time.thread_time() - began


def _without_zone(type_: pa.DataType) -> pa.DataType:
    """Arrow's reader demands an offset in the text of a timestamp with a zone."""
    return pa.timestamp("us") if pa.types.is_timestamp(type_) else type_


class _Nowhere:
    closed = False

    def write(self, data: pa.Buffer) -> int:
        return len(memoryview(data).cast("B"))

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def discard(self) -> None:
        pass


def _main(csv: str, columns: str) -> None:
    json.dump(cpu_seconds(Path(csv), json.loads(columns)), sys.stdout)


if __name__ == "__main__":
    _main(*sys.argv[1:])
