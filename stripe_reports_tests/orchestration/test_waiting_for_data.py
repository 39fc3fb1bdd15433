"""A day that is asked for before Stripe has its data waits, and lands once they are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stripe_reports import StripeReports
from stripe_reports.orchestration.assets import materialization
from stripe_reports.sandbox import Sandbox
from stripe_reports.sandbox.sandbox import DEFAULT_LIVE_KEY
from stripe_reports.stripe_api import Account
from stripe_reports_tests.orchestration.conftest import START, days, failure, resources_for
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
_TABLES = ["balance_summary_1", "payouts_summary_1"]


@pytest.fixture(autouse=True)
def _hardly_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(materialization, "_FIRST_PAUSE_FOR_DATA", 0.01)
    monkeypatch.setitem(Account.__init__.__kwdefaults__, "max_age", 0.0)


@pytest.fixture
def late() -> Any:
    """A Stripe whose data come a day later, the first six times that somebody looks."""
    with Sandbox(port=0, files_port=0, latency=0.05) as sandbox:
        sandbox.fault("late", seconds=86400, report_type="balance.summary.1", count=6)
        yield sandbox


def _retries(result: dg.ExecuteInProcessResult) -> int:
    return sum(event.is_step_up_for_retry for event in result.all_events)


def _said(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult, part: str) -> list[str]:
    entries = instance.all_logs(result.run_id)
    return [entry.user_message for entry in entries if part in entry.user_message]


def test_late_data_land_without_a_failure_and_without_a_run_that_asks_too_early(
    instance: dg.DagsterInstance, late: Sandbox, tmp_path: Path
) -> None:
    resources = resources_for(late, tmp_path / "lake")
    result = materialize_range(instance, resources, _DAYS, select=_SELECT)
    assert result.success
    assert _retries(result) >= 2
    every_day = expected(_TABLES, _DAYS)
    assert landed(resources["report_lake"].lake) == every_day
    assert late.report_runs_created == len(every_day), "one for each, the late one once its data were there"
    first, *_ = _said(instance, result, "partitions wait for Stripe's data")
    assert f"balance.summary.1 {_DAYS[-1]}: Stripe has data through {_DAYS[-1]} 00:00:00 UTC" in first
    assert not result.get_step_failure_events()


def test_what_had_landed_before_the_wait_is_recorded_once(
    instance: dg.DagsterInstance, late: Sandbox, tmp_path: Path
) -> None:
    resources = resources_for(late, tmp_path / "lake")
    result = materialize_range(instance, resources, _DAYS, select=_SELECT)
    times = recorded(instance, run_id=result.run_id)
    assert times == expected(_TABLES, _DAYS), "however often the step was tried again"
    assert set(check_rows(instance, "balance_summary_1")) == {(str(day), "SUCCEEDED") for day in _DAYS}


def test_an_asset_that_depends_on_late_data_starts_when_they_have_landed(
    instance: dg.DagsterInstance, late: Sandbox, tmp_path: Path
) -> None:
    saw: list[int] = []
    lake = resources_for(late, tmp_path / "lake")["report_lake"].lake

    @dg.asset(
        deps=[["stripe_reports", "balance_summary_1"]],
        partitions_def=dg.DailyPartitionsDefinition(START),
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def downstream() -> None:
        saw.append(len(lake.days("balance_summary_1")))

    resources = resources_for(late, tmp_path / "lake")
    result = materialize_range(instance, resources, _DAYS, select=_SELECT, others=[downstream])
    assert result.success
    assert saw == [len(_DAYS)]


def test_how_far_the_data_went_is_recorded_with_the_day(
    instance: dg.DagsterInstance, sandbox: Sandbox, tmp_path: Path
) -> None:
    resources = resources_for(sandbox, tmp_path / "lake")
    result = materialize_range(instance, resources, _DAYS[-1:], select="balance.summary.1")
    ((place, metadata),) = facts(result).items()
    assert metadata["data_available_end"] == sandbox.data_available_end
    provenance = resources["report_lake"].lake.provenance(place[0], _DAYS[-1])
    assert provenance["data_available_end"] == str(sandbox.data_available_end)


def test_a_day_whose_data_are_not_to_be_expected_in_time_fails_at_once(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    fees = "all_fees.incurred_at.itemized.2"  # 96 hours behind, and a run waits for a day
    with Sandbox(port=0, files_port=0, key=DEFAULT_LIVE_KEY) as sandbox:
        resources = resources_for(sandbox, tmp_path / "lake")
        result = materialize_range(instance, resources, _DAYS[-1:], select=fees)
    assert _retries(result) == 0
    assert "Stripe has data through" in failure(result)


def test_where_another_day_has_failed_that_is_told_now_with_those_that_wait(
    instance: dg.DagsterInstance, late: Sandbox, tmp_path: Path
) -> None:
    late.fault("missing_column", report_type="payouts.summary.1", count=1)  # for a day without rows too
    result = materialize_range(instance, resources_for(late, tmp_path / "lake"), _DAYS, select=_SELECT)
    assert _retries(result) == 0
    assert sorted(each["error"] for each in failures(result)) == ["CsvError", "DataNotAvailableError"]
    assert sum(recorded(instance).values()) == len(expected(_TABLES, _DAYS)) - 2


def test_a_wait_ends_with_the_patience_that_is_set(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(port=0, files_port=0, latency=0.05) as sandbox:
        sandbox.fault("late", seconds=86400)
        resources = resources_for(sandbox, tmp_path / "lake", wait_for_data_seconds=2.0)
        result = dg.materialize(
            StripeReports("balance.summary.1", start_date=START).assets,
            partition_key=str(_DAYS[-1]),
            instance=instance,
            resources=resources,
            raise_on_error=False,
        )
        assert _retries(result) >= 1
        assert "Stripe has data through" in failure(result)
        assert sandbox.report_runs_created == 0
