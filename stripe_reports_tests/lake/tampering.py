"""Ways to change a landed table or a kept CSV behind the lake's back, and to ask whether that is found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stripe_reports.errors import VerificationError
from stripe_reports.lake import Lake
from stripe_reports.lake.proving import verification
from stripe_reports.lake.proving.csv_reader import read_csv
from stripe_reports.lake.proving.verification import VerifiedDay
from stripe_reports_tests.lake.support import DAY, TABLE, stripe_csv

HEADER = ["description", "gross", "created_utc", "created", "booked_date", "count", "card_present",
           "payment_metadata[order_id]"]  # fmt: skip
ROW = ["Größe\n", "-0.10", "2025-09-01 23:59:59", "2025-09-02", "2025-09-01", "7", "true", ""]
ROWS = [ROW, [None] * 8, ["", "2.5", "2025-09-01 13:05", "2025-09-01T13:05:06.000001",
         "2025-09-01 00:00:00", "-1", "false", "x"], ROW]  # fmt: skip
CSV = stripe_csv(HEADER, ROWS)
LINES = [2, 4, 5, 6]
"""The lines on which the rows start."""


def verify(lake: Lake, day: date = DAY, table: str = TABLE) -> VerifiedDay:
    (verified,) = lake.verify(table, [day])
    assert verified.day == day
    return verified


def proven(lake: Lake, day: date = DAY, table: str = TABLE) -> VerifiedDay:
    verified = verify(lake, day, table)
    assert verified.error is None
    return verified


def refuted(lake: Lake, day: date = DAY, table: str = TABLE) -> str:
    """Why the day is not proven: one line that says where and what to do."""
    error = verify(lake, day, table).error
    assert type(error) is VerificationError
    message = str(error)
    assert message.startswith(f"{table} {day}: ")
    assert message.endswith("materialize that day again")
    assert "\n" not in message
    return message.removeprefix(f"{table} {day}: ")


def rewrite(
    lake: Lake,
    change: Callable[[pa.Table], pa.Table],
    facts: Mapping[str, str | None] | None = None,
    day: date = DAY,
    table: str = TABLE,
) -> None:
    """Change the table in its file, and keep the footer but for some of its facts."""
    path = lake.uri(table, day)
    before = pq.ParquetFile(path).read()
    footer = {**before.schema.metadata}
    for name, fact in (facts or {}).items():
        footer.pop(f"stripe_reports.{name}".encode(), None)
        if fact is not None:
            footer[f"stripe_reports.{name}".encode()] = fact.encode()
    after = change(before)
    pq.write_table(after.replace_schema_metadata(footer), path)


def with_value(column: str, row: int, value: Any) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        assert values[row] != value or type(values[row]) is not type(value)
        values[row] = value
        number = table.column_names.index(column)
        return table.set_column(number, table.field(number), pa.array(values, table.field(number).type))

    return change


def kept(lake: Lake, csv: bytes) -> Path:
    return Path(lake.root, "_csv", f"{hashlib.sha256(csv).hexdigest()}.csv.zst")


def replace_kept(lake: Lake, csv: bytes, by: bytes) -> None:
    kept(lake, csv).write_bytes(pa.Codec("zstd").compress(by, asbytes=True))


def read_in_blocks(patch: pytest.MonkeyPatch, chars: int) -> None:
    """Let the second reader cut CSVs into blocks of about so many characters."""
    patch.setattr(verification, "read_csv", partial(read_csv, block_chars=chars))
