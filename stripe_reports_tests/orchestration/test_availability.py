"""Days are requested as soon as Stripe has their data: by asking now and then, or when the webhook tells."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stripe_reports import (
    ReportLakeIOManager,
    ReportLakeResource,
    StripeReports,
    StripeResource,
)
from stripe_reports.errors import ConfigurationError, LakeError
from stripe_reports.lake import Lake
from stripe_reports.lake.inbox import Inbox
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import NEWEST, START, days
from stripe_reports_tests.orchestration.ticks import (
    TICK,
    evaluate,
    execute,
    land,
    requested,
    stretch,
    tick,
)

_NAME = "stripe_reports_availability"
_SELECT = "balance.summary.1, payouts.summary.1"
_BALANCE, _PAYOUTS = "balance_summary_1", "payouts_summary_1"
_LIST = ("GET", "/v1/reporting/report_types")
_KIND = "report_type_updated"
_BEFORE = NEWEST - timedelta(days=1)


def _defs(resources: dict[str, Any], select: str = _SELECT, **settings: Any) -> dg.Definitions:
    reports = StripeReports(select, start_date=START)
    defaults: dict[str, Any] = {"catch_up_days": 0, "poll_seconds": 0}
    return dg.Definitions(
        assets=reports.assets,
        jobs=[reports.job],
        schedules=[reports.daily_schedule(catch_up_days=0)],
        sensors=[reports.availability_sensor(**defaults | settings)],
        resources=resources,
    )


@pytest.fixture
def lake(own_resources: dict[str, Any]) -> Lake:
    lake: Lake = own_resources["report_lake"].lake
    return lake


def test_it_is_off_until_it_is_turned_on_and_its_pace_can_be_set(resources: dict[str, Any]) -> None:
    sensor = _defs(resources).resolve_sensor_def(_NAME)
    assert sensor.default_status is dg.DefaultSensorStatus.STOPPED
    assert sensor.minimum_interval_seconds == 15
    running = dg.DefaultSensorStatus.RUNNING
    settings: dict[str, Any] = {"default_status": running, "minimum_interval_seconds": 60}
    sensor = _defs(resources, **settings).resolve_sensor_def(_NAME)
    assert (sensor.default_status, sensor.minimum_interval_seconds) == (running, 60)


@pytest.mark.parametrize("settings", [{"catch_up_days": -1}, {"poll_seconds": -0.5}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    (name,) = settings
    with pytest.raises(ConfigurationError, match=f"{name} is -.*; give 0 or more"):
        _defs({}, **settings)


def test_once_it_has_landed_what_is_there_neither_it_nor_the_schedule_finds_anything(
    own_resources: dict[str, Any], tmp_path: Path
) -> None:
    defs = _defs(own_resources)
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        requests, _, cursor = evaluate(defs, instance, _NAME, None)
        assert requested(requests) == {str(NEWEST): {_BALANCE, _PAYOUTS}}
        (run,) = execute(defs, instance, requests)
        assert run.success
        requests, why, _ = evaluate(defs, instance, _NAME, cursor)
        assert (requests, why) == ([], "no selected report has a newer day")
        requests, why = tick(defs, instance, "stripe_reports_daily", TICK)
        assert requests == []
        assert why is not None
        assert why.startswith("nothing is due: all selected reports")


def test_data_that_come_late_are_requested_when_they_come(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    defs = _defs(own_resources)
    own_sandbox.fault("late", seconds=86400, report_type="payouts.summary.1")
    requests, _, cursor = evaluate(defs, instance, _NAME, None)
    assert requested(requests) == {str(NEWEST): {_BALANCE}, str(_BEFORE): {_PAYOUTS}}
    own_sandbox.clear_faults()
    requests, _, cursor = evaluate(defs, instance, _NAME, cursor)
    assert requested(requests) == {str(NEWEST): {_PAYOUTS}}, "though nothing of the balance has landed yet"
    requests, _, _ = evaluate(defs, instance, _NAME, cursor)
    assert requests == [], "a day that fails is not requested again and again"


def test_days_before_are_caught_up(instance: dg.DagsterInstance, resources: dict[str, Any]) -> None:
    land(instance, _BALANCE, days(4)[:1])
    defs = _defs(resources, "balance.summary.1", catch_up_days=3)
    requests, _, _ = evaluate(defs, instance, _NAME, None)
    assert requested(requests) == {stretch(days(3)): {_BALANCE}}


def test_an_evaluation_that_is_repeated_has_the_same_run_keys_and_one_after_new_data_has_others(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    defs = _defs(own_resources, "balance.summary.1", catch_up_days=1)
    land(instance, _BALANCE, [NEWEST - timedelta(days=2), NEWEST])

    def keys(cursor: str | None) -> list[str | None]:
        requests, _, _ = evaluate(defs, instance, _NAME, cursor)
        assert requested(requests) == {str(_BEFORE): {_BALANCE}}
        return [request.run_key for request in requests]

    with_all = keys(None)
    assert keys(None) == with_all
    own_sandbox.fault("late", seconds=86400)
    with_less = keys(None)
    assert with_less != with_all


def test_where_data_have_moved_and_nothing_is_missing_the_tick_says_how_far_all_is(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    land(instance, _BALANCE, [NEWEST])
    requests, why, _ = evaluate(_defs(resources, "balance.summary.1"), instance, _NAME, None)
    assert requests == []
    assert why is not None
    assert why.startswith(f"nothing is due: all selected reports: landed or being landed through {NEWEST}")


def test_an_end_that_moves_within_a_day_is_no_reason_to_request_a_failed_day_again(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    defs = _defs(own_resources)
    own_sandbox.fault("late", seconds=43200)
    requests, _, cursor = evaluate(defs, instance, _NAME, None)
    assert requested(requests) == {str(_BEFORE): {_BALANCE, _PAYOUTS}}
    own_sandbox.clear_faults()
    own_sandbox.fault("late", seconds=1)
    requests, _, cursor = evaluate(defs, instance, _NAME, cursor)
    assert requests == []
    own_sandbox.clear_faults()
    requests, _, cursor = evaluate(defs, instance, _NAME, cursor)
    assert requested(requests) == {str(NEWEST): {_BALANCE, _PAYOUTS}}


def test_data_that_go_back_and_come_again_are_requested_once(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    defs = _defs(own_resources)
    _, _, cursor = evaluate(defs, instance, _NAME, None)
    own_sandbox.fault("late", seconds=86400)
    assert evaluate(defs, instance, _NAME, cursor)[0] == []
    _, _, cursor = evaluate(defs, instance, _NAME, cursor)
    own_sandbox.clear_faults()
    assert evaluate(defs, instance, _NAME, cursor)[0] == []


def test_stripe_is_asked_once_in_each_pause(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    defs = _defs(own_resources, poll_seconds=3600)
    _, _, cursor = evaluate(defs, instance, _NAME, None)
    requests, why, cursor = evaluate(defs, instance, _NAME, cursor)
    assert (requests, why) == ([], "Stripe is asked every 3600 s, or when its webhook announces new data")
    assert own_sandbox.calls == {_LIST: 1}
    later = json.loads(cursor or "")
    for asked_at in (
        later["asked_at"] - 3601,
        later["asked_at"] + 1e6,
    ):  # a pause ago; and with a clock set back
        evaluate(defs, instance, _NAME, json.dumps(later | {"asked_at": asked_at}))
    assert own_sandbox.calls == {_LIST: 3}


def test_an_event_of_the_webhook_is_acted_upon_at_once_and_removed_only_after_that_is_stored(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any], lake: Lake
) -> None:
    defs = _defs(own_resources, "balance.summary.1", poll_seconds=3600)
    own_sandbox.fault("late", seconds=86400)
    _, _, before = evaluate(defs, instance, _NAME, None)
    own_sandbox.clear_faults()
    assert evaluate(defs, instance, _NAME, before)[0] == [], "nobody has asked Stripe"
    lake.inbox.put(_KIND, "balance.summary.1", b"{}")
    after = None
    for _ in ("at once", "again, if it was not stored"):
        requests, _, after = evaluate(defs, instance, _NAME, before)
        assert requested(requests) == {str(NEWEST): {_BALANCE}}
        assert lake.inbox.names(_KIND) == ["balance.summary.1"]
    evaluate(defs, instance, _NAME, after)
    assert lake.inbox.names(_KIND) == []


def test_an_event_that_replaces_one_that_was_acted_upon_is_not_lost(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any], lake: Lake
) -> None:
    defs = _defs(own_resources, "balance.summary.1", poll_seconds=3600)
    own_sandbox.fault("late", seconds=86400)
    lake.inbox.put(_KIND, "balance.summary.1", b'{"id": "evt_1"}')
    _, _, cursor = evaluate(defs, instance, _NAME, None)
    own_sandbox.clear_faults()
    lake.inbox.put(_KIND, "balance.summary.1", b'{"id": "evt_2"}')
    requests, _, cursor = evaluate(defs, instance, _NAME, cursor)
    assert requested(requests) == {str(NEWEST): {_BALANCE}}
    assert lake.inbox.names(_KIND) == []
    asked = own_sandbox.calls[_LIST]
    evaluate(defs, instance, _NAME, cursor)
    assert own_sandbox.calls[_LIST] == asked, "then it is quiet again"


def test_where_stripe_cannot_be_asked_an_event_waits(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any], lake: Lake
) -> None:
    defs = _defs(own_resources, "balance.summary.1", poll_seconds=3600)
    lake.inbox.put(_KIND, "balance.summary.1", b"{}")
    own_sandbox.fault("status", code=403)
    requests, why, cursor = evaluate(defs, instance, _NAME, None)
    assert (requests, why) == (
        [],
        "Stripe is unreachable; retrying at the next tick (see this tick's log)",
    )
    own_sandbox.clear_faults()
    requests, _, _ = evaluate(defs, instance, _NAME, cursor)
    assert requested(requests) == {str(NEWEST): {_BALANCE}}


@pytest.mark.parametrize("cursor", ["", "{", "[]", '{"newest": {"balance.summary.1": "soon"}}', "17", "{}"])
def test_a_cursor_that_cannot_be_read_is_as_none(
    instance: dg.DagsterInstance, resources: dict[str, Any], cursor: str
) -> None:
    requests, _, after = evaluate(_defs(resources), instance, _NAME, cursor)
    assert requested(requests) == {str(NEWEST): {_BALANCE, _PAYOUTS}}
    assert evaluate(_defs(resources), instance, _NAME, after)[0] == []


def test_a_report_that_is_selected_later_is_requested_at_once(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    _, _, cursor = evaluate(_defs(resources, "balance.summary.1"), instance, _NAME, None)
    requests, _, _ = evaluate(_defs(resources), instance, _NAME, cursor)
    assert requested(requests) == {str(NEWEST): {_PAYOUTS}}


def test_what_the_account_does_not_offer_is_told_when_there_is_new_data(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    defs = _defs(resources, "balance.summary.1, all_fees.incurred_at.itemized.2")
    lines: list[str] = []
    requests, _, cursor = evaluate(defs, instance, _NAME, None, lines)
    assert requested(requests) == {str(NEWEST): {_BALANCE}}
    evaluate(defs, instance, _NAME, cursor, lines)
    assert lines == ["the account does not offer all_fees.incurred_at.itemized.2; not requesting it"], (
        "and not each minute"
    )


def test_without_an_inbox_it_goes_by_asking(
    instance: dg.DagsterInstance, resources: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    report_lake = ReportLakeResource(uri=str(tmp_path / "file"))
    io_manager = ReportLakeIOManager(lake=report_lake)
    own = resources | {"report_lake": report_lake, "report_lake_io_manager": io_manager}
    lines: list[str] = []
    requests, _, _ = evaluate(_defs(own), instance, _NAME, None, lines)
    assert requested(requests) == {str(NEWEST): {_BALANCE, _PAYOUTS}}
    (line,) = lines
    assert line.startswith("could not read the lake's inbox; retrying at the next tick: ")


def test_what_cannot_be_removed_from_the_inbox_is_told_and_does_not_have_stripe_asked_again(
    instance: dg.DagsterInstance,
    own_sandbox: Sandbox,
    own_resources: dict[str, Any],
    lake: Lake,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: Inbox, kind: str, names: Collection[str]) -> None:
        if names:
            raise LakeError("AccessDenied")

    defs = _defs(own_resources, "balance.summary.1", poll_seconds=3600)
    lake.inbox.put(_KIND, "balance.summary.1", b"{}")
    monkeypatch.setattr(Inbox, "remove", refuse)
    lines: list[str] = []
    cursor = None
    for _ in range(3):
        _, _, cursor = evaluate(defs, instance, _NAME, cursor, lines)
    assert (
        lines
        == ["could not remove handled events from the lake's inbox; retrying at the next tick: AccessDenied"]
        * 2
    )
    assert own_sandbox.calls[_LIST] == 1
    lake.inbox.put(_KIND, "payouts.summary.1", b"{}")
    _, _, cursor = evaluate(defs, instance, _NAME, cursor, lines)
    assert own_sandbox.calls[_LIST] == 2, "new events are acted upon all the same"
    monkeypatch.undo()
    evaluate(defs, instance, _NAME, cursor)
    assert lake.inbox.names(_KIND) == []


def test_without_a_key_it_says_what_to_set_and_requests_nothing(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    lines: list[str] = []
    requests, _, _ = evaluate(_defs(resources | {"stripe": StripeResource()}), instance, _NAME, None, lines)
    assert requests == []
    (line,) = lines
    assert "set STRIPE_API_KEY" in line
