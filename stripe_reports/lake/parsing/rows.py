"""The rows of a block, parsed strictly into a typed Arrow table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from stripe_reports.errors import CsvError
from stripe_reports.lake.parsing.blocks import Block
from stripe_reports.lake.parsing.misfit import explain_misfit
from stripe_reports.lake.parsing.schema import ARROW_TYPES, Column, arrow_schema, table_columns
from stripe_reports.lake.parsing.source import ExpectedColumns
from stripe_reports.lake.parsing.values import MisfitError, convert

_BOM = b"\xef\xbb\xbf"


class RowParser:
    """A parser of one CSV's blocks into tables of one schema. Several threads may use it at once."""

    def __init__(
        self,
        header: Sequence[str],
        expected: ExpectedColumns,
        constants: Mapping[str, str],
        *,
        quotes_values: bool = True,
    ) -> None:
        """`quotes_values`: whether errors quote the value at fault, which may be personal data."""
        self.columns: tuple[Column, ...] = table_columns(header, expected)
        self.schema: pa.Schema = arrow_schema(self.columns)
        self._header = list(header)
        self._constants = constants
        self._quotes_values = quotes_values
        self._lock = Lock()
        self.quoted_empties: Counter[str] = Counter()
        """The number of nulls so far that are `""` in the CSV, by the header of their column.

        Columns of text do not count: there `""` stays an empty text.
        """

    def parse(self, block: Block) -> pa.Table:
        """Return the rows of the block, in their order. Raises CsvError with the line at fault."""
        if block.damage:
            raise block.damage
        if block.empty_line is not None and len(self._header) > 1:
            raise CsvError(f"line {block.empty_line} is empty; nothing was landed")
        try:
            _demand_utf8(block)
            texts = self._texts(block, pa.string())
            arrays = [self._values(texts, column) for column in self.columns]
            return pa.Table.from_arrays(arrays, schema=self.schema)
        except (pa.ArrowInvalid, MisfitError) as error:
            misfit = explain_misfit(
                block, self.columns, self._texts, error, quotes_values=self._quotes_values
            )
            raise misfit from (error if self._quotes_values else None)

    def _values(self, texts: pa.Table, column: Column) -> Any:
        if column.header in self._header:
            values, quoted_empties = convert(texts.column(column.header), column.type)
            if quoted_empties:
                with self._lock:
                    self.quoted_empties[column.header] += quoted_empties
            return values
        if column.header in self._constants:
            constant = pa.repeat(self._constants[column.header], texts.num_rows)
            return convert(pa.chunked_array([constant]), column.type)[0]
        return pa.nulls(texts.num_rows, ARROW_TYPES[column.type])

    def _texts(self, block: Block, type_: pa.DataType, **parse_options: Any) -> pa.Table:
        """Read every column as text, in the CSV's order. An unquoted empty field is null, `""` an empty text.

        Everything is read as text because the conversion from text is stricter (Arrow's CSV reader trims
        blanks around numbers) and costs the same.
        """
        data = block.data
        if data[: len(_BOM)] == _BOM:  # Arrow drops one at the start of its input
            data = memoryview(_BOM + data)
        return arrow_csv.read_csv(
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


def _demand_utf8(block: Block) -> None:
    """Raise ArrowInvalid if the block is not UTF-8.

    Checking all at once is faster than field by field, and gives the same, because ASCII separates the
    fields.
    """
    offsets = pa.py_buffer(np.array([0, len(block.data)], np.int64))  # `pa.array` imports pandas
    whole = pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, pa.py_buffer(block.data)])
    whole.cast(pa.large_string())
