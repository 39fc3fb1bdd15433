from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from benchmarks import REPORT_TYPE, process
from benchmarks.check import compare
from benchmarks.engine import land
from benchmarks.landing import ENGINES, main
from stripe_reports.catalog import column_type
from stripe_reports_tests.lake.support import stripe_csv

_FIGURES = ["engine", "wall_s", "cpu_s", "peak_rss_mib", "rows", "csv_bytes", "parquet_bytes"]


def _land(source: Path, parquet: Path, *options: str) -> dict[str, Any]:
    said = process.run("benchmarks.landing", source, parquet, "--report-type", REPORT_TYPE, *options).output
    figures: dict[str, Any] = json.loads(said)
    return figures


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_lands_the_same_table(small_csv: Path, tmp_path: Path, engine: str) -> None:
    parquet = tmp_path / "out.parquet"
    figures = _land(small_csv, parquet, "--engine", engine)
    assert list(figures) == _FIGURES
    assert figures["engine"] == engine
    assert figures["rows"] == _rows(small_csv)
    assert figures["csv_bytes"] == small_csv.stat().st_size
    assert figures["parquet_bytes"] == parquet.stat().st_size
    assert figures["cpu_s"] > 0
    assert 0 < figures["wall_s"] < 60
    assert 30 < figures["peak_rss_mib"] < 1000
    assert list(tmp_path.iterdir()) == [parquet], "nothing else is left behind"
    odd = {difference.column for difference in compare(small_csv, parquet).differences}
    assert odd == ({"description"} if engine.startswith("pandas") else set())  # pandas takes "" for null


def _rows(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def test_landing_with_evidence_gives_the_same_table(small_csv: Path, tmp_path: Path) -> None:
    with_it, without = tmp_path / "with.parquet", tmp_path / "without.parquet"
    assert _land(small_csv, with_it, "--evidence")["rows"] == _rows(small_csv)
    land("stripe_reports", small_csv, without, REPORT_TYPE, {})
    assert pq.read_table(with_it).equals(pq.read_table(without))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_every_type_of_column_lands_alike(tmp_path: Path, engine: str) -> None:
    source, parquet = tmp_path / "types.csv", tmp_path / "types.parquet"
    columns = {
        "currency": "usd",
        "gross": "-0.000000000000000001",
        "count": "7",
        "is_link": "true",
        "booked_date": "2025-08-01",
        "created": "2025-08-01 01:02:03",
        "created_utc": "2025-08-01 01:02:03",
    }
    source.write_bytes(stripe_csv(list(columns), [list(columns.values()), [None] * len(columns)]))
    land(engine, source, parquet, REPORT_TYPE, {name: column_type(name) for name in columns})
    assert compare(source, parquet).differences == []
    first, last = pq.read_table(parquet).to_pylist()
    assert first["gross"] == Decimal("-0.000000000000000001")
    assert (first["count"], first["is_link"], first["booked_date"]) == (7, True, date(2025, 8, 1))
    assert first["created_utc"] == datetime(2025, 8, 1, 1, 2, 3, tzinfo=UTC)
    assert set(last.values()) == {None}


def test_evidence_is_not_for_the_peers(small_csv: Path, tmp_path: Path) -> None:
    arguments = [str(small_csv), str(tmp_path / "x"), "--report-type", REPORT_TYPE, "--engine", "duckdb"]
    done = CliRunner().invoke(main, [*arguments, "--evidence"])
    assert done.exit_code == 2
    assert "duckdb keeps none" in done.stderr


def test_an_engine_that_fails_is_one_line(tmp_path: Path) -> None:
    source = tmp_path / "bad.csv"
    source.write_bytes(b'"gross"\n"many"\n')
    done = CliRunner().invoke(main, [str(source), str(tmp_path / "x"), "--report-type", REPORT_TYPE])
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: stripe_reports did not land")
