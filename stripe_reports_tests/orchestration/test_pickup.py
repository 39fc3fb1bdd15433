"""Report runs that were made elsewhere land without a new one, each day once."""

from __future__ import annotations

import json
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stripe_reports import StripeReports
from stripe_reports.catalog import REPORT_TYPES, day_interval
from stripe_reports.lake import Lake
from stripe_reports.landing import RefusedRuns
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import ReportRun, StripeApi, create_report_run, retrieve_report_run
from stripe_reports_tests.events import body_of, event_object
from stripe_reports_tests.orchestration.conftest import START, days, resources_for
from stripe_reports_tests.orchestration.support import facts
from stripe_reports_tests.orchestration.ticks import evaluate, execute, requested, stretch

_DAYS = days(6)[:4]
_SELECT = "balance.summary.1, payouts.summary.1, balance_change_from_activity.itemized.3"
_SUMMARY, _ITEMIZED = "balance.summary.1", "balance_change_from_activity.itemized.3"


class Elsewhere:
    """Somebody who makes report runs, and the sensor that looks for them."""

    def __init__(self, sandbox: Sandbox, instance: dg.DagsterInstance, folder: Path) -> None:
        resources = resources_for(sandbox, folder / "lake")
        self.sandbox = sandbox
        self.lake: Lake = resources["report_lake"].lake
        self.lines: list[str] = []
        self.cursor: str | None = None
        self.skipped = ""
        self._instance = instance
        self._api = StripeApi(sandbox.key, api_base=sandbox.api_base, files_base=sandbox.files_base)
        self._defs = StripeReports(_SELECT, start_date=START).definitions(
            stripe=resources["stripe"], report_lake=resources["report_lake"]
        )

    def asks(self, report_type: str, first: date, last: date | None = None, **parameters: Any) -> ReportRun:
        """A report run that succeeds."""
        bounds = {
            "interval_start": day_interval(first).start,
            "interval_end": day_interval(last or first).end,
        }
        key = f"somebody-{time.monotonic_ns()}"
        run = create_report_run(self._api, report_type, bounds | parameters, key)
        while run.status == "pending":
            time.sleep(0.02)
            run = retrieve_report_run(self._api, run.id)
        return run

    def evaluate(self, *, asks_stripe: bool = True) -> list[dg.RunRequest]:
        """One look; by default at a time when it asks Stripe."""
        if asks_stripe and self.cursor:
            self.cursor = json.dumps(json.loads(self.cursor) | {"asked_at": 0})
        self.lines.clear()
        found, skipped, self.cursor = evaluate(
            self._defs, self._instance, "stripe_reports_pickup", self.cursor, self.lines
        )
        self.skipped = skipped or ""
        return list(found)

    def lands(self, requests: list[dg.RunRequest]) -> list[dg.ExecuteInProcessResult]:
        results = execute(self._defs, self._instance, requests)
        assert all(result.success for result in results)
        return results

    def deliver(self, run: ReportRun, name: str, account: str | None = None, **more: Any) -> None:
        """As the webhook receiver keeps it."""
        subject = {
            "object": "reporting.report_run", "id": run.id, "report_type": run.report_type,
            "status": "succeeded", "livemode": False, "created": run.created, "error": None,
            "succeeded_at": run.succeeded_at, "parameters": dict(run.parameters),
            "result": {"object": "file", "id": "file_1", "size": 1, "created": run.created, "filename": None},
        } | more  # fmt: skip
        self.lake.inbox.put(
            "succeeded", name, body_of(event_object(id_=name, account=account, subject=subject))
        )


@pytest.fixture
def elsewhere(own_sandbox: Sandbox, instance_on_disk: dg.DagsterInstance, tmp_path: Path) -> Elsewhere:
    return Elsewhere(own_sandbox, instance_on_disk, tmp_path)


def test_runs_of_one_day_land_in_one_dagster_run_without_new_ones(elsewhere: Elsewhere) -> None:
    made = {_SUMMARY: elsewhere.asks(_SUMMARY, _DAYS[0]), _ITEMIZED: elsewhere.asks(_ITEMIZED, _DAYS[0])}
    found = elsewhere.evaluate()
    tables = {"balance_summary_1", "balance_change_from_activity_itemized_3"}
    assert requested(found) == {str(_DAYS[0]): tables}
    (result,) = elsewhere.lands(found)
    assert {place[0]: each["report_run"] for place, each in facts(result).items()} == {
        id_.replace(".", "_"): run.id for id_, run in made.items()
    }
    assert elsewhere.sandbox.report_runs_created == 2


