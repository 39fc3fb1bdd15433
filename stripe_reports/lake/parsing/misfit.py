"""The first value in a block that does not fit, described by line, column, value and type."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from stripe_reports.catalog import ColumnType
from stripe_reports.errors import CsvError
from stripe_reports.lake.parsing.blocks import Block
from stripe_reports.lake.parsing.schema import Column
from stripe_reports.lake.parsing.values import DESCRIPTIONS, first_misfit

_VALUE_LENGTH = 60


def line_offsets(texts: pa.Table) -> tuple[pa.Array, int]:
    """Return for each row the number of lines before it in its block, and the number of lines of all rows.

    A row takes one line, and one more for each newline inside its fields.
    """
    lines: pa.Array = pa.repeat(pa.scalar(1, pa.int64()), texts.num_rows)
    for column in texts.columns:
        lines = pc.add(lines, pc.fill_null(pc.count_substring(column, "\n"), 0).cast(pa.int64()))
    if isinstance(lines, pa.ChunkedArray):
        lines = lines.combine_chunks()
    ends = pc.cumulative_sum(lines)
    return pc.subtract(ends, lines), ends[-1].as_py() if len(ends) else 0


def explain_misfit(
    block: Block,
    columns: Sequence[Column],
    read_texts: Callable[..., pa.Table],
    error: Exception,
    *,
    quotes_values: bool,
) -> CsvError:
    """Return the error for the first row of the block that does not fit. Reads the block again, as bytes.

    `read_texts(block, type, **parse_options)` reads all columns of the block with that type. Unless
    `quotes_values`, the error quotes nothing of any column: where a row is damaged, a personal text may stand
    in another column than its own.
    """
    bad_rows: list[arrow_csv.InvalidRow] = []

    def skip(row: arrow_csv.InvalidRow) -> str:
        if not bad_rows:  # a block may have a million of them
            bad_rows.append(row)
        return "skip"

    line_without_utf8 = _line_without_utf8(block)
    # pyarrow decodes a row before it hands it over, and prints a traceback if it cannot.
    handler = {} if line_without_utf8 else {"invalid_row_handler": skip}
    try:
        texts = read_texts(block, pa.binary(), **handler)
    except pa.ArrowInvalid as damage:
        if line_without_utf8:
            return CsvError(f"line {line_without_utf8} is not text in UTF-8; nothing was landed")
        return _somewhere(block, damage, quotes_values=quotes_values)
    good_rows = bad_rows[0].number - 1 if bad_rows else texts.num_rows
    if misfit := _first_misfit(
        texts.slice(0, good_rows), columns, block.first_line, quotes_values=quotes_values
    ):
        return misfit
    if bad_rows:
        line = block.first_line + line_offsets(texts.slice(0, good_rows))[1]
        fields = "1 field" if bad_rows[0].actual_columns == 1 else f"{bad_rows[0].actual_columns} fields"
        return CsvError(
            f"the row on line {line} has {fields} where the header has {bad_rows[0].expected_columns};"
            " nothing was landed"
        )
    return _somewhere(block, error, quotes_values=quotes_values)


def _line_without_utf8(block: Block) -> int | None:
    try:
        str(block.data, "utf-8")
    except UnicodeDecodeError as error:
        return block.first_line + error.object[: error.start].count(b"\n")
    return None


def _first_misfit(
    texts: pa.Table, columns: Sequence[Column], first_line: int, *, quotes_values: bool
) -> CsvError | None:
    types = {column.header: column.type for column in columns}
    first: tuple[int, str, str] | None = None
    for header in texts.column_names:
        column = texts.column(header) if first is None else texts.column(header).slice(0, first[0])
        row, wanted = first_misfit(column, ColumnType.STRING), ColumnType.STRING  # is it UTF-8?
        valid = column.slice(0, row).cast(pa.string())
        earlier = first_misfit(valid, types[header])
        if earlier is not None:
            row, wanted = earlier, types[header]
        if row is not None:
            first = (row, header, DESCRIPTIONS[wanted])
    if first is None:
        return None
    row, header, description = first
    before = texts.column_names[: texts.column_names.index(header)]
    line = first_line + line_offsets(texts)[0][row].as_py()
    line += sum((texts.column(name)[row].as_py() or b"").count(b"\n") for name in before)
    bad: bytes = texts.column(header)[row].as_py()
    value = _short(bad) if quotes_values else f"a text of {len(bad)} bytes"
    return CsvError(f"line {line}, column {header!r}: {value} is not {description}; nothing was landed")


def _short(value: bytes) -> str:
    try:
        text = repr(value.decode())
    except UnicodeDecodeError:
        text = repr(value)
    return text if len(text) <= _VALUE_LENGTH else f"{text[:_VALUE_LENGTH]}… ({len(value)} bytes)"


def _somewhere(block: Block, error: Exception, *, quotes_values: bool) -> CsvError:
    last_line = block.first_line + bytes(block.data).count(b"\n") - 1
    what = str(error)[:200] if quotes_values else "the rows do not fit"
    return CsvError(f"between lines {block.first_line} and {last_line}: {what}; nothing was landed")
