"""What failed Dagster runs did not land is told, and asked for again."""

from __future__ import annotations

from datetime import date
from typing import Any

import dagster as dg
import pytest

from stripe_reports import StripeReports, StripeResource
from stripe_reports.orchestration.assets import materialization
from stripe_reports.orchestration.failed_runs import sensor as failed_runs
from stripe_reports.orchestration.failed_runs.alert import Alert
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import NEWEST, START, days, resources_for
from stripe_reports_tests.orchestration.support import range_tags
from stripe_reports_tests.orchestration.watch import HOUR, MINUTE, Watch
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error

_BOTH = "balance.summary.1, payouts.summary.1"


@dg.asset
def unrelated() -> None:
    raise ValueError("not ours")


@dg.asset(partitions_def=dg.DailyPartitionsDefinition(START))
def healthy() -> None:
    """Lands always."""


@pytest.fixture
def watch(
    monkeypatch: pytest.MonkeyPatch,
    instance: dg.DagsterInstance,
    own_resources: dict[str, Any],
    server: ScriptedServer,
) -> Watch:
    return Watch(monkeypatch, instance, own_resources, server)


@pytest.fixture
def without_key(watch: Watch) -> Watch:
    """Whatever is landed fails at once, for an error of ours."""
    watch.resources["stripe"] = StripeResource()
    return watch


def _run(watch: Watch, *days_: date, tags: dict[str, str] | None = None) -> dg.DagsterRun:
    """A run that has not begun with its step."""
    assets = StripeReports(watch.select, start_date=START).assets
    job = dg.Definitions(assets=assets, resources=watch.resources).resolve_implicit_global_asset_job_def()
    one = {"dagster/partition": str(days_[0])}
    of_days = one if len(days_) == 1 else range_tags(days_)
    return watch.instance.create_run_for_job(job, tags={**of_days, **(tags or {})})


def _killed(watch: Watch, *days_: date, tags: dict[str, str] | None = None) -> None:
    """A run that ended before its step."""
    watch.instance.report_run_failed(_run(watch, *days_, tags=tags), "the worker was killed")


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
    assert watch.new_alerts() == [], "it is told once"


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


def test_a_failed_day_is_asked_for_again_after_a_pause_and_then_left_alone(
    watch: Watch, own_sandbox: Sandbox
) -> None:
    watch.begin()
    own_sandbox.fault("failed", count=4)
    watch.land(NEWEST)
    assert len(watch.new_alerts()) == 1
    assert "retrying what failed at" in (watch.skipped or "")
    assert watch.after(14 * MINUTE).evaluate() == []
    (request,) = watch.after(15 * MINUTE).evaluate()
    assert request.partition_key == str(NEWEST)
    assert request.asset_selection == [dg.AssetKey(["stripe_reports", "balance_summary_1"])]
    assert request.tags["stripe_reports/attempt"] == "1"
    (healed,) = watch.run([request])
    assert healed.success
    assert watch.after(24 * HOUR).evaluate() == []
    assert len(watch.posted) == 1


def test_after_three_attempts_it_is_given_up_and_only_the_first_and_the_last_failure_are_alerted(
    watch: Watch, own_sandbox: Sandbox
) -> None:
    watch.begin()
    own_sandbox.fault("failed")
    watch.land(NEWEST)
    assert [body["attempt"] for body in watch.new_alerts()] == [0]
    for attempt, pause in enumerate((15 * MINUTE, HOUR, 4 * HOUR), 1):
        assert watch.after(pause - MINUTE).evaluate() == []
        requests = watch.after(pause).evaluate()
        assert [request.tags["stripe_reports/attempt"] for request in requests] == [str(attempt)]
        watch.run(requests)
        alerts = watch.new_alerts()
        if attempt < 3:
            assert alerts == []
            assert any(f"(attempt {attempt}; another follows)" in line for line in watch.lines)
    assert [body["attempt"] for body in alerts] == [3]
    assert "Given up after 3 attempts" in alerts[0]["text"]
    assert alerts[0]["requested_again_at"] is None
    assert watch.after(24 * HOUR).evaluate() == []


def test_a_failure_of_another_kind_is_alerted_and_where_that_does_not_pass_nobody_asks_again(
    watch: Watch, own_sandbox: Sandbox
) -> None:
    watch.begin()
    own_sandbox.fault("failed")
    watch.land(NEWEST)
    watch.evaluate()
    requests = watch.after(15 * MINUTE).evaluate()
    own_sandbox.clear_faults()
    own_sandbox.fault("unfit")
    watch.run(requests)
    (body,) = watch.new_alerts()
    assert (body["kind"], body["attempt"], body["requested_again_at"]) == ("bad_data", 1, None)
    assert watch.after(24 * HOUR).evaluate() == []


def test_a_day_that_landed_meanwhile_is_not_requested(watch: Watch, own_sandbox: Sandbox) -> None:
    watch.begin()
    own_sandbox.fault("failed", count=4)
    watch.land(NEWEST)
    watch.evaluate()
    assert watch.land(NEWEST).success
    assert watch.after(15 * MINUTE).evaluate() == []