def test_the_same_runs_are_not_landed_again_however_often_they_are_told(elsewhere: Elsewhere) -> None:
    run = elsewhere.asks(_SUMMARY, _DAYS[0])
    elsewhere.lands(elsewhere.evaluate())
    assert json.loads(elsewhere.cursor or "")["feed"]["since"] > time.time() - 7200, "it goes on from there"
    assert elsewhere.evaluate() == []
    assert "1 whose days have landed or are being landed" in elsewhere.skipped
    elsewhere.cursor = None
    assert elsewhere.evaluate() == []
    elsewhere.deliver(run, "evt_late")
    assert elsewhere.evaluate() == []


def test_of_several_runs_for_a_day_the_newest_lands(elsewhere: Elsewhere) -> None:
    elsewhere.asks(_ITEMIZED, _DAYS[0])
    time.sleep(1.1)  # Stripe's clock has seconds
    newest = elsewhere.asks(_ITEMIZED, _DAYS[0], columns=["net", "created_utc"])
    (request,) = elsewhere.evaluate()
    (op,) = request.run_config["ops"].values()
    assert op["config"]["report_runs"] == {_ITEMIZED: newest.id}


def test_of_a_range_the_days_that_are_missing_land_by_its_local_time(elsewhere: Elsewhere) -> None:
    own = elsewhere.asks(_ITEMIZED, _DAYS[1])
    elsewhere.lands(elsewhere.evaluate())
    run = elsewhere.asks(_ITEMIZED, _DAYS[0], _DAYS[-1])  # with Stripe's default columns: no created_utc
    found = elsewhere.evaluate()
    table = {"balance_change_from_activity_itemized_3"}
    assert requested(found) == {stretch(_DAYS[:1]): table, stretch(_DAYS[2:]): table}
    results = elsewhere.lands(found)
    runs = {day: each["report_run"] for result in results for (_, day), each in facts(result).items()}
    assert runs == {str(day): run.id for day in (_DAYS[0], *_DAYS[2:])}
    provenance = elsewhere.lake.provenance("balance_change_from_activity_itemized_3", _DAYS[1])
    assert provenance["report_run_id"] == own.id
    assert all(
        each.error is None for each in elsewhere.lake.verify("balance_change_from_activity_itemized_3")
    )
    assert elsewhere.sandbox.report_runs_created == 2


def test_what_does_not_land_is_told_with_its_reason(elsewhere: Elsewhere) -> None:
    elsewhere.asks(_SUMMARY, _DAYS[0], _DAYS[2])
    elsewhere.asks("payouts.itemized.3", _DAYS[0])
    filtered = elsewhere.asks(_ITEMIZED, _DAYS[0], currency="usd")
    assert elsewhere.evaluate() == []
    assert elsewhere.skipped.startswith("3 report runs have succeeded: 1 of report types not selected; ")
    assert "it covers 3 days, and cannot be split into days" in elsewhere.skipped
    assert (
        f"{_ITEMIZED} (report run {filtered.id}): it was asked for with currency 'usd'" in elsewhere.skipped
    )
    assert len(elsewhere.lines) == 2


def test_a_run_whose_file_was_refused_is_not_taken_again(elsewhere: Elsewhere) -> None:
    run = elsewhere.asks(_SUMMARY, _DAYS[0])
    refused = RefusedRuns(elsewhere.lake, lambda _: None, str)
    refused.add(REPORT_TYPES[_SUMMARY], _DAYS[0], run.id, "line 2: no")
    assert elsewhere.evaluate() == []
    assert f"{_SUMMARY} (report run {run.id}): its file was refused before" in elsewhere.skipped


def test_a_delivered_event_is_acted_upon_without_waiting_for_the_next_look_at_stripe(
    elsewhere: Elsewhere,
) -> None:
    elsewhere.evaluate()
    run = elsewhere.asks(_SUMMARY, _DAYS[0])
    assert elsewhere.evaluate(asks_stripe=False) == []
    elsewhere.deliver(run, "evt_1")
    found = elsewhere.evaluate(asks_stripe=False)
    assert requested(found) == {str(_DAYS[0]): {"balance_summary_1"}}
    assert elsewhere.lake.inbox.names("succeeded") == ["evt_1"], "until the cursor is stored"
    elsewhere.lands(found)
    assert elsewhere.evaluate(asks_stripe=False) == []
    assert elsewhere.lake.inbox.names("succeeded") == []


