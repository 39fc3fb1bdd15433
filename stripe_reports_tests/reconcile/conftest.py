"""A lake with days of the core reports, landed once for all processes that run tests."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.core_lake import days_of, land
from stripe_reports_tests.waiting import until

FIRST = date(2025, 1, 1)
DAYS = days_of(FIRST, 25)


@pytest.fixture(scope="session")
def core(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Lake:
    """25 days in UTC from the first day of the books on. Tests read it and do not change it."""
    root = tmp_path_factory.getbasetemp()
    root = (root if worker_id == "master" else root.parent) / "core_lake"
    lake, done = Lake.open(str(root)), root / "_done"
    try:
        (root / "_begun").mkdir()
    except FileExistsError:
        until(done.exists)
    else:
        with Sandbox(port=0, files_port=0, latency=0, rows_per_day=20) as sandbox:
            land(lake, sandbox, DAYS)
        done.touch()
    return lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty one."""
    return Lake.open(str(tmp_path / "lake"))


@pytest.fixture
def few_days(core: Lake, lake: Lake) -> Lake:
    """A lake of three days that may be changed, 2025-01-21 to 2025-01-23. Each has activity and payouts."""
    for table in core.tables():
        for day in days_of(date(2025, 1, 21), 3):
            partition = Path(core.uri(table, day)).parent
            shutil.copytree(partition, Path(lake.root) / table / partition.name)
    return lake
