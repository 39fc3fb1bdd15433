"""The exact sums of the amounts of a landed day, by currency."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stripe_reports.catalog import EXACT, line_columns

_AMOUNTS = ("gross", "fee", "net", "gross_amount", "fee_amount", "net_amount", "amount")
_CURRENCY, _CATEGORY = "currency", "reporting_category"
_BATCH_ROWS = 1 << 16
_MOST_LINES = 500
_WIDEST = 76  # the digits of a decimal256

# Made from buffers, because pyarrow would import pandas to make it from Python's text.
_TOTAL = pa.Array.from_buffers(
    pa.string(), 1, [None, pa.py_buffer(np.array([0, 5], np.int32)), pa.py_buffer(b"total")]
)

Sums = dict[str, dict[str, Decimal]]


def sum_amounts(file: pq.ParquetFile) -> Sums:
    """Return {currency: {column: sum}}, sorted by currency.

    The columns are those of gross, fee, net, gross_amount, fee_amount, net_amount and amount that the table
    has. The result is empty if it has none of them, no `currency`, or no rows. A null currency is "", a null
    amount counts as 0, and rows whose `reporting_category` is "total" are left out.

    The rows of some reports are not parts of one whole, such as the lines of a balance summary
    (`catalog.line_columns` names the columns that tell them apart). For these, the result is
    {currency: {line: sum}}, with lines such as `ending_balance`. It is empty if there are more than 500 of
    these sums. Raises what Arrow raises.
    """
    schema = file.schema_arrow
    amounts = [
        name for name in _AMOUNTS if name in schema.names and pa.types.is_decimal128(schema.field(name).type)
    ]
    if _CURRENCY not in schema.names or not amounts:
        return {}
    lines = line_columns(schema.names)
    columns = [_CURRENCY, *amounts, *lines] + [_CATEGORY] * (_CATEGORY in schema.names)
    sums: Sums = {}
    # One row group after another, because Arrow fetches everything that it is asked for into memory.
    for number in range(file.num_row_groups):
        for batch in file.iter_batches(_BATCH_ROWS, row_groups=[number], columns=columns, use_threads=False):
            _add(batch, amounts, lines, sums)
            if sum(map(len, sums.values())) > _MOST_LINES:
                return {}
    return dict(sorted(sums.items()))


def _add(batch: pa.RecordBatch, amounts: list[str], lines: tuple[str, ...], sums: Sums) -> None:
    # No `group_by`, because it would import pandas, too.
    if _CATEGORY in batch.schema.names:
        batch = batch.filter(pc.invert(pc.is_in(batch.column(_CATEGORY), value_set=_TOTAL)))
    for currency, of_currency in _split(batch, _CURRENCY):
        own = sums.setdefault(currency, {} if lines else dict.fromkeys(amounts, Decimal(0)))
        for line, rows in _lines(of_currency, lines):
            for amount in amounts:
                name = amount if not lines else line if len(amounts) == 1 else f"{line}: {amount}"
                own[name] = EXACT.add(own.get(name, Decimal(0)), _sum(rows.column(amount)))


def _split(batch: pa.RecordBatch, column: str) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield each value of the column with its rows, in the order of the rows. A null is ""."""
    values = batch.column(column)
    for value in pc.unique(values):
        its = pc.equal(values, value) if value.is_valid else pc.is_null(values)
        yield value.as_py() or "", batch.filter(its)


def _lines(batch: pa.RecordBatch, columns: tuple[str, ...]) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield each line with its rows: `ending_balance`, or `cash - revenue` for several columns."""
    if not columns:
        yield "", batch
        return
    first, *others = columns
    for value, rows in _split(batch, first):
        for rest, own in _lines(rows, tuple(others)):
            yield f"{value or 'none'} - {rest or 'none'}" if others else value or "none", own


def _sum(values: pa.Array) -> Decimal:
    """Sum the values as decimal256, because Arrow's sum of decimal128 wraps around when it is too large."""
    wide = values.cast(pa.decimal256(_WIDEST, values.type.scale))
    total: Decimal = pc.sum(wide, min_count=0).as_py()
    return total
