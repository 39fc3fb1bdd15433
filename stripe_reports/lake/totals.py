"""What the amounts of a landed day add up to, by currency: exactly."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stripe_reports.catalog import EXACT

_AMOUNTS = ("gross", "fee", "net", "gross_amount", "fee_amount", "net_amount", "amount")
_CURRENCY, _CATEGORY = "currency", "reporting_category"
_BATCH_ROWS = 1 << 16
_WIDEST = 76  # digits of a decimal256

# Made from buffers, because pyarrow would import pandas to make it from Python's text.
_TOTAL = pa.Array.from_buffers(
    pa.string(), 1, [None, pa.py_buffer(np.array([0, 5], np.int32)), pa.py_buffer(b"total")]
)

Sums = dict[str, dict[str, Decimal]]


def sum_amounts(file: pq.ParquetFile) -> Sums:
    """{currency: {column: sum}}, as `Lake.totals` says. Raises what Arrow raises."""
    schema = file.schema_arrow
    amounts = [
        name for name in _AMOUNTS if name in schema.names and pa.types.is_decimal128(schema.field(name).type)
    ]
    if _CURRENCY not in schema.names or not amounts:
        return {}
    columns = [_CURRENCY, *amounts] + [_CATEGORY] * (_CATEGORY in schema.names)
    sums: Sums = {}
    # One row group after another: Arrow would fetch all that it is asked for into memory.
    for number in range(file.num_row_groups):
        for batch in file.iter_batches(_BATCH_ROWS, row_groups=[number], columns=columns, use_threads=False):
            _add(batch, amounts, sums)
    return dict(sorted(sums.items()))


def _add(batch: pa.RecordBatch, amounts: list[str], sums: Sums) -> None:
    # No `group_by`: it would import pandas, too.
    if _CATEGORY in batch.schema.names:
        batch = batch.filter(pc.invert(pc.is_in(batch.column(_CATEGORY), value_set=_TOTAL)))
    currencies, batch = batch.column(_CURRENCY), batch.select(amounts)
    for currency in pc.unique(currencies):
        its = pc.equal(currencies, currency) if currency.is_valid else pc.is_null(currencies)
        rows = batch.filter(its)
        own = sums.setdefault(currency.as_py() or "", dict.fromkeys(amounts, Decimal(0)))
        for name in amounts:
            own[name] = EXACT.add(own[name], _sum(rows.column(name)))


def _sum(values: pa.Array) -> Decimal:
    """Widened first: Arrow's sum of a decimal128 has as many bits, and wraps around when it is too large."""
    wide = values.cast(pa.decimal256(_WIDEST, values.type.scale))
    total: Decimal = pc.sum(wide, min_count=0).as_py()
    return total
