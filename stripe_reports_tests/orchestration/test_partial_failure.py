"""Days and report types of one run fail on their own: what has landed is recorded, what has not is named."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stripe_reports import StripeReports
from stripe_reports.catalog import ReportType
from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import START, days, failure, resources_for
from stripe_reports_tests.orchestration.support import (
    check_rows,
    expected,
    facts,
    failures,
    landed,
    materialize_range,
    range_tags,
    recorded,
)

_DAYS = days(4)
_SELECT = "balance.summary.1, payouts.summary.1, payouts.itemized.3"
_FINE = expected(["balance_summary_1", "payouts_itemized_3"], _DAYS)
_DAILY = dg.DailyPartitionsDefinition(START)
_SINGLE = dg.BackfillPolicy.single_run()


def _downstream_of(table: str) -> dg.AssetsDefinition:
    @dg.asset(
        name=f"after_{table}",
        deps=[dg.AssetKey(["stripe_reports", table])],
        partitions_def=_DAILY,
        backfill_policy=_SINGLE,
    )
    def after() -> None:
        """Whatever is made of the report."""

    return after


def test_a_report_type_that_fails_keeps_no_other_from_being_recorded(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    own_sandbox.fault("failed", report_type="payouts.summary.1", error="Sorry.")
    result = materialize_range(instance, own_resources, _DAYS, select=_SELECT)
    assert not result.success
    assert recorded(instance, run_id=result.run_id) == _FINE == landed(own_resources["report_lake"].lake)
    told = failures(result)
    assert {(row["report_type"], row["day"]) for row in told} == {
        ("payouts.summary.1", str(day)) for day in _DAYS
    }
    for row in told:
        assert row["error"] == "ReportRunError"
        assert row["report_run"].startswith("frr_")
        assert row["why"].startswith(f"payouts.summary.1 {row['day']} (report run {row['report_run']}): ")
        assert "Stripe marked it failed: Sorry." in row["why"]
    assert failure(result).startswith("4 of 12 partitions did not land: payouts.summary.1 ")
    assert "and others, see the metadata of this failure" in failure(result)


def test_days_of_the_failing_report_type_that_landed_are_recorded_with_their_facts(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    lake = own_resources["report_lake"].lake
    own_sandbox.fault("unfit", report_type="balance.summary.1", count=1)
    result = materialize_range(instance, own_resources, _DAYS, select=_SELECT)
    (told,) = failures(result)
    assert (told["report_type"], told["error"]) == ("balance.summary.1", "CsvError")
    assert failure(result) == told["why"]
    there = expected(["balance_summary_1", "payouts_itemized_3", "payouts_summary_1"], _DAYS)
    there.subtract([("balance_summary_1", told["day"])])
    assert recorded(instance) == +there == landed(lake)
    for (table, day), metadata in facts(result).items():
        assert metadata["dagster/uri"].endswith(f"{table}/date={day}/part-0.parquet")
    rows = check_rows(instance, "balance_summary_1")
    assert {day for day, status in rows if status == "SUCCEEDED"} == {
        str(day) for day in _DAYS if str(day) != told["day"]
    }
    assert not [status for _, status in rows if status not in ("SUCCEEDED", "PLANNED")]


def _logged(instance: dg.DagsterInstance, run_id: str, level: int) -> list[str]:
    return [entry.user_message for entry in instance.all_logs(run_id) if entry.level == level]


def test_days_that_share_a_report_run_share_a_line(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    own_sandbox.fault("failed", report_type="payouts.itemized.3", error="Sorry.")
    result = materialize_range(instance, own_resources, _DAYS, select="payouts.itemized.3")
    run = failures(result)[0]["report_run"]
    start = (
        f"payouts.itemized.3 {_DAYS[0]} to {_DAYS[-1]} (report run {run}): Stripe marked it failed: Sorry."
    )
    assert failure(result).startswith(f"4 of 4 partitions did not land: {start}")
    assert failure(result).count("Sorry.") == 1
    (line,) = _logged(instance, result.run_id, logging.ERROR)[:1]
    assert line.startswith(start)
    assert len([each for each in _logged(instance, result.run_id, logging.ERROR) if "Sorry." in each]) == 1


def test_a_bug_fails_its_day_alone_and_its_traceback_is_in_the_log(
    instance: dg.DagsterInstance,
    own_sandbox: Sandbox,
    own_resources: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    land = Lake.land

    def broken(self: Lake, report_type: ReportType, day: date, *given: Any, **more: Any) -> Any:
        if (report_type.id, day) == ("balance.summary.1", _DAYS[1]):
            raise IndexError("list index out of range")
        return land(self, report_type, day, *given, **more)

    monkeypatch.setattr(Lake, "land", broken)
    result = materialize_range(instance, own_resources, _DAYS, select=_SELECT)
    (told,) = failures(result)
    assert (told["day"], told["kind"], told["error"]) == (
        str(_DAYS[1]),
        "unexpected_error",
        "UnexpectedError",
    )
    assert recorded(instance).total() == 11
    assert "unexpected IndexError: list index out of range (stripe_reports " in failure(result)
    assert "Traceback" not in failure(result)
    (trace,) = [each for each in _logged(instance, result.run_id, logging.INFO) if "Traceback" in each]
    assert "in broken" in trace


def test_one_day_without_data_keeps_no_other_from_landing(
    instance: dg.DagsterInstance, sandbox: Sandbox, tmp_path: Path
) -> None:
    partitions = dg.DailyPartitionsDefinition(START, end_offset=2)
    asked = [*_DAYS, _DAYS[-1].fromordinal(_DAYS[-1].toordinal() + 1)]
    result = dg.materialize(
        StripeReports("payouts.itemized.3", partitions_def=partitions).assets,
        tags=range_tags(asked),
        instance=instance,
        resources=resources_for(sandbox, tmp_path / "lake", wait_for_data_seconds=0),
        raise_on_error=False,
    )
    (told,) = failures(result)
    assert (told["day"], told["error"]) == (str(asked[-1]), "DataNotAvailableError")
    assert recorded(instance) == expected(["payouts_itemized_3"], _DAYS)


def test_a_run_without_a_key_names_every_day_of_every_report(
    instance: dg.DagsterInstance, own_resources: dict[str, Any]
) -> None:
    keyless = own_resources | {"stripe": type(own_resources["stripe"])()}
    result = materialize_range(instance, keyless, _DAYS, select=_SELECT)
    assert {(row["report_type"], row["day"]) for row in failures(result)} == {
        (id_, str(day)) for id_ in _SELECT.split(", ") for day in _DAYS
    }
    assert all(row["why"].startswith(f"{row['report_type']} {row['day']}: no ") for row in failures(result))
    assert not recorded(instance)


@pytest.mark.parametrize("fault", ["failed", None])
def test_a_downstream_asset_starts_once_all_has_landed_and_not_before(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any], fault: str | None
) -> None:
    if fault:
        own_sandbox.fault(fault, report_type="payouts.summary.1")
    downstream = _downstream_of("balance_summary_1")
    result = materialize_range(instance, own_resources, _DAYS, select=_SELECT, others=[downstream])
    assert result.success is not bool(fault)
    steps = [event.step_key for event in result.all_events if event.is_step_start]
    assert steps == ["land__stripe_reports", *([] if fault else ["after_balance_summary_1"])]


@pytest.mark.parametrize(("fault", "retries"), [("failed", 1), ("unfit", 0)])
def test_a_jobs_retries_are_for_what_another_try_may_mend(
    instance: dg.DagsterInstance,
    own_sandbox: Sandbox,
    own_resources: dict[str, Any],
    fault: str,
    retries: int,
) -> None:
    own_sandbox.fault(fault, report_type="balance.summary.1")
    assets = StripeReports("balance.summary.1", start_date=START).assets
    job = dg.define_asset_job("retried", assets, op_retry_policy=dg.RetryPolicy(max_retries=1))
    defs = dg.Definitions(assets=assets, jobs=[job], resources=own_resources)
    result = defs.resolve_job_def("retried").execute_in_process(
        instance=instance, tags=range_tags(_DAYS), raise_on_error=False
    )
    assert not result.success
    assert sum(event.is_step_up_for_retry for event in result.all_events) == retries
