"""One CSV stream to one Parquet file: reading, parsing and writing at the same time, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import pyarrow as pa

from stripe_reports.lake.blocks import BLOCK_BYTES, ROW_LIMIT_BYTES, Block, Tally, cut_blocks
from stripe_reports.lake.rows import RowParser, split_header
from stripe_reports.lake.store import Sink
from stripe_reports.lake.table_writer import TableWriter

_PARSERS = 2
# Blocks between the stream and the file.
_BLOCKS_IN_FLIGHT = 3


@dataclass(frozen=True, slots=True)
class Converted:
    """What a CSV was. `new_columns` are those of its header that were not expected, in its order."""

    schema: pa.Schema
    rows: int
    csv_bytes: int
    csv_sha256: str
    new_columns: tuple[str, ...]


def convert_csv(
    chunks: Iterable[bytes],
    sink: Sink,
    *,
    expected_columns: Sequence[str],
    size: int | None,
    facts: Mapping[str, str],
    block_bytes: int = BLOCK_BYTES,
    row_limit_bytes: int = ROW_LIMIT_BYTES,
) -> Converted:
    """Write the CSV to `sink` as one Parquet file whose footer holds `facts` and the CSV's own.

    Its own facts are `stripe_reports.csv_sha256`, `.csv_bytes` and `.rows`. Raises DownloadError if the
    number of bytes is not `size`, CsvError if the CSV does not fit, and what `chunks` raises, unchanged; the
    sink is discarded then.
    """
    tally = Tally(size)
    blocks = cut_blocks(chunks, tally, block_bytes=block_bytes, row_limit_bytes=row_limit_bytes)
    header, first = split_header(next(blocks))
    parser = RowParser(header, expected_columns)
    writer = TableWriter(sink, parser.schema)
    try:
        _pump(first, blocks, parser, writer)
        own_facts = {"csv_sha256": tally.sha256, "csv_bytes": str(tally.bytes_), "rows": str(writer.rows)}
        writer.finish({**facts, **{f"stripe_reports.{name}": fact for name, fact in own_facts.items()}})
    except BaseException:
        sink.discard()
        writer.abandon()
        raise
    expected = set(expected_columns)
    return Converted(
        schema=parser.schema,
        rows=writer.rows,
        csv_bytes=tally.bytes_,
        csv_sha256=tally.sha256,
        new_columns=tuple(name for name in header if name not in expected),
    )


def _pump(first: Block, blocks: Iterable[Block], parser: RowParser, writer: TableWriter) -> None:
    """Blocks are parsed by two threads and written, in their order, by a third."""

    def write(parsed: Future[pa.Table]) -> None:
        writer.write(parsed.result())

    in_flight: deque[Future[None]] = deque()
    parsers = ThreadPoolExecutor(_PARSERS, thread_name_prefix="stripe-reports-parse")
    writers = ThreadPoolExecutor(1, thread_name_prefix="stripe-reports-write")
    try:
        for block in chain((first,), blocks):
            in_flight.append(writers.submit(write, parsers.submit(parser.parse, block)))
            while len(in_flight) > _BLOCKS_IN_FLIGHT:
                in_flight.popleft().result()
        while in_flight:
            in_flight.popleft().result()
    finally:
        parsers.shutdown(cancel_futures=True)
        writers.shutdown(cancel_futures=True)
