from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.results import Checked, Measured, Results


@pytest.fixture(autouse=True)
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the command writes; what it measures is there already."""
    path = tmp_path / "RESULTS.md"
    monkeypatch.setattr(command, "RESULTS", path)
    _measure(monkeypatch, Checked(1, 30, 10))
    return path


def _measure(monkeypatch: pytest.MonkeyPatch, checked: Checked) -> None:
    results = Results({"peak": Measured([290.0])}, {"large": "2 GB"}, "rows", checked, {})
    monkeypatch.setattr(command, "_measure", lambda *_: results)


def test_the_page_is_written(page: Path) -> None:
    done = CliRunner().invoke(command.main, [])
    assert (done.exit_code, done.stdout) == (0, f"{page} is written.\n")
    assert "| peak memory of the landing process, 2 GB |" in page.read_text(encoding="utf-8")


def test_the_backfill_on_the_page_stays_as_it_is(page: Path) -> None:
    backfill = "## Backfill\n\n| figure |\n"
    page.write_text(f"# Results\n\nold\n\n{backfill}", encoding="utf-8")
    assert CliRunner().invoke(command.main, []).exit_code == 0
    written = page.read_text(encoding="utf-8")
    assert written.endswith(f"\n\n{backfill}")
    assert "old" not in written


def test_quick_prints_the_page_and_writes_none(page: Path) -> None:
    done = CliRunner().invoke(command.main, ["--quick"])
    assert done.exit_code == 0
    assert "| peak memory of the landing process, 2 GB |" in done.stdout
    assert not page.exists()


def test_a_value_that_differs_is_exit_code_1(monkeypatch: pytest.MonkeyPatch, page: Path) -> None:
    difference = {"fact": "sum", "column": "net", "found": "1 in CSV by polars, 2 in Parquet by polars"}
    _measure(monkeypatch, Checked(1, 30, 10, [difference]))
    done = CliRunner().invoke(command.main, [])
    assert done.exit_code == 1
    assert "differ" in done.stderr
    assert page.exists()
