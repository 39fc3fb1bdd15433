"""The backfill as a benchmark, at a size at which its figures mean nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks.backfill import __main__ as command
from benchmarks.backfill.goals import BOUNDS, GOALS
from benchmarks.backfill.landed import changed, files, missing_partitions, unproven
from benchmarks.backfill.results import Results, render
from benchmarks.backfill.suite import Settings, Suite
from benchmarks.results import Measured

_SIZES = {"days": "365", "partitions": "3,285", "in_flight": "8", "calls_per_second": "20"}
_SELECT = ("balance.summary.1", "balance_change_from_activity.itemized.3")


def _results(*differences: str, **rows: Measured) -> Results:
    return Results(rows, _SIZES, "365 days", 3285, 60, differences)


def _cells(page: str, figure: str) -> list[str]:
    (line,) = (line for line in page.splitlines() if line.startswith(f"| {figure}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.fixture(autouse=True)
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the command writes."""
    path = tmp_path / "RESULTS.md"
    monkeypatch.setattr(command, "RESULTS", path)
    return path


@pytest.mark.slow
def test_quick_prints_every_row_and_writes_nothing(page: Path) -> None:
    done = CliRunner().invoke(command.main, ["--quick", "--with-defaults"])
    assert done.exit_code == 0, done.output
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == len(GOALS)
    assert _cells(done.stdout, "report runs for 4 days")[2:4] == ["1 report runs (n = 1)", "yes"]
    assert _cells(done.stdout, "report runs in all")[2] == "9 report runs (n = 1)"  # 1 of 4 days, 4 and 4
    assert _cells(done.stdout, "the same backfill once more")[2:4] == ["0 report runs (n = 1)", "yes"]
    assert _cells(done.stdout, "the same: files")[2].startswith("0 files (n = 1); of 2")
    assert "9 `POST /v1/reporting/report_runs`" in _cells(done.stdout, "requests for each")[2]
    assert "Of 12 partitions" in done.stdout
    assert "**All of it is so.**" in done.stdout
    assert "not how fast it is" in done.stdout
    assert not page.exists()


def test_a_goal_that_is_missed_says_no_and_what_bounds_it() -> None:
    page = render(
        _results(bookkeeping=Measured([40.0], "131.4 s for 3,285"), calls=Measured([2.5])),
        bounds={"bookkeeping": "One transaction for each event."},
    )
    cells = _cells(page, "Dagster's records of one partition")
    assert cells[1:] == [
        "≤ 20 ms",
        "40.0 ms (n = 1); 131.4 s for 3,285",
        "**no**",
        "One transaction for each event.",
    ]
    assert _cells(page, "requests for each")[1:] == ["≤ 3 calls", "2.50 calls (n = 1)", "yes", ""]


def test_of_nothing_none_is_allowed() -> None:
    page = render(_results(again_runs=Measured([1]), again_files=Measured([0])))
    assert _cells(page, "the same backfill once more")[1:4] == [
        "≤ 0 report runs",
        "1 report runs (n = 1)",
        "**no**",
    ]
    assert _cells(page, "the same: files")[3] == "yes"


def test_every_goal_has_a_place_for_its_bound() -> None:
    assert set(BOUNDS) == {key for key, goal in GOALS.items() if goal.limit is not None}


def _run(monkeypatch: pytest.MonkeyPatch, results: Results, *arguments: str) -> Result:
    asked: list[Settings] = []

    def measure(settings: Settings) -> Results:
        asked.append(settings)
        return results

    monkeypatch.setattr(command, "_measure", measure)
    done = CliRunner().invoke(command.main, arguments)
    assert len(asked) <= 1
    return done


def test_the_section_is_written_and_the_rest_of_the_page_stays(
    monkeypatch: pytest.MonkeyPatch, page: Path
) -> None:
    landing = "# Results\n\n- Day: 1\n"
    page.write_text(landing, encoding="utf-8")
    for calls in (2.0, 2.5):
        done = _run(monkeypatch, _results(calls=Measured([calls])))
        assert done.exit_code == 0
        assert done.stdout.endswith(f"{page} is written.\n")
        written = page.read_text(encoding="utf-8")
        assert written.startswith(f"{landing}\n## Backfill\n")
        assert written.count("## Backfill") == 1
        assert f"| {calls:.2f} calls (n = 1) |" in written


