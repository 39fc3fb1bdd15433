"""From a block of CSV rows to a typed Arrow table, strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from stripe_reports.errors import CsvError
from stripe_reports.lake.blocks import Block
from stripe_reports.lake.misfit import explain_misfit, line_offsets
from stripe_reports.lake.schema import ARROW_TYPES, Column, arrow_schema, table_columns
from stripe_reports.lake.source import ExpectedColumns
from stripe_reports.lake.values import MisfitError, convert

_BOM = b"\xef\xbb\xbf"
# A quote between two characters that are no delimiters: RFC 4180 doubles quotes inside a field, and Arrow
# would read `"a"b` as `ab` without a word.
_STRAY_QUOTE = re.compile(rb'[^",\n]"[^",\r\n]')


class RowParser:
    """Turns blocks of one CSV into tables of one schema. Safe to use from several threads at once."""

    def __init__(
        self, header: Sequence[str], expected: ExpectedColumns, constants: Mapping[str, str]
    ) -> None:
        self.columns: tuple[Column, ...] = table_columns(header, expected)
        self.schema: pa.Schema = arrow_schema(self.columns)
        self._header = list(header)
        self._constants = constants
        self._null_row = b"," * (len(header) - 1) + b"\n"

    def parse(self, block: Block) -> pa.Table:
        """The rows of the block in their order. Raises CsvError with the line at fault."""
        _demand_no_stray_quote(block)
        try:
            _demand_utf8(block)
            texts = self._texts(block, pa.string())
            _demand_lines(texts, block)
            arrays = [self._values(texts, column) for column in self.columns]
            return pa.Table.from_arrays(arrays, schema=self.schema)
        except (pa.ArrowInvalid, MisfitError) as error:
            raise explain_misfit(block, self.columns, self._texts, error) from error

    def _values(self, texts: pa.Table, column: Column) -> Any:
        if column.header in self._header:
            return convert(texts.column(column.header), column.type)
        if column.header in self._constants:
            return pa.repeat(self._constants[column.header], texts.num_rows)
        return pa.nulls(texts.num_rows, ARROW_TYPES[column.type])

    def _texts(self, block: Block, type_: pa.DataType, **parse_options: Any) -> pa.Table:
        """Every column as text, in the CSV's order: a bare nothing is null, `""` is an empty text.

        Everything is read as text because the conversion from text is the stricter one (Arrow's CSV reader
        trims blanks around numbers), and costs the same.
        """
        # The null row at the end shows whether Arrow, too, saw the end of the block outside quotes.
        data = block.ending_with(self._null_row)
        if data[: len(_BOM)] == _BOM:  # Arrow drops one at the start of what it is given
            data = memoryview(_BOM + data)
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(
                use_threads=False,  # the blocks are parsed in parallel already
                column_names=self._header,
                block_size=len(data),
            ),
            parse_options=arrow_csv.ParseOptions(
                newlines_in_values=True, ignore_empty_lines=False, **parse_options
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(self._header, type_),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                check_utf8=False,
            ),
        )
        if table.column(table.num_columns - 1)[-1].is_valid:
            raise MisfitError("a quoted field does not end")
        return table.slice(0, table.num_rows - 1)


def _demand_no_stray_quote(block: Block) -> None:
    if block.may_have_stray_quote and (match := _STRAY_QUOTE.search(block.data)):
        line = block.first_line + bytes(block.data[: match.start() + 1]).count(b"\n")
        raise CsvError(f"line {line}: a quote inside a field is not doubled; nothing was landed")


def _demand_utf8(block: Block) -> None:
    """All at once, which is faster than field by field, and the same: what separates fields is ASCII."""
    offsets = pa.py_buffer(np.array([0, len(block.data)], np.int64))  # `pa.array` would import pandas
    whole = pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, pa.py_buffer(block.data)])
    whole.cast(pa.large_string())


def _demand_lines(texts: pa.Table, block: Block) -> None:
    """Every row ends with a newline, and none is an empty line, unless the CSV has one column only.

    Arrow also ends a row at a bare carriage return, and reads an empty line as a row of nulls.
    """
    if block.contains(b"\r"):
        _, newlines = line_offsets(texts)
        if newlines != bytes(block.data).count(b"\n"):
            raise MisfitError("a row ends with a carriage return without a newline")
    if texts.num_columns == 1 or not all(column.null_count for column in texts.columns):
        return
    all_null = reduce(pc.and_, (pc.is_null(column) for column in texts.columns))
    if not pc.any(all_null).as_py():
        return
    lines = bytes(block.data).split(b"\n")
    offsets, _ = line_offsets(texts)
    for offset in offsets.filter(all_null).to_pylist():
        if not lines[offset].strip(b"\r"):
            raise CsvError(f"line {block.first_line + offset} is empty; nothing was landed")
