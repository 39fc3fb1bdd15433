"""What the lake's tests share: CSVs in Stripe's dialect, and ways to land them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.lake import Csv, ExpectedColumns, Lake, LandedTable
from stripe_reports.lake.writing.conversion import Converted, convert_csvs
from stripe_reports.lake.writing.table_writer import TableWriter

ITEMIZED = REPORT_TYPES["balance_change_from_activity.itemized.3"]
TABLE = ITEMIZED.table
DAY = date(2025, 9, 1)


def stripe_csv(header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> bytes:
    """Every value quoted, numbers too; None is a bare nothing."""
    lines = [list(header), *rows]
    return "".join(",".join(map(_field, line)) + "\n" for line in lines).encode()


def _field(text: str | None) -> str:
    return "" if text is None else '"' + text.replace('"', '""') + '"'


def in_chunks(csv: bytes, size: int) -> Iterator[bytes]:
    yield from (csv[start : start + size] for start in range(0, len(csv), size))


class MemorySink(io.BytesIO):
    """A Parquet file in memory."""

    discarded = False

    def close(self) -> None:
        """Stay readable."""

    def discard(self) -> None:
        self.discarded = True


def converted(
    csv: bytes | Iterable[bytes],
    *,
    expected: Sequence[str] = (),
    size: int | None = None,
    **limits: int,
) -> tuple[pa.Table, Converted, bytes]:
    """The table that comes out of a CSV, the facts about it, and the bytes of its Parquet file."""
    sink = MemorySink()
    chunks = [csv] if isinstance(csv, bytes) else csv
    source = [Csv(chunks, size)]
    facts = convert_csvs(
        source, partial(TableWriter, sink), expected=ExpectedColumns(expected), facts={}, **limits
    )
    return pq.read_table(io.BytesIO(sink.getvalue())), facts, sink.getvalue()


def table_of(csv: bytes, **options: Any) -> pa.Table:
    return converted(csv, **options)[0]


def column_of(name: str, texts: Iterable[str | None], **options: Any) -> list[Any]:
    """One column's values after the way through CSV and Parquet, beside a column of text."""
    csv = stripe_csv(["description", name], (("x", text) for text in texts))
    return table_of(csv, **options).column(name).to_pylist()


def land(
    lake: Lake,
    csv: bytes | Iterable[bytes],
    *,
    day: date = DAY,
    expected: Sequence[str] = (),
    size: int | None = None,
    facts: Mapping[str, str] | None = None,
) -> LandedTable:
    chunks = [csv] if isinstance(csv, bytes) else csv
    return lake.land(
        ITEMIZED, day, [Csv(chunks, size)], expected=ExpectedColumns(expected), facts=facts or {}
    )
