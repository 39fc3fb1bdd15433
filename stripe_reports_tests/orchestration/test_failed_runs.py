"""Each report partition that a failed run did not land is told: one log line, one POST."""

from __future__ import annotations

import json
import logging
from datetime import date
from typing import Any

import dagster as dg
import pytest

from stripe_reports import (
    StripeResource,
    build_stripe_report_assets,
    build_stripe_reports_failed_runs_sensor,
)
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import START, days
from stripe_reports_tests.orchestration.support import (
    expected,
    materialize_range,
    range_tags,
    recorded,
)
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error

_SELECT = "balance.summary.1, payouts.summary.1"
_DAY = date(2025, 9, 1)


@dg.asset
def unrelated() -> None:
    raise ValueError("not ours")


@dg.asset(partitions_def=dg.DailyPartitionsDefinition(START))
def healthy() -> None:
    """Lands always."""


def _fail(
    instance: dg.DagsterInstance, resources: dict[str, Any], *others: dg.AssetsDefinition, **more: Any
) -> dg.ExecuteInProcessResult:
    assets = build_stripe_report_assets(_SELECT, start_date=START)
    result = dg.materialize(
        [*assets, *others],
        instance=instance,
        resources=resources,
        raise_on_error=False,
        **({"partition_key": str(_DAY)} | more),
    )
    assert not result.success
    return result


def _evaluate(
    instance: dg.DagsterInstance,
    run: dg.DagsterRun,
    event: dg.DagsterEvent,
    alert_url: str | None = None,
    *,
    select: str = _SELECT,
) -> list[str]:
    """Let the sensor see the run's failure; returns the lines that it logged."""
    assets = build_stripe_report_assets(select, start_date=START)
    sensor = build_stripe_reports_failed_runs_sensor(assets, alert_url=alert_url)
    context = dg.build_run_status_sensor_context(
        sensor_name=sensor.name, dagster_instance=instance, dagster_run=run, dagster_event=event
    ).for_run_failure()
    lines: list[str] = []
    kept = logging.Handler()
    kept.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    context.log.addHandler(kept)
    sensor(context)
    return lines


def _evaluate_result(
    instance: dg.DagsterInstance,
    result: dg.ExecuteInProcessResult,
    alert_url: str | None = None,
    *,
    select: str = _SELECT,
) -> list[str]:
    event = result.get_run_failure_event()
    return _evaluate(instance, result.dagster_run, event, alert_url, select=select)


def _posted(server: ScriptedServer) -> list[dict[str, Any]]:
    return [json.loads(asked.body) for asked in server.asked_for("POST", "/alert")]


def test_each_failed_report_is_posted_with_what_a_person_needs(
    instance: dg.DagsterInstance, resources: dict[str, Any], server: ScriptedServer
) -> None:
    server.answers("POST", "/alert", Answer(b"ok"))
    result = _fail(instance, resources | {"stripe": StripeResource()})
    _evaluate_result(instance, result, f"{server.base}/alert")
    posted = {body["report_type"]: body for body in _posted(server)}
    assert set(posted) == {"balance.summary.1", "payouts.summary.1"}
    body = posted["balance.summary.1"]
    assert body["partition"] == str(_DAY)
    assert body["asset_key"] == "stripe_reports/balance_summary_1"
    assert body["run_id"] == result.run_id
    assert body["report_run"] is None
    assert body["text"].startswith(f"Stripe report failed: balance.summary.1 {_DAY}: no Stripe API key")
    assert "\n" not in body["text"]


def test_the_report_run_is_named_where_there_is_one(
    instance: dg.DagsterInstance, resources: dict[str, Any], server: ScriptedServer
) -> None:
    server.answers("POST", "/alert", Answer(b"ok"))
    available = {
        "object": "reporting.report_type",
        "data_available_start": 0,
        "data_available_end": 2**31 - 1,
    }
    available |= {"name": "x", "livemode": False, "default_columns": None}
    types = [available | {"id": id_} for id_ in ("balance.summary.1", "payouts.summary.1")]
    listed = {"object": "list", "url": "/v1/reporting/report_types", "has_more": False, "data": types}
    server.answers("GET", "/v1/reporting/report_types", Answer(listed))
    run = {
        "object": "reporting.report_run", "id": "frr_broken", "report_type": "x", "status": "failed",
        "livemode": False, "created": 1, "error": "Sorry.", "parameters": {}, "result": None,
    }  # fmt: skip
    server.answers("POST", "/v1/reporting/report_runs", Answer(run))
    stripe = StripeResource(api_key="sk_test_x", api_base=server.base, files_base=server.base)
    _evaluate_result(instance, _fail(instance, resources | {"stripe": stripe}), f"{server.base}/alert")
    assert {body["report_run"] for body in _posted(server)} == {"frr_broken"}
    assert all("Stripe marked it failed: Sorry." in body["error"] for body in _posted(server))