def test_a_day_is_never_requested_twice_at_once_nor_counted_twice(watch: Watch, own_sandbox: Sandbox) -> None:
    watch.begin()
    own_sandbox.fault("failed")
    watch.land(NEWEST)
    watch.evaluate()
    watch.land(NEWEST)  # a person tries as well, in vain
    watch.evaluate()
    requests = watch.after(15 * MINUTE).evaluate()
    assert len(requests) == 1, "both failures are due"
    assert watch.after(24 * HOUR).evaluate() == []


def test_an_earlier_failure_that_is_due_later_does_not_begin_a_second_count(
    watch: Watch, own_sandbox: Sandbox
) -> None:
    watch.begin(request_again_after=(15 * MINUTE, HOUR))
    own_sandbox.fault("failed")
    watch.land(NEWEST)
    watch.evaluate()
    first = watch.after(15 * MINUTE).evaluate()
    watch.run(first)  # its next attempt is due in an hour
    watch.land(NEWEST)  # the schedule's, which begins to count anew
    assert watch.after(0).evaluate() == []
    requests = watch.after(2 * HOUR).evaluate()
    assert [request.tags["stripe_reports/attempt"] for request in requests] == ["1"]


def test_the_days_of_one_run_are_asked_for_again_in_as_few_runs_and_only_those_that_it_helps(
    watch: Watch, own_sandbox: Sandbox
) -> None:
    watch.begin("balance.summary.1, payouts.summary.1, payouts.itemized.3")
    range_ = days(3)
    own_sandbox.fault("failed", report_type="payouts.summary.1", error="Sorry.")
    own_sandbox.fault("unfit", report_type="balance.summary.1", count=1)
    watch.land(*range_)
    posted = {(body["report_type"], body["partition"]): body for body in watch.new_alerts()}
    assert len(posted) == 4, "one for each day that did not land"
    assert sum(body["kind"] == "bad_data" for body in posted.values()) == 1
    assert len({body["report_run"] for body in posted.values()}) == 4, "each names its own"
    for (id_, day), body in posted.items():
        assert body["error"].startswith(f"{id_} {day} (report run {body['report_run']}): ")
    (request,) = watch.after(15 * MINUTE).evaluate()
    assert request.asset_selection == [dg.AssetKey(["stripe_reports", "payouts_summary_1"])]
    assert request.partition_key is None
    assert {name: request.tags[name] for name in range_tags(range_)} == range_tags(range_)


def test_a_day_that_a_run_is_at_is_not_requested(watch: Watch, own_sandbox: Sandbox) -> None:
    watch.begin()
    own_sandbox.fault("failed")
    watch.land(NEWEST)
    watch.evaluate()
    _run(watch, NEWEST)
    assert watch.after(15 * MINUTE).evaluate() == []


def test_a_day_whose_run_was_canceled_meanwhile_is_requested(watch: Watch, own_sandbox: Sandbox) -> None:
    watch.begin()
    own_sandbox.fault("failed")
    watch.land(NEWEST)
    watch.evaluate()
    watch.instance.report_run_canceled(_run(watch, NEWEST))
    assert len(watch.after(15 * MINUTE).evaluate()) == 1


def test_days_without_attempts_are_alerted_only(watch: Watch, own_sandbox: Sandbox) -> None:
    watch.begin(request_again_after=())
    own_sandbox.fault("failed")
    watch.land(NEWEST)
    (body,) = watch.new_alerts()
    assert "No automatic retry." in body["text"]
    assert watch.after(24 * HOUR).evaluate() == []


def test_of_a_run_that_ended_before_its_step_every_day_needs_alert(without_key: Watch) -> None:
    without_key.begin(_BOTH)
    _killed(without_key, *days(3))
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


def test_runs_that_will_be_retried_or_were_canceled_or_are_not_ours_or_failed_before_are_left_alone(
    without_key: Watch,
) -> None:
    watch = without_key
    _killed(watch, NEWEST)
    watch.begin()
    _killed(watch, NEWEST, tags={"dagster/will_retry": "true"})
    watch.instance.report_run_canceled(_run(watch, NEWEST))
    dg.materialize([unrelated], instance=watch.instance, raise_on_error=False)
    assert watch.new_alerts() == []


def test_what_landed_in_the_same_run_is_not_told_and_its_job_may_have_any_name(
    watch: Watch, instance: dg.DagsterInstance
) -> None:
    watch.begin()
    assets = StripeReports("balance.summary.1", start_date=START).assets

    def materialize(resources: dict[str, Any]) -> None:
        all_ = [*assets, unrelated, healthy]
        more: Any = {"partition_key": str(NEWEST), "raise_on_error": False}
        assert not dg.materialize(all_, instance=instance, resources=resources, **more).success

    materialize(watch.resources)
    assert watch.new_alerts() == []
    materialize(watch.resources | {"stripe": StripeResource()})
    assert [body["report_type"] for body in watch.new_alerts()] == ["balance.summary.1"]


