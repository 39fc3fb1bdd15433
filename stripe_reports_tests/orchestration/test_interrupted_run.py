"""A run that is told to stop does so at once; what had landed is recorded, and nothing else is."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import days
from stripe_reports_tests.orchestration.processes import Processes, seconds_to_end
from stripe_reports_tests.orchestration.support import (
    assert_verified,
    expected,
    landed,
    recorded,
)
from stripe_reports_tests.waiting import until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")

_DAYS = days(6)
_SELECT = "balance.summary.1, payouts.summary.1, payouts.itemized.3"
_ALL = expected(["balance_summary_1", "payouts_summary_1", "payouts_itemized_3"], _DAYS)


def _only_run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    (record,) = instance.get_run_records()
    return record.dagster_run


@pytest.mark.parametrize(
    ("by", "ends_as"),
    [
        pytest.param(signal.SIGTERM, dg.DagsterRunStatus.CANCELED, id="canceled"),
        pytest.param(signal.SIGINT, dg.DagsterRunStatus.FAILURE, id="interrupted", marks=pytest.mark.slow),
    ],
)
def test_while_report_runs_are_pending_the_days_that_landed_are_recorded(
    tmp_path: Path, by: signal.Signals, ends_as: dg.DagsterRunStatus
) -> None:
    with Sandbox(port=0, files_port=0, latency=0.1) as sandbox:
        pending = sandbox.fault("pending", probability=0.5, seed=1, report_type="*.summary.1")
        processes = Processes(tmp_path, sandbox, _SELECT, in_flight=20)
        process = processes.start(_DAYS)
        until(lambda: sandbox.report_runs_created >= 13)
        there = len(_DAYS) * 3 - pending.applied
        until(lambda: sum(landed(processes.lake).values()) == there, every=0.5)
        with processes.instance() as instance:
            until(lambda: sum(recorded(instance).values()) == there, every=0.5)
            time.sleep(1)  # Dagster's events are stored; what is left waits for report runs
            if ends_as is dg.DagsterRunStatus.CANCELED:  # as Terminate in the UI begins
                instance.report_run_canceling(_only_run(instance))
            seconds = seconds_to_end(process, by)
            assert process.returncode != 0
            assert seconds < 60, "they are pending for ever"
            assert 6 < there < 18
            assert _only_run(instance).status is ends_as
            assert recorded(instance, run_id=_only_run(instance).run_id) == landed(processes.lake)
            assert sum(recorded(instance).values()) == there
        assert_verified(processes.lake)


@pytest.mark.slow
def test_while_downloads_are_slow_it_ends_and_the_next_run_goes_on_with_the_same_report_runs(
    tmp_path: Path,
) -> None:
    with Sandbox(port=0, files_port=0, latency=0.1) as sandbox:
        slow = sandbox.fault("slow", bytes_per_second=1, report_type="payouts.itemized.3")
        processes = Processes(tmp_path, sandbox, _SELECT, in_flight=20)
        process = processes.start(_DAYS)
        summaries = expected(["balance_summary_1", "payouts_summary_1"], _DAYS)
        until(lambda: slow.applied and landed(processes.lake) == summaries)
        seconds = seconds_to_end(process, signal.SIGTERM)
        assert process.returncode != 0
        assert seconds < 60, "a byte a second"
        with processes.instance() as instance:
            assert recorded(instance) == landed(processes.lake) == summaries
        assert_verified(processes.lake)

        sandbox.clear_faults()
        made = sandbox.report_runs_created
        assert processes.run(_DAYS) == 0, processes.log
        assert sandbox.report_runs_created == made
        assert landed(processes.lake) == _ALL
        assert_verified(processes.lake)


@pytest.mark.slow
@pytest.mark.parametrize("event", ["ASSET_MATERIALIZATION:8", "STEP_OUTPUT:1"])
def test_while_dagster_stores_an_event_the_days_that_landed_are_recorded(tmp_path: Path, event: str) -> None:
    """Dagster drops the step then, without a word to it."""
    with Sandbox(port=0, files_port=0, latency=0.1) as sandbox:
        processes = Processes(tmp_path, sandbox, _SELECT, INTERRUPT_WHILE_STORING=event)
        assert processes.run(_DAYS) != 0
        with processes.instance() as instance:
            assert _only_run(instance).status is dg.DagsterRunStatus.FAILURE
            assert recorded(instance) == landed(processes.lake)
        assert sum(landed(processes.lake).values()) >= 6
        assert_verified(processes.lake)
