"""Reconciling as a benchmark, at a size at which its figures mean nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.reconciliation import __main__ as command
from benchmarks.reconciliation.books import FIRST, write_books
from benchmarks.reconciliation.results import GOALS, Results, render
from benchmarks.results import Measured
from stripe_reports.lake import Lake
from stripe_reports.reconcile import IDENTITIES, Verdict, reconcile


@pytest.mark.slow
def test_it_prints_every_row_and_writes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(command, "RESULTS", tmp_path / "RESULTS.md")
    monkeypatch.setattr(command, "_RUNS", 1)
    done = CliRunner().invoke(command.main, ["--days", "3", "--rows-per-day", "20", "--print"])
    assert done.exit_code == 0, done.output
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == len(GOALS)
    assert "**None is broken, none is missing.**" in done.stdout
    assert not (tmp_path / "RESULTS.md").exists()


def test_what_is_broken_is_said() -> None:
    page = render(Results({"day": Measured([1.0])}, {}, {"holds": 9, "broken": 2}, ["2 are broken"]))
    assert "9 holds, 2 broken. **2 are broken.**" in page


def test_the_books_that_are_made_agree_in_every_identity(tmp_path: Path) -> None:
    lake = Lake.open(str(tmp_path))
    write_books(lake, 9, 30)
    days = [FIRST + timedelta(days=number) for number in range(1, 9)]
    found = {(outcome.identity, outcome.verdict) for outcome in reconcile(lake, days)}
    assert found == {(name, Verdict.HOLDS) for name in IDENTITIES}
    assert lake.read_table("payouts_itemized_3").num_rows, "some of it is paid out"
