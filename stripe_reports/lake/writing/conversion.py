"""The conversion of CSV streams: reading, parsing and writing at the same time, in bounded memory."""

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
from stripe_reports.lake.parsing.blocks import BLOCK_BYTES, ROW_LIMIT_BYTES, Block, cut_blocks
from stripe_reports.lake.parsing.header import take_header
from stripe_reports.lake.parsing.rows import RowParser
from stripe_reports.lake.parsing.schema import arrow_schema, table_columns
from stripe_reports.lake.parsing.source import Csv, ExpectedColumns
from stripe_reports.lake.pii import KEEP, PiiRule
from stripe_reports.lake.storage.kept_csv import Through, keep_nothing
from stripe_reports.lake.storage.landed_table import FACT_PREFIX, LandedTable
from stripe_reports.lake.writing.csv_fingerprint import CsvFingerprint
from stripe_reports.lake.writing.personal_data import PersonalColumns

# The blocks between the stream and the file: more than a row group takes, so that parsing goes on while one
# is written. (With two cores, a second parser gained nothing and took memory.)
_BLOCKS_IN_FLIGHT = 24
# The blocks among them that wait for the parser: few, because each holds bytes of the CSV.
_BLOCKS_UNPARSED = 3


class RowWriter(Protocol):
    """A writer that the rows go to."""

    rows: int

    def write(self, table: pa.Table) -> None:
        """Take the next rows."""

    def finish(self, facts: Mapping[str, str]) -> None:
        """End the file, with `facts` in its footer. There are no more rows."""

    def abandon(self) -> None:
        """Close the file after an error. Nobody is to read it."""


@dataclass(frozen=True, slots=True)
class Converted:
    """The facts about converted CSVs. `LandedTable` describes them."""

    schema: pa.Schema
    rows: int
    csv_bytes: int
    csv_sha256: str
    new_columns: tuple[str, ...]
    quoted_empties: Mapping[str, int]
    pii: PiiRule
    pii_columns: tuple[str, ...]

    def landed(
        self, uri: str, path: str, rows: int, parquet_bytes: int, first_rows: pa.Table | None
    ) -> LandedTable:
        """Return the facts about the file that this many of the rows are in, with its first rows."""
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
            pii=self.pii.policy,
            pii_columns=self.pii_columns,
            pii_key_id=self.pii.key_id,
            first_rows=first_rows,
        )


def convert_csvs(
    csvs: Iterable[Csv],
    open_writer: Callable[[pa.Schema], RowWriter],
    *,
    expected: ExpectedColumns,
    facts: Mapping[str, str],
    keep: Callable[[Callable[[], str]], AbstractContextManager[Through]] = keep_nothing,
    check: Callable[[pa.Table, Block], None] | None = None,
    pii: PiiRule = KEEP,
    block_bytes: int = BLOCK_BYTES,
    row_limit_bytes: int = ROW_LIMIT_BYTES,
) -> Converted:
    """Write the rows of the CSVs, one CSV after another, to the writer that is opened for their schema.

    Each CSV goes through `keep` as it came; `keep` gets a function that returns its digest at the end. The
    rows of each block go through `check`, which may refuse them with a CsvError, and lose their personal data
    as `pii` says. The writer gets `facts` and those about the CSVs: `stripe_reports.csv_sha256`,
    `.csv_bytes`, `.new_columns` (a JSON list), `.pii` and, if there are any, `.quoted_empties` (a JSON
    object), `.pii_columns` (a JSON list) and `.pii_key_id`. Without any CSV, it gets no rows, with the
    expected columns.

    Raises DownloadError if the number of bytes is not `size`, CsvError if a CSV does not fit or has other
    columns than the one before, LakeError if memory runs out, and what `chunks` raises, unchanged. The writer
    has abandoned its file then.
    """
    quoted_empties = Counter[str]()
    writer: RowWriter | None = None
    columns = table_columns(expected.names, expected)
    personal = PersonalColumns(columns, pii)
    fingerprints: list[CsvFingerprint] = []
    new_columns: tuple[str, ...] = ()
    try:
        for csv in csvs:
            fingerprints.append(fingerprint := CsvFingerprint(csv.size))
            with keep(fingerprint.sha256) as through:
                header = take_header(through(fingerprint.through(csv.chunks)))
                blocks = cut_blocks(
                    header.rest,
                    first_line=1 + header.lines,
                    block_bytes=block_bytes,
                    row_limit_bytes=row_limit_bytes,
                )
                parser = RowParser(header.names, expected, csv.constants, quotes_values=not pii.hides)
                if writer is None:
                    columns = parser.columns
                    personal = PersonalColumns(columns, pii)
                    writer = open_writer(personal.schema(parser.schema))
                    new_columns = tuple(name for name in header.names if name not in expected.names)
                elif parser.columns != columns:
                    raise CsvError("the CSVs of one day have different columns; nothing was landed")
                _pump(blocks, parser, writer, check, personal)
                quoted_empties += parser.quoted_empties
        schema = personal.schema(arrow_schema(columns))
        writer = writer or open_writer(schema)
        csv_sha256 = ",".join(fingerprint.sha256() for fingerprint in fingerprints)
        csv_bytes = sum(fingerprint.bytes_ for fingerprint in fingerprints)
        own_facts = {
            FACT_PREFIX + "csv_sha256": csv_sha256,
            FACT_PREFIX + "csv_bytes": str(csv_bytes),
            FACT_PREFIX + "new_columns": json.dumps(new_columns),
            FACT_PREFIX + "pii": pii.policy,
        }
        if personal.headers:
            own_facts[FACT_PREFIX + "pii_columns"] = json.dumps(personal.headers)
        if pii.key_id:
            own_facts[FACT_PREFIX + "pii_key_id"] = pii.key_id
        if quoted_empties:
            own_facts[FACT_PREFIX + "quoted_empties"] = json.dumps(quoted_empties)
        writer.finish({**facts, **own_facts})
    except BaseException as error:
        if writer is not None:
            writer.abandon()
        if isinstance(error, MemoryError):  # Arrow's own is a subclass
            raise LakeError(
                f"memory ran out ({str(error)[:200] or 'Python'}); nothing was landed; give the process more"
                " memory, or land fewer reports at once"
            ) from error
        if isinstance(error, pa.ArrowException):
            why = type(error).__name__ if pii.hides else str(error)[:200]
            raise CsvError(f"the CSV cannot be converted: {why}; nothing was landed") from (
                None if pii.hides else error
            )
        raise
    return Converted(
        schema,
        writer.rows,
        csv_bytes,
        csv_sha256,
        new_columns,
        dict(quoted_empties),
        pii,
        personal.headers,
    )


def _pump(
    blocks: Iterable[Block],
    parser: RowParser,
    writer: RowWriter,
    check: Callable[[pa.Table, Block], None] | None,
    personal: PersonalColumns,
) -> None:
    """Parse the blocks in one thread, and write them in another, in their order."""

    def parse(block: Block) -> pa.Table:
        try:
            table = parser.parse(block)
            if check:
                check(table, block)
            return personal.hide(table)
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
                wait([parsing.popleft()])  # its error is raised by the writer, after those of earlier blocks
            while len(in_flight) > _BLOCKS_IN_FLIGHT:
                in_flight.popleft().result()
        while in_flight:
            in_flight.popleft().result()
    finally:
        parsers.shutdown(cancel_futures=True)
        writers.shutdown(cancel_futures=True)
