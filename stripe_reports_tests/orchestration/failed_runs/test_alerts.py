"""Alerts about days that did not land: what they say, and how many there are."""

from __future__ import annotations

from typing import Any

import pytest

from stripe_reports.orchestration.assets import materialization
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import NEWEST, days, resources_for
from stripe_reports_tests.orchestration.failed_runs.conftest import BOTH, kill_before_step
from stripe_reports_tests.orchestration.watch import MINUTE, Watch


def test_an_alert_has_all_that_a_person_or_a_program_needs(watch: Watch, own_sandbox: Sandbox) -> None:
    watch.begin(webserver_url="https://dagster.example")
    own_sandbox.fault("failed", error="Sorry.")
    run_id = watch.land(NEWEST).run_id
    (body,) = watch.new_alerts()
    assert body.pop("text").startswith(
        f"Stripe report failed, report run failed: balance.summary.1 {NEWEST} ("
    )
    assert body.pop("report_run").startswith("frr_")
    assert "Stripe marked it failed: Sorry." in body.pop("error")
    assert body.pop("requested_again_at").endswith("+00:00")
    assert body.pop("what_to_do").startswith("A new report run usually succeeds")
    assert body == {
        "kind": "report_run_failed",
        "account": None,
        "report_type": "balance.summary.1",
        "partition": str(NEWEST),
        "asset_key": "stripe_reports/balance_summary_1",
        "run_id": run_id,
        "run_url": f"https://dagster.example/runs/{run_id}",
        "attempt": 0,
        "partitions": 1,
        "places": f"balance.summary.1 {NEWEST}",
    }
    assert watch.new_alerts() == [], "there is one alert"


@pytest.mark.parametrize(
    ("fault", "settings", "kind"),
    [
        ({"kind": "pending"}, {"stuck_after_seconds": 0.1}, "report_run_stuck"),
        ({"kind": "unfit"}, {}, "bad_data"),
        ({"kind": "late"}, {"wait_for_data_seconds": 0}, "stripe_is_late"),
        ({"kind": "status", "code": 401}, {}, "our_error"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_the_alert_tells_whose_trouble_it_is(
    watch: Watch, own_sandbox: Sandbox, fault: dict[str, Any], settings: dict[str, Any], kind: str
) -> None:
    watch.begin()
    own_sandbox.fault(**fault)
    watch.resources |= resources_for(own_sandbox, watch.lake, **settings)
    watch.land(NEWEST)
    (body,) = watch.new_alerts()
    assert body["kind"] == kind
    assert (body["requested_again_at"] is None) == (kind in ("bad_data", "our_error"))


def test_of_a_run_that_ended_before_its_step_every_day_needs_alert(without_key: Watch) -> None:
    without_key.begin(BOTH)
    kill_before_step(without_key, *days(3))
    bodies = without_key.new_alerts()
    assert sorted((body["report_type"], body["partition"]) for body in bodies) == [
        (id_, str(day)) for id_ in ("balance.summary.1", "payouts.summary.1") for day in days(3)
    ]
    assert all("the worker was killed" in body["error"] for body in bodies)
    assert {body["kind"] for body in bodies} == {"our_error"}


def test_an_error_that_nobody_foresaw_is_told_in_its_own_words(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    watch.begin()
    monkeypatch.setattr(materialization, "Backfill", broken)
    watch.land(NEWEST)
    (body,) = watch.new_alerts()
    assert (body["kind"], body["error"]) == ("our_error", f"balance.summary.1 {NEWEST}: RuntimeError: boom")


def test_a_backfill_with_a_wrong_key_is_one_alert(without_key: Watch) -> None:
    without_key.begin(BOTH)
    without_key.land(*days(30))
    (body,) = without_key.new_alerts()
    assert (body["kind"], body["partitions"]) == ("our_error", 60)
    assert body["places"] == f"{BOTH} {days(30)[0]}...{NEWEST}"
    assert body["partition"] is None


@pytest.mark.parametrize(("fault", "kind"), [("failed", "report_run_failed"), ("unfit", "bad_data")])
def test_days_that_the_table_of_failures_has_no_room_for_fail_like_the_others(
    watch: Watch, own_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, fault: str, kind: str
) -> None:
    monkeypatch.setattr("stripe_reports.orchestration.failed_runs.failures_table._MOST_FAILURES", 1)
    watch.begin()
    own_sandbox.fault(fault)
    watch.land(*days(3))
    assert [body["kind"] for body in watch.new_alerts()] == [kind] * 3
    ends = [
        request.tags["dagster/asset_partition_range_end"] for request in watch.after(15 * MINUTE).evaluate()
    ]
    assert ends == ([str(NEWEST)] if fault == "failed" else [])