def test_a_backfill_with_a_wrong_key_is_one_alert(without_key: Watch) -> None:
    without_key.begin(_BOTH)
    without_key.land(*days(30))
    (body,) = without_key.new_alerts()
    assert (body["kind"], body["partitions"]) == ("our_error", 60)
    assert body["places"] == f"{_BOTH} {days(30)[0]}...{NEWEST}"
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


def test_without_an_address_it_logs_only(without_key: Watch) -> None:
    without_key.begin(alert_url=None)
    without_key.land(NEWEST)
    assert without_key.new_alerts() == []
    assert [line for line in without_key.lines if line.startswith("Stripe report failed, our error: ")]


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/SECRET", "{base}/SECRET", "SECRET"])
def test_an_alert_that_cannot_be_sent_is_logged_without_its_address(without_key: Watch, address: str) -> None:
    watch = without_key
    watch.begin(alert_url=address.format(base=watch.server.base))
    watch.server.answers("POST", "/SECRET", Answer(stripe_error("no"), 500))
    watch.land(NEWEST)
    assert watch.evaluate() == []
    assert sum("1 alert: it was not " in line for line in watch.lines) == 1
    assert "SECRET" not in "".join(watch.lines) + str(watch.cursor)


def test_an_alert_that_was_not_taken_is_sent_again_and_holds_up_no_other(without_key: Watch) -> None:
    watch = without_key.begin(_BOTH, alert_url=f"{without_key.server.base}/busy")
    watch.server.answers("POST", "/busy", Answer(b"", 429), Answer(b"ok"))
    watch.land(NEWEST)
    watch.evaluate()
    (refused, taken) = watch.server.asked_for("POST", "/busy")
    assert refused.body != taken.body
    watch.evaluate()
    watch.evaluate()
    assert [asked.body for asked in watch.server.asked_for("POST", "/busy")[2:]] == [refused.body]


def test_an_alert_that_is_never_taken_is_given_up(
    without_key: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_runs, "_TRIES", 2)
    watch = without_key.begin(alert_url=f"{without_key.server.base}/nobody")
    watch.land(NEWEST)
    watch.evaluate()
    watch.evaluate()
    assert any("giving up on an alert after 2 tries: Stripe report failed" in line for line in watch.lines)
    watch.evaluate()
    assert len(watch.server.asked_for("POST", "/nobody")) == 2


def test_an_evaluation_stops_sending_in_time_and_the_next_one_goes_on(
    without_key: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = without_key.begin()
    watch.land(NEWEST)
    monkeypatch.setattr(failed_runs, "_ALL_SECONDS", 0.0)
    assert watch.new_alerts() == []
    monkeypatch.setattr(failed_runs, "_ALL_SECONDS", 45.0)
    assert len(watch.new_alerts()) == 1


def test_a_function_gets_the_same_facts_and_its_exception_breaks_nothing(without_key: Watch) -> None:
    got: list[Alert] = []

    def tell(alert: Alert) -> None:
        got.append(alert)
        raise ValueError("https://hooks.example/SECRET")

    without_key.begin(_BOTH, alert=tell)
    without_key.land(NEWEST)
    posted = without_key.new_alerts()
    assert len(posted) == 2
    assert [alert.body for alert in got] == posted
    lines = [line for line in without_key.lines if line.startswith("the alert function raised ValueError (")]
    assert len(lines) == 2
    assert "SECRET" not in "".join(without_key.lines)


@pytest.mark.parametrize(
    "cursor",
    ["", "{", "[]", '{"__class__": "RunStatusSensorCursor", "record_id": 7}', '{"format": 2, "runs": "x"}'],
)
def test_a_cursor_that_cannot_be_read_is_a_new_beginning(without_key: Watch, cursor: str) -> None:
    without_key.land(NEWEST)
    without_key.cursor = cursor
    assert without_key.new_alerts() == [], "what failed before is left alone"
    assert any("cursor" in line for line in without_key.lines) is bool(cursor)
    without_key.land(NEWEST)
    assert len(without_key.new_alerts()) == 1


def test_many_failed_runs_are_read_over_several_evaluations(
    without_key: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_runs, "_MOST_RUNS", 2)
    without_key.begin()
    for day in days(3):
        _killed(without_key, day)
    assert [body["partition"] for body in without_key.new_alerts()] == [str(day) for day in days(3)[:2]]
    assert [body["partition"] for body in without_key.new_alerts()] == [str(NEWEST)]


def test_a_run_that_is_deleted_before_its_time_is_not_asked_for_again(
    watch: Watch, own_sandbox: Sandbox
) -> None:
    watch.begin()
    own_sandbox.fault("failed")
    run_id = watch.land(NEWEST).run_id
    watch.evaluate()
    watch.instance.delete_run(run_id)
    assert watch.after(15 * MINUTE).evaluate() == []
    assert any(f"run {run_id} is deleted" in line for line in watch.lines)
