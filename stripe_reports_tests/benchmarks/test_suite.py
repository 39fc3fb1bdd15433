"""The runs themselves, at a size at which their figures mean nothing."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from urllib.request import urlopen

import pytest

from benchmarks import process
from benchmarks.inputs import Inputs
from benchmarks.results import Checked
from benchmarks.suite import Suite
from stripe_reports_tests.waiting import PATIENCE


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite(Inputs(tmp_path, 0.5, 1.0, month_days=3), tmp_path, pairs=1, large_pairs=1)


class _ScriptedSuite(Suite):
    """Lands nothing; each engine takes what is written here."""

    def _land(self, csv: Path, contestant: str, which: str) -> dict[str, float]:
        wall, peak = {
            "stripe_reports": (2.0, 240.0),
            "evidence": (2.5, 250.0),
            "duckdb": (4.0, 600.0),
            "polars": (3.0, 400.0),
            "pandas": (20.0, 900.0),
            "pandas_arrow": (10.0, 900.0),
        }[contestant]
        large = csv == self.inputs.large()
        assert not (large and contestant.startswith("pandas"))
        return {
            "wall_s": wall * (10 if large else 1),
            "peak_rss_mib": peak * (1.1 if large else 1),
            "parquet_bytes": 9e6 if contestant == "stripe_reports" else 1e7,
            "rows": csv.stat().st_size / 400,
        }

    def _check(self, files: Sequence[tuple[Path, Path]], into: Checked | None = None) -> None:
        (self.checked if into is None else into).add(len(files), values=3, facts=1, differences=[])


def test_figures_become_ratios_pair_by_pair(tmp_path: Path) -> None:
    suite = _ScriptedSuite(Inputs(tmp_path, 0.05, 0.1), tmp_path, pairs=3, large_pairs=2)
    suite.landing()
    values = {key: (len(row.values), median(row.values)) for key, row in suite.rows.items()}
    assert values.pop("bound")[0] == 1
    assert "s of CPU to read" in suite.rows["bound"].note
    assert values == {
        "wall_small": (3, 0.5),
        "pandas": (3, 0.1),
        "pandas_arrow": (3, 0.2),
        "polars_small": (3, 0.75),
        "evidence_small": (3, 1.25),
        "wall_large": (2, 0.5),
        "polars_large": (2, 0.75),
        "evidence_large": (2, 1.25),
        "parquet": (2, 0.9),
        "peak": (2, pytest.approx(264)),
        "peak_growth": (2, pytest.approx(1.1)),
        "peak_evidence": (2, pytest.approx(275)),
    }
    assert suite.rows["wall_small"].note == "2.00 s against 4.00 s"
    assert suite.rows["parquet"].note == "9.00 MB against 10.00 MB"
    assert "30 columns and 400 bytes each" in suite.shape
    assert suite.checked.files == 4
    assert set(suite.peers) == {"duckdb", "polars", "pandas", "pandas_arrow"}


@pytest.mark.slow
def test_landing_while_downloading(suite: Suite) -> None:
    suite.download("download_50", suite.inputs.small(), 50e6, pairs=1)
    row = suite.rows["download_50"]
    assert len(row.values) == 1
    assert row.note.endswith("s of network time")
    assert (suite.checked.files, suite.checked.differences) == (1, [])


@pytest.mark.slow
def test_a_month_as_days_and_as_one_file(suite: Suite) -> None:
    suite.days()
    assert set(suite.rows) == {"days", "query"}
    assert (suite.checked.files, suite.checked.differences) == (4, [])


@pytest.mark.slow
def test_loading_the_definitions(suite: Suite) -> None:
    suite.loading()
    assert suite.rows["loading"].fault == ""
    assert 0 < suite.rows["loading"].values[0] < PATIENCE


def test_inputs_that_are_there_are_used(tmp_path: Path) -> None:
    told: list[str] = []
    inputs = Inputs(tmp_path, 0.1, 0.2, tell=told.append)
    assert inputs.small().stat().st_size == pytest.approx(1e5, rel=0.05)
    assert told
    told.clear()
    assert inputs.small().exists()
    assert not told
    assert [path.name for path in tmp_path.iterdir()] == ["day-0.1mb.csv"]


def test_the_throttled_host_keeps_its_speed_and_sends_the_file(small_csv: Path) -> None:
    with process.running("benchmarks.files_host", small_csv, "2.5e6") as base:
        began = time.monotonic()
        with urlopen(f"{base}/v1/files/file_1/contents") as response:
            assert response.read() == small_csv.read_bytes()
        seconds = time.monotonic() - began
    assert 0.17 < seconds < 2  # 0.2 s for half a megabyte, less the first piece of the bucket


def test_a_process_is_measured() -> None:
    finished = process.run("timeit", "-n1", "-r1", "x = bytearray(100_000_000)")
    assert finished.peak_rss_mib > 95
    assert finished.cpu_s > 0
    assert 0 < finished.wall_s < PATIENCE
    assert "loop" in finished.output


def test_a_process_that_fails_says_so() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        process.run("benchmarks.engine")
