"""Report runs that Stripe marks failed without a Dagster run at their days are told, and asked for again."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from stripe_reports import StripeResource
from stripe_reports.catalog import REPORT_TYPES, day_interval
from stripe_reports.lake import Lake
from stripe_reports.orchestration.failed_runs import report_runs as failed_report_runs
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import ReportRun, StripeApi, create_report_run, retrieve_report_run
from stripe_reports_tests.orchestration.conftest import NEWEST, days
from stripe_reports_tests.orchestration.failed_runs.conftest import unstarted_run
from stripe_reports_tests.orchestration.watch import HOUR, MINUTE, Watch
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error
from stripe_reports_tests.waiting import until

_TYPE = "balance.summary.1"


@pytest.fixture
def inbox(watch: Watch) -> Path:
    return watch.lake / "_inbox" / "failed"


def _fails(sandbox: Sandbox, *days_: date, report_type: str = _TYPE, **parameters: Any) -> ReportRun:
    """A report run that somebody makes elsewhere, and that Stripe marks failed."""
    sandbox.fault("failed", count=1, error="Sorry.")
    api = StripeApi(sandbox.key, api_base=sandbox.api_base, files_base=sandbox.files_base)
    interval = {
        "interval_start": day_interval(min(days_)).start,
        "interval_end": day_interval(max(days_)).end,
    }
    run = create_report_run(api, report_type, parameters or interval, f"{report_type} {days_} {parameters}")
    until(lambda: retrieve_report_run(api, run.id).status == "failed")
    return retrieve_report_run(api, run.id)


def _delivered(watch: Watch, run: ReportRun, name: str = "evt_1", **more: Any) -> None:
    """The webhook receiver keeps an event about it."""
    subject = {
        "object": "reporting.report_run",
        "id": run.id,
        "report_type": run.report_type,
        "parameters": dict(run.parameters),
        "status": run.status,
        "livemode": run.livemode,
        "created": run.created,
        "error": run.error,
    }
    event = {
        "object": "event",
        "id": name,
        "type": "reporting.report_run.failed",
        "created": run.created,
        "livemode": run.livemode,
        "data": {"object": subject | more.pop("subject", {})},
    }
    Lake.open(str(watch.lake)).inbox.put("failed", name, json.dumps(event | more).encode())


def test_a_failed_report_run_that_nobody_waited_for_is_told_once_and_its_day_is_landed_after_a_pause(
    watch: Watch, own_sandbox: Sandbox
) -> None:
    watch.begin()
    run = _fails(own_sandbox, NEWEST)
    assert watch.new_alerts() == [], "Stripe is asked once a minute"
    (body,) = watch.after(MINUTE).new_alerts()
    assert (body["kind"], body["report_type"], body["partition"]) == (
        "report_run_failed",
        _TYPE,
        str(NEWEST),
    )
    assert (body["report_run"], body["run_id"], body["run_url"]) == (run.id, None, None)
    assert body["error"] == (
        f"{_TYPE} {NEWEST} (report run {run.id}): Stripe marked it failed: Sorry.;"
        " no Dagster run was waiting for it"
    )
    assert "attempt 1 of 3" in body["text"]
    assert watch.after(3 * MINUTE).new_alerts() == []
    (request,) = watch.after(17 * MINUTE).evaluate()
    assert request.tags["stripe_reports/attempt"] == "1"
    (landed,) = watch.run([request])
    assert landed.success
    assert watch.after(24 * HOUR).evaluate() == []
    assert len(watch.posted) == 1


def test_what_the_webhook_receiver_keeps_is_told_at_once_and_goes_only_once_that_is_stored(
    watch: Watch, own_sandbox: Sandbox, inbox: Path
) -> None:
    watch.begin()
    _delivered(watch, _fails(own_sandbox, NEWEST))
    before = watch.cursor
    assert len(watch.new_alerts()) == 1
    assert len(list(inbox.iterdir())) == 1
    watch.cursor = before  # the daemon died before it was stored
    assert len(watch.new_alerts()) == 1
    assert watch.new_alerts() == []
    assert list(inbox.iterdir()) == []


def test_a_report_run_that_is_delivered_and_listed_is_told_once(watch: Watch, own_sandbox: Sandbox) -> None:
    watch.begin()
    run = _fails(own_sandbox, NEWEST)
    _delivered(watch, run)
    _delivered(watch, run, "evt_2")
    assert len(watch.new_alerts()) == 1
    assert watch.after(2 * MINUTE).new_alerts() == []


def test_the_failed_report_runs_of_a_dagster_run_are_not_told_beside_it(
    watch: Watch, own_sandbox: Sandbox
) -> None:
    watch.begin()
    own_sandbox.fault("failed", count=1)
    assert watch.land(NEWEST).success
    assert watch.after(MINUTE).new_alerts() == [], "it has made another one"
    own_sandbox.fault("failed", count=4)
    first, _ = days(2)
    run_id = watch.land(first).run_id
    assert [body["run_id"] for body in watch.after(2 * MINUTE).new_alerts()] == [run_id]
    assert watch.after(3 * MINUTE).new_alerts() == []
    requests = watch.after(HOUR).evaluate()
    assert [request.partition_key for request in requests] == [str(first)]


def test_while_a_dagster_run_is_at_the_day_nothing_is_told_and_if_it_comes_to_nothing_it_is(
    watch: Watch, own_sandbox: Sandbox
) -> None:
    watch.begin()
    at_it = unstarted_run(watch, NEWEST)
    _fails(own_sandbox, NEWEST)
    assert watch.after(MINUTE).new_alerts() == []
    assert watch.after(HOUR).new_alerts() == []
    watch.instance.report_run_canceled(at_it)
    assert len(watch.after(2 * HOUR).new_alerts()) == 1


def test_a_dagster_run_that_was_at_the_day_and_failed_tells_by_itself(
    watch: Watch, own_sandbox: Sandbox
) -> None:
    watch.begin()
    at_it = unstarted_run(watch, NEWEST)
    _fails(own_sandbox, NEWEST)
    assert watch.after(MINUTE).new_alerts() == []
    watch.instance.report_run_failed(at_it, "the worker was killed")
    assert [body["run_id"] for body in watch.new_alerts()] == [at_it.run_id]
    assert watch.after(HOUR).new_alerts() == []


def test_after_a_day_it_is_not_looked_at_again(watch: Watch, own_sandbox: Sandbox) -> None:
    watch.begin()
    at_it = unstarted_run(watch, NEWEST)
    _fails(own_sandbox, NEWEST)
    assert watch.after(MINUTE).new_alerts() == []
    assert watch.after(25 * HOUR).new_alerts() == []
    watch.instance.report_run_canceled(at_it)
    assert watch.new_alerts() == []


def test_of_several_days_those_that_are_missing_are_told_and_asked_for_in_one_run(
    watch: Watch, own_sandbox: Sandbox
) -> None:
    watch.begin()
    assert watch.land(days(4)[0]).success
    _fails(own_sandbox, *days(4))
    bodies = watch.after(MINUTE).new_alerts()
    assert [body["partition"] for body in bodies] == [str(day) for day in days(3)]
    (request,) = watch.after(17 * MINUTE).evaluate()
    assert request.tags["dagster/asset_partition_range_start"] == str(days(3)[0])


def test_two_failed_report_runs_of_one_day_are_one_alert_and_one_request(
    watch: Watch, own_sandbox: Sandbox
) -> None:
    watch.begin()
    _fails(own_sandbox, NEWEST)
    _fails(own_sandbox, *days(2))
    assert sorted(body["partition"] for body in watch.after(MINUTE).new_alerts()) == list(map(str, days(2)))
    _delivered(watch, _fails(own_sandbox, *days(3)))
    assert [body["partition"] for body in watch.new_alerts()] == [str(days(3)[0])]
    requests = watch.after(17 * MINUTE).evaluate()
    assert [request.tags["dagster/asset_partition_range_start"] for request in requests] == [str(days(3)[0])]


def test_a_report_run_that_a_failed_dagster_run_has_named_is_not_told_again(
    watch: Watch, own_sandbox: Sandbox
) -> None:
    watch.begin()
    run = _fails(own_sandbox, days(2)[0])
    own_sandbox.fault("failed", count=4)
    watch.land(NEWEST)
    (body,) = watch.new_alerts()
    watch.instance.report_run_canceled(unstarted_run(watch, NEWEST))
    interval = {"interval_start": day_interval(NEWEST).start, "interval_end": day_interval(NEWEST).end}
    _delivered(watch, run, subject={"id": body["report_run"], "parameters": interval})
    assert watch.new_alerts() == []


def test_a_dagster_run_that_fails_before_the_pause_is_over_counts_for_itself(
    watch: Watch, own_sandbox: Sandbox
) -> None:
    watch.begin()
    _fails(own_sandbox, NEWEST)
    assert len(watch.after(MINUTE).new_alerts()) == 1
    own_sandbox.fault("failed", count=4)
    watch.land(NEWEST)
    assert len(watch.new_alerts()) == 1
    (request,) = watch.after(HOUR).evaluate()
    assert request.tags["stripe_reports/attempt"] == "1"


def test_a_dagster_run_that_had_failed_before_the_report_run_was_made_does_not_count(
    watch: Watch, own_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_report_runs, "_CLOCKS_DIFFER", -60.0)  # as if it had been a minute ago
    watch.instance.report_run_failed(unstarted_run(watch, NEWEST), "the worker was killed")
    watch.begin()
    _fails(own_sandbox, NEWEST)
    assert len(watch.after(MINUTE).new_alerts()) == 1
    assert len(watch.after(17 * MINUTE).evaluate()) == 1


def test_other_report_types_and_intervals_and_payouts_are_a_line_in_the_log(
    watch: Watch, own_sandbox: Sandbox
) -> None:
    by_payout = next(id_ for id_, each in REPORT_TYPES.items() if each.interval == "payout")
    watch.begin(f"{_TYPE}, {by_payout}")
    start = day_interval(NEWEST).start
    ragged = _fails(own_sandbox, NEWEST, interval_start=start, interval_end=start + 3600)
    other = _fails(own_sandbox, NEWEST, report_type="payouts.summary.1")
    of_payout = _fails(own_sandbox, NEWEST)
    _delivered(watch, of_payout, subject={"report_type": by_payout, "parameters": {"payout": "po_1"}})
    assert watch.after(MINUTE).new_alerts() == []
    told = {line.partition(":")[0]: line for line in watch.lines}
    assert "is not whole days in UTC" in told[f"{_TYPE} (report run {ragged.id})"]
    assert "it is about one payout" in told[f"{by_payout} (report run {of_payout.id})"]
    assert "not selected" in told[f"payouts.summary.1 (report run {other.id})"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (
            {"account": "acct_other"},
            "ignoring evt_1 in the lake's inbox: it is of another account, acct_other",
        ),
        ({"subject": {"livemode": True}}, "or of the other mode"),
        ({"subject": {"status": "succeeded"}}, "it is succeeded"),
        ({"type": "x"}, "ignoring evt_1 in the lake's inbox: it has no report run"),
    ],
    ids=str,
)
def test_an_event_of_another_account_or_mode_or_kind_is_left_out(
    watch: Watch, own_sandbox: Sandbox, inbox: Path, more: dict[str, Any], why: str
) -> None:
    watch.begin()
    _delivered(watch, _fails(own_sandbox, NEWEST), **more)
    assert watch.new_alerts() == []
    assert any(why in line for line in watch.lines)
    watch.evaluate()
    assert list(inbox.iterdir()) == []


def test_what_is_no_event_is_left_out(watch: Watch, inbox: Path) -> None:
    watch.begin()
    Lake.open(str(watch.lake)).inbox.put("failed", "evt_1", b"{")
    assert watch.new_alerts() == []
    assert any("evt_1 in the lake's inbox: " in line for line in watch.lines)


def test_where_stripe_cannot_be_asked_there_is_a_line_a_minute_and_all_else_goes_on(
    watch: Watch, server: ScriptedServer
) -> None:
    server.answers("GET", "/v1/events", Answer(stripe_error("Invalid API Key provided"), 401))
    watch.resources["stripe"] = StripeResource(api_key="sk_test_no", api_base=server.base)
    watch.begin()
    assert (
        sum(
            "could not read failed report runs from Stripe; retrying in a minute: " in line
            for line in watch.lines
        )
        == 1
    )
    watch.instance.report_run_failed(unstarted_run(watch, NEWEST), "the worker was killed")
    assert len(watch.new_alerts()) == 1
    assert not any("could not read failed report runs" in line for line in watch.lines)
    watch.after(MINUTE).evaluate()
    assert any("could not read failed report runs" in line for line in watch.lines)


def test_neither_key_nor_lake_is_needed_to_tell_of_failed_runs(watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    watch.resources["report_lake"] = watch.resources["report_lake"].model_copy(
        update={"uri": str(tmp_path / "file" / "lake")}
    )
    watch.resources["stripe"] = StripeResource()
    watch.begin()
    watch.instance.report_run_failed(unstarted_run(watch, NEWEST), "the worker was killed")
    assert len(watch.new_alerts()) == 1


def test_stripes_text_is_told_without_the_key(watch: Watch, own_sandbox: Sandbox) -> None:
    watch.begin()
    run = _fails(own_sandbox, NEWEST)
    _delivered(watch, run, subject={"error": f"no\nluck with {own_sandbox.key}"})
    (body,) = watch.new_alerts()
    assert "no luck with sk_test_…;" in body["error"]
    assert own_sandbox.key not in json.dumps(body) + str(watch.cursor)


def test_a_report_run_is_remembered_for_longer_than_stripe_delivers_its_event(
    watch: Watch, own_sandbox: Sandbox
) -> None:
    watch.begin()
    run = _fails(own_sandbox, NEWEST)
    _delivered(watch, run)
    assert len(watch.new_alerts()) == 1
    _delivered(watch, run, "evt_2")
    late = 3 * 24 * HOUR
    watch.after(late).evaluate()
    assert len(watch.posted) == 1
    assert late < failed_report_runs._TOLD_FOR
