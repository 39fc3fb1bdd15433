"""The feed of ended report runs: it misses none, tells each soon, and costs few calls."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from stripe_reports.errors import StripeRequestError
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import (
    EndedRuns,
    FeedCursor,
    StripeApi,
    create_report_run,
    ended_report_runs,
    retrieve_report_run,
)
from stripe_reports_tests.events import event_object, run_object
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error
from stripe_reports_tests.waiting import until

_HOUR = 3600
_DAY = 86400
_NOW = datetime(2025, 7, 2, 12, 0, tzinfo=UTC).timestamp()
_EVENTS = ("GET", "/v1/events")
_RUNS = ("GET", "/v1/reporting/report_runs")


@dataclass
class Stripe:
    """A sandbox whose clock the test sets, and a sensor that keeps the cursor as JSON."""

    now: float = _NOW
    sandbox: Sandbox = field(init=False)
    api: StripeApi = field(init=False)
    kept: str = "null"
    runs_made: int = 0

    def run(self) -> str:
        self.runs_made += 1
        parameters = {"interval_start": 1735689600, "interval_end": 1735689600 + self.runs_made}
        return create_report_run(self.api, "balance.summary.1", parameters, str(self.runs_made)).id

    def read(self, status: Literal["succeeded", "failed"] = "succeeded", **more: Any) -> EndedRuns:
        cursor = FeedCursor.from_json(json.loads(self.kept))
        ended = ended_report_runs(self.api, cursor, status=status, now=lambda: self.now, **more)
        self.kept = json.dumps(ended.cursor.to_json())
        return ended

    def told(self, **more: Any) -> list[str]:
        """Ids, each of which must be told once."""
        ids = [run.id for run in self.read(**more).runs]
        assert len(ids) == len(set(ids))
        return ids

    def calls(self, call: tuple[str, str]) -> int:
        return self.sandbox.calls.get(call, 0)


@pytest.fixture
def stripe() -> Iterator[Stripe]:
    made = Stripe()
    with Sandbox(port=0, files_port=0, latency=0, now=lambda: made.now) as sandbox:
        made.sandbox = sandbox
        made.api = StripeApi(
            sandbox.key, api_base=sandbox.api_base, max_network_retries=0, calls_per_second=10_000
        )
        yield made


@pytest.fixture
def without_events(stripe: Stripe) -> Stripe:
    stripe.sandbox.fault("status", code=403, path="/v1/events")
    return stripe


def test_runs_that_ended_are_told_with_their_results(stripe: Stripe) -> None:
    stripe.sandbox.fault("failed", count=1)
    failed, succeeded = stripe.run(), stripe.run()
    (run,) = (ended := stripe.read()).runs
    assert (run.id, run.status, ended.from_events) == (succeeded, "succeeded", True)
    assert run.result is not None
    assert run.succeeded_at == int(_NOW)
    (other,) = ended_report_runs(stripe.api, None, status="failed", now=lambda: stripe.now).runs
    assert (other.id, other.status) == (failed, "failed")
    assert other.error


def test_what_was_told_is_not_told_forever_and_what_is_new_needs_alert(stripe: Stripe) -> None:
    first = stripe.run()
    assert stripe.told() == [first]
    stripe.now += 2 * _HOUR
    assert stripe.told() == [first], "it is the newest of all, and read again once"
    second = stripe.run()
    assert stripe.told() == [second]
    stripe.now += 10
    assert stripe.told() == [second], "the newest minutes are read again"


def test_an_event_that_comes_late_needs_alert(stripe: Stripe) -> None:
    stripe.run()
    stripe.told()
    stripe.now -= 290
    late = stripe.run()
    stripe.now += 290
    assert late in stripe.told()


def test_the_first_reading_goes_back_as_far_as_it_needs_alert(stripe: Stripe) -> None:
    long_ago = stripe.run()
    stripe.now += 8 * _DAY
    assert stripe.told() == []
    stripe.kept = "null"
    assert stripe.told(look_back=9 * _DAY) == [long_ago]


def test_a_reading_after_weeks_goes_on_where_the_last_one_ended(stripe: Stripe) -> None:
    stripe.told()
    missed = stripe.run()
    stripe.now += 20 * _DAY
    assert stripe.told() == [missed]


@pytest.mark.parametrize("source", ["events", "runs"])
def test_what_is_too_much_for_one_reading_goes_on_in_the_next(
    source: str, stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    if source == "runs":
        stripe.sandbox.fault("status", code=404, path="/v1/events")
    monkeypatch.setattr("stripe_reports.stripe_api.pages.PAGE", 2)
    made = [stripe.run() for _ in range(5)]  # all within one second
    assert stripe.told(most_calls=1) == made[:2:-1]
    stripe.now += 2 * _HOUR
    new = stripe.run()
    stripe.now += 2 * _HOUR
    assert stripe.told(most_calls=1) == made[2:0:-1]
    assert stripe.told(most_calls=1) == made[:1]
    assert new in stripe.told(), "it came while the first were still being read"


def test_a_reading_makes_no_more_calls_than_it_may(stripe: Stripe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stripe_reports.stripe_api.pages.PAGE", 1)
    for _ in range(4):
        stripe.run()
    assert len(stripe.told(most_calls=3)) == 3
    assert stripe.calls(_EVENTS) == 3


def test_a_slow_stripe_gets_fewer_calls(stripe: Stripe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stripe_reports.stripe_api.pages.PAGE", 1)
    monkeypatch.setattr("stripe_reports.stripe_api.events._MOST_SECONDS", 0.0)
    made = [stripe.run() for _ in range(3)]
    assert [stripe.told() for _ in range(3)] == [made[2:], made[1:2], made[:1]]


def test_events_twice_and_in_another_order_tell_each_run_once(
    stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stripe_reports.stripe_api.pages.PAGE", 3)
    stripe.sandbox.fault("duplicate_events")
    stripe.sandbox.fault("unordered_events")
    made = {stripe.run() for _ in range(7)}
    assert set(stripe.told()) == made


def _event(run: str, created: int, **more: Any) -> dict[str, Any]:
    type_ = "reporting.report_run.failed"
    subject = run_object(run, "failed", **more)
    return event_object(type_, f"evt_{created}", created=created, subject=subject)


def test_what_is_older_than_events_are_kept_is_told_by_the_list_of_runs(stripe: Stripe) -> None:
    stripe.told()
    missed = stripe.run()
    stripe.now += 35 * _DAY
    ended = stripe.read()
    assert ([run.id for run in ended.runs], ended.from_events) == ([missed], False)
    stripe.now += _HOUR
    assert stripe.read().from_events


def _listed(*data: dict[str, Any]) -> Answer:
    return Answer({"object": "list", "url": "/v1/x", "has_more": False, "data": list(data)})


def _scripted(server: ScriptedServer) -> StripeApi:
    return StripeApi("sk_test_x", api_base=server.base, max_network_retries=0, rate_limit_attempts=1)


def test_a_run_is_told_as_of_its_newest_event(server: ScriptedServer) -> None:
    other = event_object(id_="evt_other", subject=run_object("frr_other"))
    events = [_event("frr_1", 10, error="old"), _event("frr_1", 12, error="new"), _event("frr_2", 11), other]
    server.answers(*_EVENTS, _listed(*events))
    runs = ended_report_runs(_scripted(server), None, status="failed", now=lambda: 20.0).runs
    assert [(run.id, run.error) for run in runs] == [("frr_1", "new"), ("frr_2", "It broke.")]


def test_where_an_event_cannot_be_read_runs_are_listed(server: ScriptedServer) -> None:
    server.answers(*_EVENTS, _listed(_event("frr_1", 10, parameters=None)))
    server.answers(*_RUNS, _listed(run_object("frr_1", "failed"), run_object("frr_2", "pending")))
    ended = ended_report_runs(_scripted(server), None, status="failed", now=lambda: 20.0)
    assert ([run.id for run in ended.runs], ended.from_events) == (["frr_1"], False)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 501])
def test_where_there_are_no_events_runs_are_listed(server: ScriptedServer, status: int) -> None:
    server.answers(*_EVENTS, Answer(stripe_error("no"), status))
    server.answers(*_RUNS, _listed(run_object("frr_1")))
    ended = ended_report_runs(_scripted(server), None, status="succeeded", now=lambda: 20.0)
    assert ([run.id for run in ended.runs], ended.from_events) == (["frr_1"], False)


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_trouble_is_no_reason_to_list_runs(server: ScriptedServer, status: int) -> None:
    server.answers(*_EVENTS, Answer(stripe_error("no"), status))
    with pytest.raises(StripeRequestError):
        ended_report_runs(_scripted(server), None, status="succeeded")
    assert server.asked_for(*_RUNS) == []


def test_events_that_were_refused_are_tried_again_once_an_hour(without_events: Stripe) -> None:
    stripe = without_events
    for _ in range(3):
        assert stripe.read().from_events is False
        stripe.now += 1000
    assert (stripe.calls(_EVENTS), stripe.calls(_RUNS)) == (1, 3)
    stripe.now += 1000
    stripe.read()
    assert stripe.calls(_EVENTS) == 2
    stripe.sandbox.clear_faults()
    stripe.now += _HOUR
    run = stripe.run()
    ended = stripe.read()
    assert ([run.id for run in ended.runs], ended.from_events) == ([run], True)


def _until_ended(stripe: Stripe, runs: Sequence[str]) -> None:
    until(lambda: all(retrieve_report_run(stripe.api, run).status != "pending" for run in runs))


def test_a_listed_run_that_is_pending_is_looked_at_until_it_ends(
    without_events: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    stripe = without_events
    monkeypatch.setattr("stripe_reports.stripe_api.pages.PAGE", 1)
    stripe.sandbox.fault("pending", seconds=0.3, count=1)
    slow = stripe.run()
    stripe.now += 4 * _HOUR
    quick = stripe.run()
    assert stripe.told(most_calls=1) == [quick]
    assert stripe.told(most_calls=1) == [], "the slow one is on the second page"
    _until_ended(stripe, [slow])
    stripe.now += 4 * _HOUR
    assert stripe.told() == [quick, slow]
    assert stripe.told() == []


def test_a_pending_run_of_the_first_of_several_readings_is_not_forgotten(
    without_events: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    stripe = without_events
    monkeypatch.setattr("stripe_reports.stripe_api.pages.PAGE", 1)
    quick = stripe.run()
    stripe.now += _HOUR
    stripe.sandbox.fault("pending", seconds=0.3, count=1)
    slow = stripe.run()
    stripe.now += 4 * _HOUR
    assert [stripe.told(most_calls=1) for _ in range(2)] == [[], [quick]]
    _until_ended(stripe, [slow])
    assert stripe.told() == [slow]


def test_a_run_that_is_stuck_is_waited_for_two_days(without_events: Stripe) -> None:
    stripe = without_events
    stripe.sandbox.fault("pending", count=1)
    stripe.run()
    stripe.now += 2 * _DAY - 1
    assert stripe.read().cursor.since == int(_NOW)
    stripe.now += 1
    assert stripe.read().cursor.since > int(_NOW)


def test_a_run_that_was_pending_when_events_ended_is_told_by_the_list(stripe: Stripe) -> None:
    stripe.sandbox.fault("pending", seconds=0.3, count=1)
    slow = stripe.run()
    stripe.now += 4 * _HOUR
    assert stripe.told() == []
    _until_ended(stripe, [slow])
    stripe.sandbox.fault("status", code=403, path="/v1/events")
    assert stripe.told() == [slow]


def test_a_cursor_into_events_that_are_gone_is_no_cursor_into_runs(
    stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stripe_reports.stripe_api.pages.PAGE", 1)
    made = [stripe.run() for _ in range(3)]
    assert stripe.told(most_calls=1) == made[2:]
    stripe.sandbox.fault("status", code=403, path="/v1/events")
    assert stripe.told() == made[::-1]


@pytest.mark.parametrize(
    "kept", [None, [], "x", {}, {"format": 0, "since": 5}, {"format": 1}, {"format": 1, "since": "5"}]
)
def test_a_cursor_that_cannot_be_read_is_none(kept: object) -> None:
    assert FeedCursor.from_json(kept) is None


def test_a_cursor_is_the_same_after_json() -> None:
    cursor = FeedCursor(5, after="evt_1", next_since=6, oldest_pending=7, no_events_at=8)
    assert FeedCursor.from_json(json.loads(json.dumps(cursor.to_json()))) == cursor


def test_a_cursor_of_a_clock_that_was_ahead_starts_anew(stripe: Stripe) -> None:
    run = stripe.run()
    stripe.kept = json.dumps(FeedCursor(since=int(stripe.now) + 1).to_json())
    assert stripe.told() == [run]


def test_where_events_tell_of_nothing_the_newest_runs_of_the_list_are_told(server: ScriptedServer) -> None:
    nothing = {"object": "list", "url": "/v1/events", "has_more": False, "data": []}
    made = [run_object("frr_1", created=int(_NOW)), run_object("frr_2", "pending", created=int(_NOW))]
    server.answers(*_EVENTS, Answer(nothing))
    server.answers(
        *_RUNS, Answer(nothing | {"url": "/v1/reporting/report_runs", "data": made, "has_more": True})
    )
    api = StripeApi("sk_test_x", api_base=server.base, max_network_retries=0)
    ended = ended_report_runs(api, FeedCursor(since=int(_NOW) - 60), status="succeeded", now=lambda: _NOW)
    assert [run.id for run in ended.runs] == ["frr_1"]
    assert ended.from_events
    assert len(server.asked_for(*_RUNS)) == 1, "one call more"
