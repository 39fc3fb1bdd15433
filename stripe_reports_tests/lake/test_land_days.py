"""One CSV of several days becomes one table per day: every row in its day and its order, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_reports.errors import CsvError, DownloadError
from stripe_reports.lake import Csv, DayColumn, ExpectedColumns, Lake, LandedTable
from stripe_reports.lake.writing import day_writer
from stripe_reports_tests.lake.support import ITEMIZED, TABLE, in_chunks, land, stripe_csv

_HEADER = ["balance_transaction_id", "created_utc", "created", "gross"]
_UTC = DayColumn("created_utc", "UTC")
_DAYS = [date(2025, 10, 25) + timedelta(days=n) for n in range(3)]


def _land_days(
    lake: Lake,
    csv: bytes,
    days: Sequence[date] = _DAYS,
    column: DayColumn = _UTC,
    size: int | None = None,
) -> dict[date, LandedTable]:
    return lake.land_days(
        ITEMIZED,
        days,
        Csv(in_chunks(csv, 1000), size),
        day_column=column,
        expected=ExpectedColumns(["balance_transaction_id"]),
        facts={"report_run_id": "frr_1"},
    )


def _row(number: int, instant: datetime, zone: str = "UTC") -> tuple[str, str, str, str]:
    local = instant.astimezone(ZoneInfo(zone))
    return f"txn_{number}", f"{instant:%Y-%m-%d %H:%M:%S}", f"{local:%Y-%m-%d %H:%M:%S}", f"{number}.50"


def _files(lake: Lake) -> dict[str, bytes]:
    files = Path(lake.root).rglob("*")
    return {str(path.relative_to(lake.root)): path.read_bytes() for path in files if path.is_file()}


# Three days of Berlin, of which the second has 25 hours, as seconds from their first instant.
_ZONE = "Europe/Berlin"
_FIRST = datetime(2025, 10, 25, tzinfo=ZoneInfo(_ZONE)).astimezone(UTC)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, 73 * 3600 - 1), max_size=40),
    st.booleans(),
    st.sampled_from(["created_utc", "created"]),
    st.integers(0, 200),
)
def test_the_split_days_hold_what_each_day_landed_alone_holds(
    seconds: list[int], is_sorted: bool, column: str, pending_bytes: int
) -> None:
    instants = [_FIRST + timedelta(seconds=second) for second in (sorted(seconds) if is_sorted else seconds)]
    rows = [_row(number, instant, _ZONE) for number, instant in enumerate(instants)]
    days = [instant.astimezone(ZoneInfo(_ZONE)).date() for instant in instants]
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(day_writer, "_PENDING_BYTES", pending_bytes)
        split, alone = Lake.open(f"{folder}/split"), Lake.open(f"{folder}/alone")
        landed = _land_days(split, stripe_csv(_HEADER, rows), column=DayColumn(column, _ZONE))
        assert list(landed) == _DAYS
        for day in _DAYS:
            own = [row for row, its_day in zip(rows, days, strict=True) if its_day == day]
            land(alone, stripe_csv(_HEADER, own), day=day)
            assert split.read_table(TABLE, [day]).equals(alone.read_table(TABLE, [day]))
            assert landed[day].rows == len(own)
            assert split.provenance(TABLE, day)["rows"] == str(len(own))


def test_each_file_says_its_day_and_of_which_csv_it_is_a_part(lake: Lake) -> None:
    csv = stripe_csv(_HEADER, [_row(1, datetime(2025, 10, 26, 12, tzinfo=UTC))])
    landed = _land_days(lake, csv, size=len(csv))
    assert [table.rows for table in landed.values()] == [0, 1, 0]
    assert {table.csv_bytes for table in landed.values()} == {len(csv)}
    for day in _DAYS:
        provenance = lake.provenance(TABLE, day)
        assert provenance["day"] == day.isoformat()
        assert provenance["report_run_id"] == "frr_1"
        assert (provenance["split_by"], provenance["split_timezone"]) == ("created_utc", "UTC")
        assert b"".join(lake.kept_csv(provenance["csv_sha256"])) == csv
        assert landed[day].parquet_bytes == Path(landed[day].uri).stat().st_size


@pytest.mark.parametrize(
    ("instant", "said"),
    [
        ("2025-10-28 00:00:00", "2025-10-28 00:00:00"),
        ("2025-10-24 23:59:59", "2025-10-24 23:59:59"),
        (None, "None"),
    ],
)
def test_a_row_of_no_day_that_was_asked_for_lands_nothing(lake: Lake, instant: str | None, said: str) -> None:
    before = _land_days(lake, stripe_csv(_HEADER, []))
    files = _files(lake)
    rows: list[Any] = [_row(n, datetime(2025, 10, 25, tzinfo=UTC)) for n in range(3)]
    csv = stripe_csv(_HEADER, [*rows, ("txn_x", instant, "2025-10-28 00:00:00", "1"), *rows])
    with pytest.raises(
        CsvError, match=rf"^{ITEMIZED.id}: row 4 has {said}.* in column 'created_utc'"
    ) as caught:
        _land_days(lake, csv)
    assert "on none of the 3 days that were asked for in UTC; nothing was landed" in str(caught.value)
    assert _files(lake) == files
    assert len(before) == 3


def test_a_day_between_that_was_not_asked_for_is_refused_too(lake: Lake) -> None:
    csv = stripe_csv(_HEADER, [_row(1, datetime(2025, 10, 26, tzinfo=UTC))])
    with pytest.raises(CsvError, match="row 1 has 2025-10-26"):
        _land_days(lake, csv, [_DAYS[0], _DAYS[2]])


def test_a_truncated_csv_lands_no_day(lake: Lake) -> None:
    csv = stripe_csv(_HEADER, [_row(n, datetime(2025, 10, 25, tzinfo=UTC)) for n in range(100)])
    with pytest.raises(DownloadError, match="truncated"):
        _land_days(lake, csv[:-5], size=len(csv))
    assert _files(lake) == {}


def test_rows_of_many_days_all_mixed_stay_in_bounded_memory(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_writer, "_PENDING_BYTES", 200_000)
    days = [date(2025, 10, 1) + timedelta(days=n) for n in range(31)]
    instants = [datetime(2025, 10, 1 + n % 31, n % 24, tzinfo=UTC) for n in range(60_000)]
    landed = _land_days(lake, stripe_csv(_HEADER, map(_row, range(60_000), instants)), days)
    assert sum(table.rows for table in landed.values()) == 60_000
    table = lake.read_table(TABLE)
    assert table["balance_transaction_id"].to_pylist() == [
        f"txn_{n}" for day in range(31) for n in range(day, 60_000, 31)
    ]
    assert pq.read_metadata(landed[days[0]].uri).num_row_groups > 1, "not all rows waited for the end"
