"""A run that is killed leaves nothing torn, and the next one goes on with its report runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stripe_reports.catalog import select_report_types
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import days
from stripe_reports_tests.orchestration.processes import Processes, kill
from stripe_reports_tests.orchestration.support import (
    assert_verified,
    expected,
    landed,
    materialize_range,
    recorded,
)
from stripe_reports_tests.waiting import PATIENCE, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills a session of POSIX processes")

_DAYS = days(6)
_SELECT = "balance.summary.1, payouts.itemized.3, payout_reconciliation.by_id.itemized.4"
_TABLES = [report_type.table for report_type in select_report_types(_SELECT)]
_ALL = expected(_TABLES, _DAYS)


@pytest.fixture
def needed(instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]) -> int:
    """How many report runs it takes where nothing is in the way."""
    assert materialize_range(instance, own_resources, _DAYS, select=_SELECT).success
    return own_sandbox.report_runs_created


def test_after_a_kill_every_day_lands_without_one_report_run_too_many(needed: int, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    folder.mkdir()
    with Sandbox(port=0, files_port=0, latency=1.0) as sandbox:
        processes = Processes(folder, sandbox, _SELECT)
        process = processes.start(_DAYS)
        until(lambda: sum(landed(processes.lake).values()) >= 3, every=0.2)
        made = sandbox.report_runs_created
        kill(process)
        assert made < needed, "it was killed in the middle"
        assert_verified(processes.lake)

        assert processes.run(_DAYS) == 0, processes.log
        assert sandbox.report_runs_created == needed
    assert landed(processes.lake) == _ALL
    assert_verified(processes.lake)
    with processes.instance() as instance:
        assert recorded(instance).keys() == _ALL.keys()


def test_days_are_recorded_while_others_of_their_asset_are_still_to_land(tmp_path: Path) -> None:
    """So that a kill leaves hardly any landed day unrecorded, and the UI shows how far the run is."""
    with Sandbox(port=0, files_port=0, latency=0.1) as sandbox:
        pending = sandbox.fault("pending", seconds=600, report_type="*.summary.1", count=4)
        processes = Processes(tmp_path, sandbox, "balance.summary.1, payouts.summary.1", in_flight=20)
        process = processes.start(_DAYS)
        until(lambda: pending.applied == 4 and sum(landed(processes.lake).values()) == 8, every=0.5)
        with processes.instance() as instance:
            until(lambda: recorded(instance) == landed(processes.lake), every=0.5)
            assert process.poll() is None, "it still waits for the others"
            kill(process)
            assert recorded(instance) == landed(processes.lake), "each day once"


@pytest.mark.slow
def test_two_runs_over_the_same_days_at_once_share_their_report_runs(needed: int, tmp_path: Path) -> None:
    folder = tmp_path / "two"
    folder.mkdir()
    with Sandbox(port=0, files_port=0, latency=0.5) as sandbox:
        processes = Processes(folder, sandbox, _SELECT)
        both = [processes.start(_DAYS), processes.start(_DAYS)]
        assert [process.wait(timeout=PATIENCE) for process in both] == [0, 0], processes.log
        assert sandbox.report_runs_created == needed
    assert landed(processes.lake) == _ALL
    assert_verified(processes.lake)
    with processes.instance() as instance:
        assert recorded(instance) == _ALL + _ALL
