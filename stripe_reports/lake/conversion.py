"""CSV streams to rows in Parquet: reading, parsing and writing at the same time, in bounded memory."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from stripe_reports.errors import CsvError, LakeError
from stripe_reports.lake.blocks import BLOCK_BYTES, ROW_LIMIT_BYTES, Block, cut_blocks
from stripe_reports.lake.header import take_header
from stripe_reports.lake.kept_csv import Through, keep_nothing
from stripe_reports.lake.landed_table import LandedTable
from stripe_reports.lake.rows import RowParser
from stripe_reports.lake.schema import arrow_schema, table_columns
from stripe_reports.lake.source import Csv, ExpectedColumns
from stripe_reports.lake.tally import Tally

# Blocks between the stream and the file: more than a row group is made of, so that parsing goes on while one
# is written. (A second parser gained nothing where there are two cores, and took memory.)
_BLOCKS_IN_FLIGHT = 24
# Of these, the ones that wait for the parser: few, as each has the bytes of the CSV.
_BLOCKS_UNPARSED = 3


class RowWriter(Protocol):
    """Where rows go."""

    rows: int

    def write(self, table: pa.Table) -> None:
        """Take rows, in their order."""

    def finish(self, facts: Mapping[str, str]) -> None:
        """There are no more rows; `facts` belong into the footer."""

    def abandon(self) -> None:
        """Something failed: nothing of it is to be read."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What the CSVs were.

    `new_columns` are those of the header that were not expected, in its order. `quoted_empties` are how many
    nulls are `""` in the CSVs, by the header of their column; a text is none of them.
    """

    schema: pa.Schema
    rows: int
    csv_bytes: int
    csv_sha256: str
    """Of each CSV, in their order, with commas between them."""
    new_columns: tuple[str, ...]
    quoted_empties: Mapping[str, int]

    def landed(self, uri: str, path: str, rows: int, parquet_bytes: int) -> LandedTable:
        """The facts of a file that so many of its rows are in."""
        return LandedTable(
            uri=uri,
            path=path,
            rows=rows,
            csv_bytes=self.csv_bytes,
            csv_sha256=self.csv_sha256,
            parquet_bytes=parquet_bytes,
            schema=self.schema,
            new_columns=self.new_columns,
            quoted_empties=self.quoted_empties,
        )


def convert_csvs(
    csvs: Iterable[Csv],
    open_writer: Callable[[pa.Schema], RowWriter],
    *,
    expected: ExpectedColumns,
    facts: Mapping[str, str],
    keep: Callable[[Tally], AbstractContextManager[Through]] = keep_nothing,
    check: Callable[[pa.Table, Block], None] | None = None,
    block_bytes: int = BLOCK_BYTES,
    row_limit_bytes: int = ROW_LIMIT_BYTES,
) -> Converted:
    """Write the rows of the CSVs, one behind the other, to the writer that is opened for their schema.

    Each CSV goes through `keep` as it came, and the rows of each block through `check`, which may refuse them
    with a CsvError. The writer is told `facts` and the CSVs' own: `stripe_reports.csv_sha256`, `.csv_bytes`,
    `.new_columns` (a JSON list) and, if there are any, `.quoted_empties` (a JSON object). Without any CSV
    there are no rows, of the expected columns.

    Raises DownloadError if the number of bytes is not `size`, CsvError if a CSV does not fit or has other
    columns than the one before, LakeError if memory runs out, and what `chunks` raises, unchanged; the writer
    has abandoned its file then.
    """
    quoted_empties = Counter[str]()
    writer: RowWriter | None = None
    schema = arrow_schema(table_columns(expected.names, expected))
    tallies: list[Tally] = []
    new_columns: tuple[str, ...] = ()
    try:
        for csv in csvs:
            tallies.append(tally := Tally(csv.size))
            with keep(tally) as through:
                header = take_header(through(tally.through(csv.chunks)))
                blocks = cut_blocks(
                    header.rest,
                    first_line=1 + header.lines,
                    block_bytes=block_bytes,
                    row_limit_bytes=row_limit_bytes,
                )
                parser = RowParser(header.names, expected, csv.constants)
                if writer is None:
                    schema = parser.schema
                    writer = open_writer(schema)
                    new_columns = tuple(name for name in header.names if name not in expected.names)
                elif parser.schema != schema:
                    raise CsvError("the CSVs of one day have different columns; nothing was landed")
                _pump(blocks, parser, writer, check)
                quoted_empties += parser.quoted_empties
        writer = writer or open_writer(schema)
        csv_sha256 = ",".join(tally.sha256 for tally in tallies)
        csv_bytes = sum(tally.bytes_ for tally in tallies)
        own_facts = {
            "stripe_reports.csv_sha256": csv_sha256,
            "stripe_reports.csv_bytes": str(csv_bytes),
            "stripe_reports.new_columns": json.dumps(new_columns),
        }
        if quoted_empties:
            own_facts["stripe_reports.quoted_empties"] = json.dumps(quoted_empties)
        writer.finish({**facts, **own_facts})
    except BaseException as error:
        if writer is not None:
            writer.abandon()
        if isinstance(error, MemoryError):  # Arrow's own is one
            raise LakeError(
                f"memory ran out ({str(error)[:200] or 'Python'}); nothing was landed: give the process more,"
                " or land fewer reports at once"
            ) from error
        if isinstance(error, pa.ArrowException):
            raise CsvError(f"the CSV cannot be converted: {str(error)[:200]}; nothing was landed") from error
        raise
    return Converted(schema, writer.rows, csv_bytes, csv_sha256, new_columns, dict(quoted_empties))


def _pump(
    blocks: Iterable[Block],
    parser: RowParser,
    writer: RowWriter,
    check: Callable[[pa.Table, Block], None] | None,
) -> None:
    """Blocks are parsed by one thread and written, in their order, by another."""

    def parse(block: Block) -> pa.Table:
        try:
            table = parser.parse(block)
            if check:
                check(table, block)
            return table
        finally:
            block.release()

    def write(parsed: Future[pa.Table]) -> None:
        writer.write(parsed.result())

    parsing: deque[Future[pa.Table]] = deque()
    in_flight: deque[Future[None]] = deque()
    parsers = ThreadPoolExecutor(1, thread_name_prefix="stripe-reports-parse")
    writers = ThreadPoolExecutor(1, thread_name_prefix="stripe-reports-write")
    try:
        for block in blocks:
            parsing.append(parsers.submit(parse, block))
            in_flight.append(writers.submit(write, parsing[-1]))
            while len(parsing) > _BLOCKS_UNPARSED:
                wait([parsing.popleft()])  # an error is raised where it is written, behind those before it
            while len(in_flight) > _BLOCKS_IN_FLIGHT:
                in_flight.popleft().result()
        while in_flight:
            in_flight.popleft().result()
    finally:
        parsers.shutdown(cancel_futures=True)
        writers.shutdown(cancel_futures=True)
