"""What is said of a landed day is what landing said, though only the end of its file is read."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_reports.errors import LakeError
from stripe_reports.lake import Csv, DayColumn, ExpectedColumns, Lake, LandedFile, LandedTable
from stripe_reports_tests.lake.support import DAY, ITEMIZED, TABLE, land, stripe_csv
from stripe_reports_tests.lake.tampering import proven, rewrite

_DAYS = [date(2025, 9, day) for day in (1, 2, 3)]
_HEADER = ["description", "gross", "created_utc", "payment_metadata[order_id]"]
_CSV = stripe_csv(_HEADER, [(f"d{n}", f"{n}.05", "2025-09-01 00:00:00", None) for n in range(200)])


def _landed(lake: Lake, day: date = DAY) -> LandedFile:
    file = lake.landed(TABLE, day)
    assert file is not None
    return file


def _is_told(lake: Lake, day: date, landed: LandedTable) -> None:
    """Also the metadata of the schema, which `==` does not look at."""
    file = _landed(lake, day)
    assert file.table == landed
    assert file.table.schema.equals(landed.schema, check_metadata=True)
    assert file.provenance == lake.provenance(TABLE, day)


def _land_days(lake: Lake, csv: bytes, expected: Sequence[str] = ()) -> Mapping[date, LandedTable]:
    return lake.land_days(
        ITEMIZED,
        _DAYS,
        Csv([csv]),
        day_column=DayColumn("created_utc", "UTC"),
        expected=ExpectedColumns(expected),
        facts={},
    )


# What is told

_NAMES = ["gross", "currency", "count", "card_present", "created", 'a,"b"', "Größe", "m[k]", "m[ü\n]"]


@settings(deadline=None, max_examples=40)
@given(st.permutations(_NAMES), st.integers(0, 9), st.sets(st.sampled_from(_NAMES)), st.data())
def test_what_landed_is_told_again(
    names: list[str], columns: int, expected: set[str], data: st.DataObject
) -> None:
    header = ["created_utc", *names[:columns]]
    hours = data.draw(st.lists(st.integers(0, 71), max_size=10))
    rows = [(f"{_DAYS[hour // 24]} {hour % 24:02}:00:00", *[None] * columns) for hour in hours]
    known = sorted(expected.intersection(header))
    with TemporaryDirectory() as folder:
        one, several = Lake.open(f"{folder}/one"), Lake.open(f"{folder}/several")
        landed = land(one, stripe_csv(header, rows), expected=known, facts={"timezone": "Europe/Berlin"})
        assert landed.new_columns == tuple(name for name in header if name not in known)
        _is_told(one, DAY, landed)
        for day, table in _land_days(several, stripe_csv(header, rows), known).items():
            _is_told(several, day, table)


def test_a_day_of_several_csvs_or_of_none_is_told_too(lake: Lake) -> None:
    expected = ExpectedColumns(["net"], constant=["payout_id"])
    csvs = [Csv([stripe_csv(["net", "new"], [("1", "x")])], None, {"payout_id": f"po_{n}"}) for n in (1, 2)]
    for number in (2, 0):
        landed = lake.land(ITEMIZED, DAY, csvs[:number], expected=expected, facts={})
        assert landed.csv_sha256.count(",") == max(number - 1, 0)
        _is_told(lake, DAY, landed)


def test_a_day_that_is_not_landed_is_none(lake: Lake) -> None:
    assert lake.landed(TABLE, DAY) is None
    land(lake, _CSV)
    assert lake.landed(TABLE, date(2025, 9, 2)) is None
    assert lake.landed("balance_summary_1", DAY) is None


def test_the_day_that_is_there_now_is_told(lake: Lake) -> None:
    land(lake, _CSV, facts={"report_run_id": "frr_1"})
    again = land(lake, stripe_csv(["gross"], [("1",)]), facts={"report_run_id": "frr_2"})
    _is_told(lake, DAY, again)
    assert _landed(lake).provenance["report_run_id"] == "frr_2"


def test_no_row_is_read(lake: Lake) -> None:
    noise = random.Random(1)
    rows = [(noise.randbytes(100).hex(), "1", "2025-09-01 00:00:00", None) for _ in range(3000)]
    landed = land(lake, stripe_csv(_HEADER, rows))
    file = Path(landed.uri)
    whole = file.read_bytes()
    assert len(whole) > 200_000
    file.write_bytes(bytes(100_000) + whole[100_000:])
    _is_told(lake, DAY, landed)
    with pytest.raises(LakeError):
        lake.read_table(TABLE)


def test_a_footer_of_any_length_is_read(lake: Lake) -> None:
    for length in (1 << 15, 1 << 16, 1 << 17, 1 << 20):
        landed = land(lake, _CSV, facts={"note": "x" * length})
        _is_told(lake, DAY, landed)
        assert len(_landed(lake).provenance["note"]) == length


# New columns


def test_the_footer_names_the_columns_that_nobody_expected(lake: Lake) -> None:
    csv = stripe_csv(["created_utc", "net", 'new, "one"', "m[ü]"], [("2025-09-02 00:00:00", "1", "x", "y")])
    land(lake, csv, expected=["net", "created_utc"])
    assert json.loads(lake.provenance(TABLE, DAY)["new_columns"]) == ['new, "one"', "m[ü]"]
    _land_days(lake, csv, ["net"])
    for day in _DAYS:
        assert json.loads(lake.provenance(TABLE, day)["new_columns"]) == ["created_utc", 'new, "one"', "m[ü]"]
        assert proven(lake, day)


def test_without_new_columns_the_footer_says_so(lake: Lake) -> None:
    land(lake, _CSV, expected=_HEADER)
    assert lake.provenance(TABLE, DAY)["new_columns"] == "[]"
    assert _landed(lake).table.new_columns == ()


def test_a_file_of_an_older_version_does_not_say_and_is_readable(lake: Lake) -> None:
    landed = land(lake, _CSV)
    rewrite(lake, lambda table: table, {"new_columns": None, "csv_kept": None})
    assert "new_columns" not in lake.provenance(TABLE, DAY)
    told = _landed(lake).table
    assert told.new_columns == ()
    assert told.schema.equals(landed.schema, check_metadata=True), "though this file has its facts there too"
    assert proven(lake).rows == 200


# What is damaged


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"csv_sha256": None}, "does not say csv_sha256;"),
        ({"report_type": None, "rows": None}, "does not say report_type, rows;"),
        ({"day": "2025-09-02"}, f"says that this is {TABLE} 2025-09-02;"),
        ({"report_type": "balance.summary.1"}, "says that this is balance_summary_1 2025-09-01;"),
        ({"rows": "199"}, "says 199 rows, and there are 200;"),
        ({"csv_bytes": "many"}, "says 'many' bytes of CSV;"),
        ({"csv_bytes": "²"}, "says '²' bytes of CSV;"),
        ({"new_columns": "net"}, "has 'net' as new columns;"),
        ({"new_columns": "[1]"}, "has '[1]' as new columns;"),
        ({"new_columns": '{"net": 1}'}, """has '{"net": 1}' as new columns;"""),
    ],
)
def test_a_footer_that_is_not_ours_is_named(lake: Lake, facts: dict[str, str | None], says: str) -> None:
    landed = land(lake, _CSV)
    rewrite(lake, lambda table: table, facts)
    with pytest.raises(LakeError) as caught:
        lake.landed(TABLE, DAY)
    start = f"{landed.uri} is damaged: its footer {says}"
    assert str(caught.value) == f"{start} materialize that day again"


def test_a_file_that_nobody_landed_has_no_provenance(lake: Lake) -> None:
    path = Path(land(lake, _CSV).uri)
    pq.write_table(pq.ParquetFile(path).read().replace_schema_metadata(None), path)
    assert lake.provenance(TABLE, DAY) == {}
    with pytest.raises(LakeError, match="does not say report_type, day, csv_sha256, csv_bytes, rows"):
        lake.landed(TABLE, DAY)


@pytest.mark.parametrize("damage", [lambda _: b"", lambda _: b"not Parquet", lambda whole: whole[:-9]])
def test_a_file_that_cannot_be_read_is_one_line(lake: Lake, damage: Any) -> None:
    path = Path(land(lake, _CSV).uri)
    path.write_bytes(damage(path.read_bytes()))
    for read in (lake.landed, lake.provenance, lake.totals):
        with pytest.raises(LakeError, match=r"^cannot read \S+part-0.parquet: ") as caught:
            read(TABLE, DAY)
        assert "\n" not in str(caught.value)


# How much it costs


def test_pandas_is_not_imported_which_takes_longer_than_to_read_a_small_day(lake: Lake) -> None:
    land(lake, stripe_csv(["currency", "reporting_category", "net"], [("usd", "charge", "1"), [None] * 3]))
    code = f"""
import sys
from datetime import date
from stripe_reports.lake import Lake

lake, day = Lake.open({lake.root!r}), date(2025, 9, 1)
assert lake.landed({TABLE!r}, day).table.rows == 2
assert len(lake.totals({TABLE!r}, day)) == 2
assert lake.provenance({TABLE!r}, day)["rows"] == "2"
sys.exit("pandas" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
