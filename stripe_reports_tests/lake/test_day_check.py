"""A CSV of one day whose rows are of another day does not land."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from stripe_reports.errors import CsvError
from stripe_reports.lake import Csv, DayColumn, ExpectedColumns, Lake, LandedTable
from stripe_reports_tests.lake.support import ITEMIZED, in_chunks, stripe_csv

_HEADER = ["description", "created_utc", "created", "activity_date", "gross"]
_DAY = date(2025, 10, 26)
_UTC = DayColumn("created_utc", "UTC")
_BERLIN_WALL_CLOCK = DayColumn("created", "Europe/Berlin")
_BERLIN = DayColumn("created_utc", "Europe/Berlin")
"""Where the day has 25 hours: from 22:00 UTC of the day before to 23:00 UTC."""


def _csv(column: str, values: Sequence[str | None]) -> bytes:
    rows = []
    for value in values:
        row: dict[str, str | None] = dict.fromkeys(_HEADER, None)
        rows.append(
            [(row | {"description": "two\nlines", "gross": "1.00", column: value})[name] for name in _HEADER]
        )
    return stripe_csv(_HEADER, rows)


def _land(lake: Lake, csv: bytes, column: DayColumn | None) -> LandedTable:
    return lake.land(
        ITEMIZED,
        _DAY,
        [Csv(in_chunks(csv, 1000), len(csv))],
        expected=ExpectedColumns(["description"]),
        facts={},
        day_column=column,
    )


@pytest.mark.parametrize(
    ("column", "first", "last", "outside"),
    [
        (_UTC, "2025-10-26 00:00:00", "2025-10-26 23:59:59", ["2025-10-25 23:59:59", "2025-10-27 00:00:00"]),
        (
            _BERLIN,
            "2025-10-25 22:00:00",
            "2025-10-26 22:59:59",
            ["2025-10-25 21:59:59", "2025-10-26 23:00:00"],
        ),
        (
            _BERLIN_WALL_CLOCK,
            "2025-10-26 00:00:00",
            "2025-10-26 23:59:59",
            ["2025-10-25 23:59:59", "2025-10-27 00:00:00"],
        ),
    ],
    ids=["UTC", "instants of Berlin", "wall clock of Berlin"],
)  # fmt: skip
def test_the_first_row_of_another_day_is_named_and_nothing_lands(
    lake: Lake, column: DayColumn, first: str, last: str, outside: list[str]
) -> None:
    inside = [first, last, None, first]
    assert _land(lake, _csv(column.name, inside), column).rows == 4
    before = {path: path.read_bytes() for path in Path(lake.root).rglob("*") if path.is_file()}
    for value in outside:
        with pytest.raises(CsvError) as refused:
            _land(lake, _csv(column.name, [*inside, value, value]), column)
        # Each row before takes two lines, and the header one.
        assert str(refused.value).startswith(
            f"{ITEMIZED.id} {_DAY}: line 10, column {column.name!r}: {value}"
        )
        assert f"is not on {_DAY} in {column.timezone}, the day that was asked for" in str(refused.value)
    assert {path: path.read_bytes() for path in Path(lake.root).rglob("*") if path.is_file()} == before


def test_without_a_column_that_says_the_day_every_row_lands(lake: Lake) -> None:
    assert _land(lake, _csv("created_utc", ["2024-01-01 00:00:00"]), None).rows == 1


def test_a_day_without_values_or_rows_or_the_column_lands(lake: Lake) -> None:
    assert _land(lake, _csv("created_utc", [None, None]), _UTC).rows == 2
    assert _land(lake, _csv("created_utc", []), _UTC).rows == 0
    assert _land(lake, stripe_csv(["description"], [["x"]]), _UTC).rows == 1


def test_the_check_changes_no_byte_of_what_lands(lake: Lake, tmp_path: Path) -> None:
    csv = _csv("created_utc", ["2025-10-26 12:00:00"] * 1000)
    other = Lake.open(str(tmp_path / "other"))
    checked, unchecked = _land(lake, csv, _UTC), _land(other, csv, None)
    assert Path(checked.uri).read_bytes() == Path(unchecked.uri).read_bytes()


def test_a_row_of_a_later_block_is_named_by_its_line_in_the_file(lake: Lake) -> None:
    rows = 60_000  # more than one block of 2 MiB
    csv = _csv("created_utc", ["2025-10-26 12:00:00"] * rows + ["2025-10-27 00:00:00"])
    assert len(csv) > 2 << 20
    with pytest.raises(CsvError, match=f"line {2 + 2 * rows}, column 'created_utc': 2025-10-27"):
        _land(lake, csv, _UTC)
