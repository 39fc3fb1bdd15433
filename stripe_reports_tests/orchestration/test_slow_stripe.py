"""Where Stripe is slow for long, the step makes room and is tried again, with the same report runs."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from stripe_reports.orchestration.assets import materialization
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import days, failure, resources_for
from stripe_reports_tests.orchestration.support import (
    check_rows,
    expected,
    facts,
    failures,
    landed,
    materialize_range,
    recorded,
)

_DAYS = days(3)
_SELECT = "balance.summary.1, payouts.summary.1"
_ALL = expected(["balance_summary_1", "payouts_summary_1"], _DAYS)


@pytest.fixture(autouse=True)
def _hardly_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(materialization, "_RETRY_PAUSE_SECONDS", 0.1)


def _retries(result: dg.ExecuteInProcessResult) -> int:
    return sum(event.is_step_up_for_retry for event in result.all_events)


def test_the_step_is_retried_and_goes_on_with_the_report_runs_that_are_pending(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    with Sandbox(port=0, files_port=0, latency=0.05) as sandbox:
        sandbox.fault("pending", seconds=4, report_type="payouts.*")
        resources = resources_for(sandbox, tmp_path / "lake", release_after_seconds=1.0)
        result = materialize_range(instance, resources, _DAYS, select=_SELECT)
        assert result.success
        assert _retries(result) >= 1
        assert sandbox.report_runs_created == len(_ALL)
        assert landed(resources["report_lake"].lake) == _ALL
        assert recorded(instance) == _ALL, "each day once, also of what the first attempt had landed"
        said = [entry.user_message for entry in instance.all_logs(result.run_id)]
        (line, *_) = [text for text in said if "wait for slow report runs" in text]
        assert line.startswith("3 partitions wait for slow report runs (frr_")
        for table in ("balance_summary_1", "payouts_summary_1"):
            assert {status for _, status in check_rows(instance, table)} == {"SUCCEEDED"}


def test_days_that_landed_before_the_retry_are_recorded_then(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(materialization, "_MOST_RETRIES", 0)
    with Sandbox(port=0, files_port=0, latency=0.05) as sandbox:
        sandbox.fault("pending", seconds=60, report_type="balance.*", count=1)
        resources = resources_for(sandbox, tmp_path / "lake", release_after_seconds=0.3)
        result = materialize_range(instance, resources, _DAYS, select=_SELECT)
        assert not result.success
        assert recorded(instance) == landed(resources["report_lake"].lake)
        assert sum(recorded(instance).values()) == len(_ALL) - 1


def test_a_failure_is_told_at_once_and_not_after_retries(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    with Sandbox(port=0, files_port=0, latency=0.05) as sandbox:
        sandbox.fault("unfit", report_type="balance.summary.1", count=1)
        sandbox.fault("pending", seconds=6, report_type="payouts.*")
        resources = resources_for(sandbox, tmp_path / "lake", release_after_seconds=4.0)
        result = materialize_range(instance, resources, _DAYS, select=_SELECT)
        assert _retries(result) == 0
        (told,) = failures(result)
        assert failure(result) == told["why"]
        assert sum(recorded(instance).values()) == len(_ALL) - 1


def test_a_forced_run_that_is_retried_goes_on_with_its_own_report_runs(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    with Sandbox(port=0, files_port=0, latency=0.05) as sandbox:
        resources = resources_for(sandbox, tmp_path / "lake", release_after_seconds=1.0)
        before = materialize_range(instance, resources, _DAYS, select=_SELECT)
        sandbox.fault("pending", seconds=4, report_type="payouts.*")
        forced = {"ops": {"land__stripe_reports": {"config": {"force_new_report_run": True}}}}
        result = materialize_range(instance, resources, _DAYS, select=_SELECT, run_config=forced)
        assert result.success
        assert _retries(result) >= 1
        assert sandbox.report_runs_created == 2 * len(_ALL)
        old = {each["report_run"] for each in facts(before).values()}
        assert not old & {each["report_run"] for each in facts(result).values()}
