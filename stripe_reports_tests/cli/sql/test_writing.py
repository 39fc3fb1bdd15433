"""Results as `stripe-reports sql` writes them: CSV, JSON and Parquet, exact and whole."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stripe_reports.cli.sql import writing
from stripe_reports.cli.sql.query import QueryError
from stripe_reports.errors import ConfigurationError
from stripe_reports.lake import Lake
from stripe_reports_tests.cli.sql.conftest import DAYS, Run
from stripe_reports_tests.lake.support import TABLE


def test_csv_is_as_stripe_writes_it(csv: Run) -> None:
    out = csv(f"SELECT date, currency, gross, description FROM {TABLE} ORDER BY date, currency LIMIT 3")
    assert out.splitlines() == [
        '"date","currency","gross","description"',
        '"2025-09-01","jpy","0.000000000000000001",',
        '"2025-09-01","usd","0.5","a ""b"", c"',
        '"2025-09-02","jpy","0.000000000000000001",""',
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("-12.50::DECIMAL(38, 18)", '"-12.5"'),
        ("100::DECIMAL(38, 18)", '"100"'),
        ("0::DECIMAL(38, 18)", '"0"'),
        ("100::HUGEINT", '"100"'),
        ("1e-7::DECIMAL(38, 18)", '"0.0000001"'),
        ("TIMESTAMP '2025-09-01 12:00:00'", '"2025-09-01 12:00:00"'),
        ("TIMESTAMPTZ '2025-09-01 12:00:00+02'", '"2025-09-01 10:00:00+00"'),
        ("true", '"true"'),
        ("NULL", ""),
    ],
)
def test_values_in_csv_are_exact_and_of_utc(csv: Run, value: str, text: str) -> None:
    assert csv(f"SELECT 1 AS a, {value} AS b").splitlines()[1] == f'"1",{text}'


def test_many_rows_keep_their_order_in_csv(csv: Run) -> None:
    lines = csv("SELECT range AS n FROM range(200000) ORDER BY n DESC").splitlines()[1:]
    assert lines == [f'"{number}"' for number in reversed(range(200_000))]


def test_columns_of_one_name_are_told_apart(csv: Run) -> None:
    assert csv('SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS "b""c"').splitlines()[0] == '"a","a_1","a_1_1","b""c"'


def test_in_json_decimals_are_texts_and_whole_numbers_are_numbers(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    query = f"SELECT date, sum(gross) AS gross, sum(1) AS n, list(gross ORDER BY gross) AS each FROM {TABLE}"
    writing.write_json(lake, f"{query} WHERE date >= '2025-09-04' GROUP BY ALL ORDER BY ALL")
    found = json.loads(capsys.readouterr().out)
    tiny = "0.000000000000000001"
    first = {"date": "2025-09-04", "gross": "3.500000000000000001", "n": 2, "each": [tiny, "3.5"]}
    assert found[0] == first
    assert len(found) == 2
    writing.write_json(lake, "SELECT NULL AS a, '' AS b, 0::DECIMAL(9, 2) AS c, 'ü' AS d")
    assert capsys.readouterr().out == '[\n{"a": null, "b": "", "c": "0", "d": "ü"}\n]\n'
    writing.write_json(lake, "SELECT 1 WHERE false")
    assert json.loads(capsys.readouterr().out) == []


def test_json_has_no_form_of_infinity(lake: Lake) -> None:
    with pytest.raises(QueryError, match="JSON has no numbers for infinity"):
        writing.write_json(lake, "SELECT 'inf'::DOUBLE AS x")


def test_parquet_has_the_types_of_the_result(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "result.parquet"
    writing.write_parquet(lake, f"SELECT date, gross FROM {TABLE} WHERE currency = 'usd' ORDER BY 1", file)
    table = pq.read_table(file)
    assert table.schema.types == [pa.date32(), pa.decimal128(38, 18)]
    assert table["gross"].to_pylist() == [Decimal(f"{number}.5") for number in range(5)]


def test_an_older_file_is_replaced_only_if_that_is_asked_for(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "result.parquet"
    file.write_text("older")
    with pytest.raises(ConfigurationError, match="already exists; write to another file, or replace it with"):
        writing.write_parquet(lake, "SELECT 1", file)
    with pytest.raises(QueryError, match="too late"):
        writing.write_parquet(lake, _FAILS_LATE, file, overwrite=True)
    assert file.read_text() == "older"
    writing.write_parquet(lake, "SELECT 1 AS a", file, overwrite=True)
    assert pq.read_table(file).to_pylist() == [{"a": 1}]
    with pytest.raises(ConfigurationError, match="is not a file that can be replaced"):
        writing.write_parquet(lake, "SELECT 1", Path(os.devnull), overwrite=True)


def test_no_result_is_written_into_a_lake(lake: Lake, tmp_path: Path) -> None:
    other = Lake.open(str(tmp_path / "other"))
    other.claim(livemode=False, account=None)
    day = Path(other.root) / TABLE / "date=2025-09-01"
    day.mkdir(parents=True)
    (tmp_path / "link").symlink_to(day)
    places = (Path(lake.uri(TABLE, DAYS[0])), Path(lake.root) / "x", day / "x", tmp_path / "link" / "x")
    before = places[0].read_bytes()
    for place in places:
        with pytest.raises(ConfigurationError, match="is inside the lake"):
            writing.write_parquet(lake, "SELECT 1", place, overwrite=True)
    assert places[0].read_bytes() == before
    assert not list(day.iterdir())


_FAILS_LATE = "SELECT CASE WHEN range = 400000 THEN error('too late') ELSE range END AS n FROM range(500000)"


def test_nothing_is_written_of_a_query_that_fails_half_way(
    lake: Lake, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    for write in (writing.write_csv, writing.write_json):
        with pytest.raises(QueryError, match=r"^Invalid Input Error: too late$"):
            write(lake, _FAILS_LATE)
    assert capsysbinary.readouterr().out == b""
    with pytest.raises(QueryError, match="too late"):
        writing.write_parquet(lake, _FAILS_LATE, tmp_path / "new.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["no_such_folder/x.parquet", "a_file/x.parquet"])
def test_a_file_that_cannot_be_written_is_an_error(lake: Lake, tmp_path: Path, place: str) -> None:
    (tmp_path / "a_file").touch()
    with pytest.raises(ConfigurationError, match=rf"cannot write .*{place}: No"):
        writing.write_parquet(lake, "SELECT 1", tmp_path / place)