def test_a_crash_between_two_evaluations_loses_no_event(elsewhere: Elsewhere) -> None:
    elsewhere.evaluate()
    before = elsewhere.cursor
    elsewhere.deliver(elsewhere.asks(_SUMMARY, _DAYS[0]), "evt_1")
    found = elsewhere.evaluate(asks_stripe=False)
    elsewhere.cursor = before
    again = elsewhere.evaluate(asks_stripe=False)
    assert [each.run_key for each in found] == [each.run_key for each in again] != []


def test_events_of_other_accounts_and_damaged_ones_are_left_out(elsewhere: Elsewhere) -> None:
    elsewhere.evaluate()
    run = elsewhere.asks(_SUMMARY, _DAYS[0])
    elsewhere.lake.inbox.put("succeeded", "evt_damaged", b"{")
    elsewhere.deliver(run, "evt_live", livemode=True)
    elsewhere.deliver(run, "evt_other", account="acct_other")
    assert elsewhere.evaluate(asks_stripe=False) == []
    assert "it is of the other mode" in elsewhere.skipped
    assert any("evt_damaged in the lake's inbox: " in line for line in elsewhere.lines)
    assert any(
        "evt_other in the lake's inbox: it is of another account, acct_other" in line
        for line in elsewhere.lines
    )


def test_a_run_that_was_made_before_the_data_were_seen_is_not_trusted(elsewhere: Elsewhere) -> None:
    run = elsewhere.asks(_SUMMARY, _DAYS[0])
    early = day_interval(_DAYS[0]).end + 3600
    elsewhere.deliver(run, "evt_early", created=early, succeeded_at=early + 5, id="frr_early")
    assert elsewhere.evaluate() != [], "the other one, made later, lands"
    elsewhere.deliver(run, "evt_early", created=early, succeeded_at=early + 5, id="frr_early")
    told = [line for line in elsewhere.lines if "frr_early" in line]
    assert told
    assert "created before Stripe was known to have all data of its days" in told[0]


def test_how_far_the_data_go_is_remembered_with_the_time_when_it_was_seen(elsewhere: Elsewhere) -> None:
    newest = days(1)[0]
    elsewhere.evaluate()
    seen = json.loads(elsewhere.cursor or "")["ends"][_SUMMARY]
    assert seen[0][0] == day_interval(newest).end
    assert abs(seen[0][1] - time.time()) < 60


def test_where_stripe_cannot_be_asked_nothing_is_lost(elsewhere: Elsewhere) -> None:
    elsewhere.evaluate()
    elsewhere.deliver(elsewhere.asks(_SUMMARY, _DAYS[0]), "evt_1")
    before = elsewhere.cursor
    elsewhere.sandbox.fault("status", code=500, path="/v1/reporting/report_types")
    assert elsewhere.evaluate(asks_stripe=False) == []
    assert elsewhere.skipped.startswith("Stripe is unreachable; retrying at the next tick: ")
    assert elsewhere.cursor == before
    elsewhere.sandbox.clear_faults()
    assert len(elsewhere.evaluate(asks_stripe=False)) == 1


@pytest.mark.parametrize("cursor", ["", "no json", '{"asked_at": "never"}'])
def test_a_cursor_that_cannot_be_read_is_none(elsewhere: Elsewhere, cursor: str) -> None:
    elsewhere.asks(_SUMMARY, _DAYS[0] + timedelta(days=1))
    elsewhere.cursor = cursor or None
    assert len(elsewhere.evaluate(asks_stripe=False)) == 1


@pytest.mark.parametrize("id_", ["frr_00000000000000", "frr_unknown"])
def test_a_test_event_is_a_line_in_the_tick_and_starts_no_run(elsewhere: Elsewhere, id_: str) -> None:
    elsewhere.evaluate()
    run = elsewhere.asks(_SUMMARY, _DAYS[0])
    elsewhere.deliver(run, "evt_test", id=id_)
    assert elsewhere.evaluate(asks_stripe=False) == []
    (line,) = (line for line in elsewhere.lines if id_ in line)
    assert "Stripe has none, as in a test event" in line
    assert len(elsewhere.evaluate()) == 1, "the real one"
    assert elsewhere.lake.inbox.names("succeeded") == [], "the event is gone"
