"""A lake of two tables, and what `stripe-reports sql` prints of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pyarrow as pa
import pytest

from stripe_reports.cli.sql import printing, writing
from stripe_reports.lake import Lake
from stripe_reports_tests.lake.support import land, stripe_csv

DAYS = [date(2025, 9, 1) + timedelta(days=number) for number in range(5)]
HEADER = ["currency", "gross", "description"]
OTHER = "daily_activity"
Run = Callable[[str], str]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Five days of two rows, and a table of one day."""
    lake = Lake.open(str(tmp_path_factory.mktemp("sql") / "lake"))
    for number, day in enumerate(DAYS):
        rows = [("usd", f"{number}.5", 'a "b", c'), ("jpy", "0.000000000000000001", "" if number else None)]
        land(lake, stripe_csv(HEADER, rows), day=day)
    lake.derived.put(OTHER, DAYS[0], pa.table({"count": [1234]}), made_from="a test")
    return lake


@pytest.fixture
def shown(lake: Lake, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(query: str) -> str:
        printing.print_rows(lake, query, most=3)
        return capsys.readouterr().out

    return run


@pytest.fixture
def csv(lake: Lake, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(query: str) -> str:
        writing.write_csv(lake, query)
        return capsys.readouterr().out

    return run