def test_of_a_range_each_day_that_did_not_land_is_posted_with_its_own_reason(
    instance: dg.DagsterInstance,
    own_sandbox: Sandbox,
    own_resources: dict[str, Any],
    server: ScriptedServer,
) -> None:
    server.answers("POST", "/alert", Answer(b"ok"))
    own_sandbox.fault("failed", report_type="payouts.summary.1", error="Sorry.")
    own_sandbox.fault("unfit", report_type="balance.summary.1", count=1)
    range_ = days(4)
    result = materialize_range(instance, own_resources, range_, select=f"{_SELECT}, payouts.itemized.3")
    _evaluate_result(instance, result, f"{server.base}/alert", select=f"{_SELECT}, payouts.itemized.3")
    posted = {(body["report_type"], body["partition"]): body for body in _posted(server)}
    assert len(posted) == len(_posted(server)) == 5
    did_not_land = expected(["balance_summary_1", "payouts_summary_1", "payouts_itemized_3"], range_)
    did_not_land.subtract(recorded(instance))
    assert set(+did_not_land) == {(id_.replace(".", "_"), day) for id_, day in posted}
    runs = {body["report_run"] for body in posted.values()}
    assert len(runs) == 5, "each names its own"
    for (id_, day), body in posted.items():
        assert body["error"].startswith(f"{id_} {day} (report run {body['report_run']}): ")
        reason = "Stripe marked it failed: Sorry." if id_ == "payouts.summary.1" else "'n/a'"
        assert reason in body["error"]


def test_of_a_range_that_ended_before_its_step_every_day_is_posted(
    instance: dg.DagsterInstance, resources: dict[str, Any], server: ScriptedServer
) -> None:
    server.answers("POST", "/alert", Answer(b"ok"))
    assets = build_stripe_report_assets(_SELECT, start_date=START)
    job = dg.Definitions(assets=assets, resources=resources).resolve_implicit_global_asset_job_def()
    run = instance.create_run_for_job(job, tags=range_tags(days(3)))
    instance.report_run_failed(run, "the worker was killed")
    (failed,) = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE).records
    event = failed.event_log_entry.dagster_event
    assert event is not None
    _evaluate(instance, run, event, f"{server.base}/alert")
    assert sorted((body["report_type"], body["partition"]) for body in _posted(server)) == [
        (id_, str(day)) for id_ in ("balance.summary.1", "payouts.summary.1") for day in days(3)
    ]
    assert all("the worker was killed" in body["error"] for body in _posted(server))


def test_what_landed_in_the_same_run_and_what_is_not_ours_is_not_told(
    instance: dg.DagsterInstance, resources: dict[str, Any], server: ScriptedServer
) -> None:
    server.answers("POST", "/alert", Answer(b"ok"))
    result = _fail(instance, resources, unrelated, healthy)
    _evaluate_result(instance, result, f"{server.base}/alert")
    assert _posted(server) == []


def test_a_run_that_ended_before_its_steps_is_told_as_well(
    instance: dg.DagsterInstance, resources: dict[str, Any], server: ScriptedServer
) -> None:
    server.answers("POST", "/alert", Answer(b"ok"))
    assets = build_stripe_report_assets(_SELECT, start_date=START)
    job = dg.Definitions(assets=assets, resources=resources).resolve_implicit_global_asset_job_def()
    run = instance.create_run_for_job(job, tags={"dagster/partition": str(_DAY)})
    instance.report_run_failed(run, "the worker was killed")
    (failed,) = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE).records
    event = failed.event_log_entry.dagster_event
    assert event is not None
    _evaluate(instance, run, event, f"{server.base}/alert")
    assert {(body["report_type"], body["partition"]) for body in _posted(server)} == {
        ("balance.summary.1", str(_DAY)),
        ("payouts.summary.1", str(_DAY)),
    }
    assert all("the worker was killed" in body["error"] for body in _posted(server))


def test_a_run_that_will_be_retried_is_left_alone(
    instance: dg.DagsterInstance, resources: dict[str, Any], server: ScriptedServer
) -> None:
    server.answers("POST", "/alert", Answer(b"ok"))
    result = _fail(instance, resources | {"stripe": StripeResource()}, tags={"dagster/will_retry": "true"})
    _evaluate_result(instance, result, f"{server.base}/alert")
    assert _posted(server) == []


def test_without_an_address_it_logs_only(instance: dg.DagsterInstance, resources: dict[str, Any]) -> None:
    lines = _evaluate_result(instance, _fail(instance, resources | {"stripe": StripeResource()}))
    assert len(lines) == 2
    assert all(line.startswith("Stripe report failed: ") and "\n" not in line for line in lines)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/SECRET", "{base}/SECRET"])
def test_an_alert_that_cannot_be_sent_is_logged_without_its_address(
    instance: dg.DagsterInstance,
    resources: dict[str, Any],
    server: ScriptedServer,
    address: str,
) -> None:
    server.answers("POST", "/SECRET", Answer(stripe_error("no"), 500))
    result = _fail(instance, resources | {"stripe": StripeResource()})
    lines = _evaluate_result(instance, result, address.format(base=server.base))
    assert sum("the alert was not" in line for line in lines) == 2
    assert "SECRET" not in "".join(lines)