def test_print_writes_nothing(monkeypatch: pytest.MonkeyPatch, page: Path) -> None:
    done = _run(monkeypatch, _results(calls=Measured([2.0])), "--print")
    assert (done.exit_code, page.exists()) == (0, False)
    assert "| 2.00 calls (n = 1) |" in done.stdout


def test_a_partition_that_is_missing_is_exit_code_1(monkeypatch: pytest.MonkeyPatch, page: Path) -> None:
    done = _run(monkeypatch, _results("balance_summary_1 2025-08-01: there is no file"))
    assert done.exit_code == 1
    assert "**It is not:**\n\n- balance_summary_1 2025-08-01: there is no file\n" in done.stdout
    assert "Not everything landed" in done.stderr
    assert page.exists()


def test_a_selection_of_nothing_is_one_line() -> None:
    done = CliRunner().invoke(command.main, ["--select", "balance.sumary.1"])
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert "balance.sumary.1" in done.stderr


def test_a_process_that_breaks_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(settings: Settings) -> Results:
        raise subprocess.CalledProcessError(1, ["python", "-m", "benchmarks.backfill.run", "{}"])

    monkeypatch.setattr(command, "_measure", breaks)
    done = CliRunner().invoke(command.main, [])
    assert done.exit_code == 1
    assert done.stderr == "Error: python -m benchmarks.backfill.run failed; it said why above\n"


@pytest.fixture(scope="module")
def backfilled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    folder = tmp_path_factory.mktemp("backfill")
    with Suite(Settings(days=2, select=_SELECT, latency=0.1), folder) as suite:
        suite.backfill()
        yield suite


@pytest.mark.slow
def test_what_landed_is_checked(backfilled: Suite) -> None:
    assert backfilled.differences == []
    backfilled.check()
    assert backfilled.differences == []


@pytest.fixture
def lake(backfilled: Suite, tmp_path: Path) -> Path:
    """A copy, to spoil."""
    return Path(shutil.copytree(backfilled.folder / "backfill-lake", tmp_path / "lake"))


def _days(lake: Path) -> list[date]:
    return sorted(date.fromisoformat(path.name[5:]) for path in lake.glob("balance_summary_1/date=*"))


def _tables(lake: Path) -> list[str]:
    return sorted(path.name for path in lake.iterdir() if path.is_dir() and path.name[0] != "_")


@pytest.mark.slow
def test_what_is_missing_is_found(lake: Path) -> None:
    tables, days = _tables(lake), _days(lake)
    assert (len(tables), len(days)) == (2, 2)
    recorded = {table: {day.isoformat(): 1 for day in days} for table in tables}
    assert list(missing_partitions(lake, recorded, days)) == []
    first, last = map(date.isoformat, days)
    (lake / tables[0] / f"date={first}" / "part-0.parquet").unlink()
    recorded[tables[0]][last] = 2
    del recorded[tables[1]][first]
    assert list(missing_partitions(lake, recorded, days)) == [
        f"{tables[0]} {first}: there is no file",
        f"{tables[0]} {last}: Dagster knows 2 materializations",
        f"{tables[1]} {first}: Dagster knows 0 materializations",
    ]
    assert f"{tables[1]} {last}: nobody asked for it" in list(missing_partitions(lake, recorded, days[:1]))


@pytest.mark.slow
def test_what_is_not_what_its_csv_says_is_found(lake: Path) -> None:
    table, (first, last) = "balance_summary_1", _days(lake)
    assert list(unproven(lake, [table], [first, last], 60)) == []
    part = lake / table / f"date={first}" / "part-0.parquet"
    shutil.copy(part, lake / table / f"date={last}" / "part-0.parquet")
    (found,) = unproven(lake, [table], [first, last], 60)
    assert found.startswith(f"{table} {last}: ")
    assert not list(unproven(lake, [table], [first, last], 0))


def _write(path: Path) -> None:
    path.write_bytes(path.read_bytes())


def _replace(path: Path) -> None:
    stat = path.stat()
    copy = Path(shutil.copy2(path, path.with_name("copy")))
    copy.replace(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize(
    "change", [_write, *(pytest.param(each, marks=pytest.mark.slow) for each in (_replace, Path.unlink))]
)
def test_a_file_that_is_written_anew_is_seen(lake: Path, change: Callable[[Path], None]) -> None:
    before = files(lake)
    assert not changed(before, files(lake))
    path = next(lake.glob("balance_summary_1/*/part-0.parquet"))
    change(path)
    assert changed(before, files(lake)) == [str(path.relative_to(lake))]
