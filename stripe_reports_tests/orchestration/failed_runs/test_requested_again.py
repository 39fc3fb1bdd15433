"""Days that did not land are requested again: when, how often, and in which runs."""

from __future__ import annotations

import dagster as dg

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import NEWEST, days
from stripe_reports_tests.orchestration.failed_runs.conftest import unstarted_run
from stripe_reports_tests.orchestration.support import range_tags
from stripe_reports_tests.orchestration.watch import HOUR, MINUTE, Watch


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
    unstarted_run(watch, NEWEST)
    assert watch.after(15 * MINUTE).evaluate() == []


def test_a_day_whose_run_was_canceled_meanwhile_is_requested(watch: Watch, own_sandbox: Sandbox) -> None:
    watch.begin()
    own_sandbox.fault("failed")
    watch.land(NEWEST)
    watch.evaluate()
    watch.instance.report_run_canceled(unstarted_run(watch, NEWEST))
    assert len(watch.after(15 * MINUTE).evaluate()) == 1


def test_days_without_attempts_are_alerted_only(watch: Watch, own_sandbox: Sandbox) -> None:
    watch.begin(request_again_after=())
    own_sandbox.fault("failed")
    watch.land(NEWEST)
    (body,) = watch.new_alerts()
    assert "No automatic retry." in body["text"]
    assert watch.after(24 * HOUR).evaluate() == []


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
