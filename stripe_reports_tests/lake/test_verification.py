"""A landed day is proven value by value, unless it is not landed or its CSV is not kept."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_reports.errors import CsvNotKeptError
from stripe_reports.lake import Csv, ExpectedColumns, Lake
from stripe_reports.lake.proving import comparison
from stripe_reports.lake.proving.verification import VerifiedDay
from stripe_reports_tests.lake.support import DAY, ITEMIZED, TABLE, in_chunks, land, stripe_csv
from stripe_reports_tests.lake.tampering import (
    CSV,
    HEADER,
    kept,
    proven,
    read_in_blocks,
    refuted,
    rewrite,
    verify,
    with_value,
)

_naive = datetime.fromisoformat


@pytest.fixture
def landed(lake: Lake) -> Lake:
    land(lake, CSV)
    return lake


# What is true


def test_what_landed_is_proven_and_counted(landed: Lake) -> None:
    digest = hashlib.sha256(CSV).hexdigest()
    assert proven(landed) == VerifiedDay(DAY, 4, 32, digest, len(CSV), None)


_TEXTS = st.text(max_size=12)
_INSTANTS = st.datetimes(_naive("1900-01-01"), _naive("2100-01-01"))
_AMOUNTS = st.builds(
    lambda sign, whole, decimals: f"{sign}{whole}" + (f".{decimals}" if decimals else ""),
    st.sampled_from(["", "-"]),
    st.text("0123456789", min_size=1, max_size=20),
    st.text("0123456789", max_size=18),
)
_VALUES = [
    _TEXTS,
    _AMOUNTS,
    _INSTANTS.map(lambda instant: instant.isoformat(sep=" ")),
    st.one_of(_INSTANTS.map(lambda i: f"{i:%Y-%m-%d %H:%M}"), _INSTANTS.map(lambda i: i.isoformat())),
    st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(str),
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.sampled_from(["true", "false"]),
    _TEXTS,
]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(*(st.none() | values for values in _VALUES)), max_size=25),
    st.integers(1, 400),
    st.integers(1, 300),
    st.booleans(),
)
def test_every_csv_that_lands_is_proven(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str | None, ...]],
    chunk: int,
    block_chars: int,
    crlf: bool,
) -> None:
    lake = Lake.open(str(tmp_path_factory.getbasetemp() / "lake"))
    csv = stripe_csv(HEADER, rows)
    if crlf and not any("\n" in (text or "") for row in rows for text in row):
        csv = csv.replace(b"\n", b"\r\n")
    land(lake, in_chunks(csv, chunk))
    with pytest.MonkeyPatch.context() as patch:
        read_in_blocks(patch, block_chars)
        verified = proven(lake)
    assert (verified.rows, verified.values) == (len(rows), 8 * len(rows))


def test_a_column_that_the_csv_lacks_is_proven_to_be_null(lake: Lake) -> None:
    expected = ExpectedColumns(["gross", "fee"], optional=frozenset({"fee"}))
    lake.land(ITEMIZED, DAY, [Csv([stripe_csv(["gross"], [("1",), ("2",)])])], expected=expected, facts={})
    assert proven(lake).values == 4
    rewrite(lake, with_value("fee", 1, Decimal("0.30")))
    assert refuted(lake).startswith("line 3, column 'fee': the CSV has no such column and the table has 0.3;")


def test_many_blocks_and_batches_are_compared_row_by_row(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(f"txn_{number}", f"{number}.50") for number in range(40_000)]
    land(lake, stripe_csv(["description", "gross"], rows))
    assert proven(lake).rows == 40_000
    rewrite(lake, with_value("gross", 39_998, Decimal("39998.51")))
    assert refuted(lake).startswith(
        "line 40000, column 'gross': the CSV says '39998.50' and the table 39998.51;"
    )


def test_more_texts_than_are_remembered_are_read_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison._Known, "_MOST", 2)
    land(
        lake, stripe_csv(["description", "gross"], [("x", text) for text in ("1", "2", "3", None, "1", None)])
    )
    assert proven(lake).rows == 6


def test_without_a_day_it_is_every_landed_one(landed: Lake) -> None:
    land(landed, stripe_csv(["gross"], []), day=date(2025, 8, 31))
    assert [(day.day, day.rows, day.error) for day in landed.verify(TABLE)] == [
        (date(2025, 8, 31), 0, None),
        (DAY, 4, None),
    ]
    assert list(landed.verify("nothing")) == []


def test_in_a_bucket_it_is_the_same(bucket: str) -> None:
    lake = Lake.open(f"s3://{bucket}/lake")
    land(lake, CSV)
    assert proven(lake).values == 32


# The CSV is not kept


def test_a_day_whose_csv_is_not_kept_is_not_proven(landed: Lake) -> None:
    kept(landed, CSV).unlink()
    error = verify(landed).error
    assert isinstance(error, CsvNotKeptError)
    assert str(error).startswith(f"{TABLE} {DAY}: {landed.root}/_csv/")
    off = Lake.open(landed.root, keep_csv=False)
    land(off, CSV)
    assert isinstance(verify(off).error, CsvNotKeptError)
    land(landed, CSV, day=date(2025, 9, 2))
    assert proven(off), "the same CSV was kept for another day"


def test_a_day_that_is_not_landed_is_one_line(landed: Lake) -> None:
    error = verify(landed, date(2025, 9, 9)).error
    assert f"{TABLE} 2025-09-09: " in str(error)
    assert "is not landed; materialize that day first" in str(error)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux' /proc")
@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(lake: Lake) -> None:
    header = ["description", "gross", "created_utc", *(f"id_{number}" for number in range(10))]

    def stream() -> Iterator[bytes]:
        yield ",".join(header).encode() + b"\n"
        for batch in range(100):
            ids = b"".join(b',"id_%d_%d"' % (batch, number) for number in range(10))
            yield b"".join(b'"Payment %d","%d.05","2025-09-01 12:00:%02d"' % (n, n, n % 60) + ids + b"\n"
                           for n in range(6000))  # fmt: skip

    land(lake, stream())
    script = textwrap.dedent(
        f"""
        from stripe_reports.lake import Lake

        (day,) = Lake.open({lake.root!r}).verify({TABLE!r})
        # Not ru_maxrss: a process inherits that from the one that starts it.
        status = dict(line.split(":") for line in open("/proc/self/status"))
        print(day.error, day.csv_bytes, int(status["VmHWM"].split()[0]) // 1024)
        """
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    error, csv_bytes, peak_mib = done.stdout.split()
    assert error == "None"
    assert int(csv_bytes) > 70 << 20
    assert int(peak_mib) < 250
