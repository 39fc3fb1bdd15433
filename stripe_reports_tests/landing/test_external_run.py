"""Days land from a report run that somebody else made, if its rows are those of whole days."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from stripe_reports.catalog import REPORT_TYPES, day_interval
from stripe_reports.errors import ReportRunError
from stripe_reports.lake import Lake
from stripe_reports.landing import ReportRequest, external_run, whole_days
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account, ReportRun, create_report_run, retrieve_report_run
from stripe_reports_tests.landing.support import account_of, backfill, days_from, files_of

_FIRST = date(2025, 9, 1)
_ACTIVITY = REPORT_TYPES["balance_change_from_activity.itemized.3"]
_SUMMARY = REPORT_TYPES["balance.summary.1"]
_SNAPSHOT = REPORT_TYPES["ending_balance_reconciliation.summary.1"]
_PAYOUT = REPORT_TYPES["payout_reconciliation.by_id.itemized.4"]


@pytest.fixture
def own_sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, files_port=0, latency=0.01) as running:
        yield running


@pytest.fixture
def own_account(own_sandbox: Sandbox) -> Account:
    return account_of(own_sandbox)


def _bounds(first: date, last: date | None = None, timezone: str = "UTC") -> dict[str, Any]:
    return {
        "interval_start": day_interval(first, timezone).start,
        "interval_end": day_interval(last or first, timezone).end,
    }


def _somebody_asks(account: Account, report_type: str, parameters: dict[str, Any]) -> ReportRun:
    run = create_report_run(account.api, report_type, parameters, f"somebody-{time.monotonic_ns()}")
    while run.status == "pending":
        time.sleep(0.02)
        run = retrieve_report_run(account.api, run.id)
    return run


def _judged(account: Account, run: ReportRun, timezone: str = "UTC", **request: Any) -> tuple[date, ...]:
    report_type = REPORT_TYPES[run.report_type]
    offered = account.report_type(run.report_type)
    return external_run(run, report_type, ReportRequest(**request), offered, timezone).days


def test_a_day_lands_from_a_run_with_other_columns_which_is_recorded(
    own_account: Account, own_sandbox: Sandbox, lake: Lake
) -> None:
    columns = ["net", "created_utc", "balance_transaction_id"]
    run = _somebody_asks(own_account, _ACTIVITY.id, _bounds(_FIRST) | {"columns": columns})
    ended = backfill({_ACTIVITY: [_FIRST]}, own_account, lake, external_runs={_ACTIVITY.id: run.id})
    (day,) = ended.landed
    assert (day.report_runs, day.adopted, own_sandbox.report_runs_created) == ((run.id,), True, 1)
    assert lake.read_table(_ACTIVITY.table, [_FIRST]).column_names[:3] == columns
    assert set(day.dropped_columns) == {*_ACTIVITY.columns} - {*columns}
    assert not day.table.new_columns
    assert [each.error for each in lake.verify(_ACTIVITY.table)] == [None]


def test_a_run_without_columns_has_those_that_stripe_sends_by_default(
    own_account: Account, lake: Lake
) -> None:
    run = _somebody_asks(own_account, _ACTIVITY.id, _bounds(_FIRST))
    (day,) = backfill({_ACTIVITY: [_FIRST]}, own_account, lake, external_runs={_ACTIVITY.id: run.id}).landed
    default = own_account.report_type(_ACTIVITY.id).default_columns
    assert default
    assert set(day.dropped_columns) == {*_ACTIVITY.columns} - {*default}


def test_some_days_of_a_range_land_and_the_others_stay_as_they_are(
    own_account: Account, own_sandbox: Sandbox, lake: Lake
) -> None:
    days = days_from(_FIRST, 5)
    backfill({_ACTIVITY: days[:2]}, own_account, lake)
    before = files_of(lake)
    run = _somebody_asks(own_account, _ACTIVITY.id, _bounds(days[0], days[-1]))
    ended = backfill({_ACTIVITY: [days[2], days[4]]}, own_account, lake, external_runs={_ACTIVITY.id: run.id})
    assert ended.days == [days[2], days[4]]
    assert ended.runs == {run.id}
    assert own_sandbox.report_runs_created == 2
    assert before.items() <= files_of(lake).items()
    assert all(each.error is None for each in lake.verify(_ACTIVITY.table))
    single = Lake.open(f"{lake.root}-single")
    backfill({_ACTIVITY: [days[2]]}, own_account, single)
    landed = lake.read_table(_ACTIVITY.table, [days[2]])
    assert landed == single.read_table(_ACTIVITY.table, [days[2]]).select(landed.column_names)
    assert landed.num_rows > 0


def test_the_same_run_again_changes_nothing(own_account: Account, lake: Lake) -> None:
    run = _somebody_asks(own_account, _SUMMARY.id, _bounds(_FIRST))
    external = {_SUMMARY.id: run.id}
    backfill({_SUMMARY: [_FIRST]}, own_account, lake, external_runs=external)
    before = files_of(lake)
    assert backfill({_SUMMARY: [_FIRST]}, own_account, lake, external_runs=external).unchanged == 1
    assert files_of(lake) == before


def test_a_day_that_the_run_is_not_of_fails(own_account: Account, lake: Lake) -> None:
    run = _somebody_asks(own_account, _SUMMARY.id, _bounds(_FIRST))
    other = _FIRST + timedelta(days=1)
    ended = backfill({_SUMMARY: [_FIRST, other]}, own_account, lake, external_runs={_SUMMARY.id: run.id})
    assert ended.days == [_FIRST]
    told = f"{_SUMMARY.id} {other} (report run {run.id}): it covers {_FIRST}, not this day"
    assert ended.errors == {other: told}


@pytest.mark.parametrize("kind", ["unfit", "failed", "expired"])
def test_where_the_run_is_of_no_use_one_of_our_own_is_made(
    own_account: Account, own_sandbox: Sandbox, lake: Lake, kind: str, no_pauses: None
) -> None:
    own_sandbox.fault(kind, count=1)
    run = _somebody_asks(own_account, _SUMMARY.id, _bounds(_FIRST))
    ended = backfill({_SUMMARY: [_FIRST]}, own_account, lake, external_runs={_SUMMARY.id: run.id})
    assert ended.days == [_FIRST]
    assert run.id not in ended.runs
    assert any(run.id in line for line in ended.warnings)


def test_where_a_range_has_failed_a_run_is_made_for_the_days_that_are_wanted_only(
    own_account: Account, own_sandbox: Sandbox, lake: Lake
) -> None:
    days = days_from(_FIRST, 5)
    own_sandbox.fault("failed", count=1)
    run = _somebody_asks(own_account, _ACTIVITY.id, _bounds(days[0], days[-1]))
    ended = backfill({_ACTIVITY: days[1:3]}, own_account, lake, external_runs={_ACTIVITY.id: run.id})
    assert ended.days == days[1:3]
    intervals = {lake.provenance(_ACTIVITY.table, day)["interval_start"] for day in ended.days}
    assert intervals == {str(day_interval(day).start) for day in ended.days}
    (warning,) = ended.warnings
    assert f"(report run {run.id}): Stripe marked it failed" in warning
    assert "; retrying the days one by one" in warning


def test_days_of_another_time_zone_are_taken_by_their_own_bounds(account: Account) -> None:
    zone = "America/New_York"
    end = day_interval(_FIRST, zone).end
    run = _somebody_asks(account, _SNAPSHOT.id, {"interval_end": end, "timezone": zone})
    assert _judged(account, run, zone) == (_FIRST,)
    with pytest.raises(ReportRunError, match="is not whole days in UTC"):
        _judged(account, run)


def test_the_name_that_stripe_has_for_utc_is_utc(account: Account) -> None:
    run = _somebody_asks(account, _SUMMARY.id, _bounds(_FIRST) | {"timezone": "Etc/UTC"})
    assert _judged(account, run) == (_FIRST,)


@pytest.mark.parametrize(
    ("report_type", "parameters", "why"),
    [
        (_SUMMARY, _bounds(_FIRST, _FIRST + timedelta(days=2)), "it covers 3 days, and cannot be split"),
        (_SUMMARY, _bounds(_FIRST, timezone="Asia/Tokyo"), "is not whole days in UTC"),
        (_ACTIVITY, _bounds(_FIRST) | {"currency": "usd"}, "it was asked for with currency 'usd'"),
        (_ACTIVITY, _bounds(_FIRST) | {"timezone": "Asia/Tokyo"}, "its times are printed in Asia/Tokyo"),
        (
            _ACTIVITY,
            _bounds(_FIRST, _FIRST + timedelta(days=1)) | {"columns": ["net"]},
            "it covers 2 days, and cannot be split",
        ),
    ],
)
def test_a_run_whose_rows_are_others_is_not_taken_and_it_is_said_why(
    account: Account, lake: Lake, report_type: Any, parameters: dict[str, Any], why: str
) -> None:
    run = _somebody_asks(account, report_type.id, parameters)
    ended = backfill({report_type: [_FIRST]}, account, lake, external_runs={report_type.id: run.id})
    assert ended.landed == []
    (said,) = ended.errors.values()
    assert said.startswith(f"{report_type.id} {_FIRST} (report run {run.id}): ")
    assert why in said


def test_a_run_about_one_payout_is_not_the_day_of_its_payouts(account: Account) -> None:
    run = _somebody_asks(account, _SUMMARY.id, _bounds(_FIRST))
    about_one = ReportRun(
        **{name: getattr(run, name) for name in run.__slots__} | {"report_type": _PAYOUT.id}
    )
    with pytest.raises(ReportRunError, match="it is about one payout"):
        _judged(account, about_one)


def test_filters_that_are_set_here_as_well_are_no_obstacle(account: Account) -> None:
    parameters = {"currency": "usd"}
    run = _somebody_asks(account, _ACTIVITY.id, _bounds(_FIRST) | parameters)
    assert _judged(account, run, parameters=parameters) == (_FIRST,)
    unfiltered = _somebody_asks(account, _ACTIVITY.id, _bounds(_FIRST))
    with pytest.raises(ReportRunError, match="the tables with 'usd'"):
        _judged(account, unfiltered, parameters=parameters)


def _run(report_type: str, start: object, end: object) -> ReportRun:
    given = {"interval_start": start, "interval_end": end}
    parameters: Any = {name: value for name, value in given.items() if value is not None}
    return ReportRun("frr_1", report_type, parameters, "failed", False, 1, None, None, None)


def _second(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


@pytest.mark.parametrize(
    ("report_type", "zone", "start", "end", "days"),
    [
        ("balance.summary.1", "UTC", "2026-11-01T00:00Z", "2026-11-02T00:00Z", ("2026-11-01", "2026-11-01")),
        ("payouts.itemized.3", "UTC", "2026-11-01T00:00Z", "2026-12-01T00:00Z", ("2026-11-01", "2026-11-30")),
        ("balance.summary.1", "UTC", "2026-11-01T00:00Z", "2026-11-01T12:00Z", None),
        ("balance.summary.1", "UTC", "2026-11-01T01:00Z", "2026-11-02T00:00Z", None),
        ("balance.summary.1", "UTC", "2026-11-02T00:00Z", "2026-11-02T00:00Z", None),
        ("balance.summary.1", "UTC", None, "2026-11-02T00:00Z", None),
        # The day on which clocks go back has 25 hours.
        (
            "balance.summary.1",
            "Europe/Berlin",
            "2026-10-24T22:00Z",
            "2026-10-25T23:00Z",
            ("2026-10-25", "2026-10-25"),
        ),
        ("balance.summary.1", "Europe/Berlin", "2026-10-25T00:00Z", "2026-10-26T00:00Z", None),
        (
            "ending_balance_reconciliation.itemized.4",
            "UTC",
            None,
            "2026-11-02T00:00Z",
            ("2026-11-01", "2026-11-01"),
        ),
        ("ending_balance_reconciliation.itemized.4", "UTC", None, "2026-11-02T00:00:01Z", None),
        ("payout_reconciliation.by_id.itemized.4", "UTC", "2026-11-01T00:00Z", "2026-11-02T00:00Z", None),
    ],
)
def test_the_days_of_a_report_run_are_those_that_it_is_of_from_end_to_end(
    report_type: str, zone: str, start: str | None, end: str, days: tuple[str, str] | None
) -> None:
    run = _run(report_type, start and _second(start), _second(end))
    if days is None:
        with pytest.raises(ReportRunError):
            whole_days(run, REPORT_TYPES[report_type], zone)
    else:
        interval, found = whole_days(run, REPORT_TYPES[report_type], zone)
        assert (str(found[0]), str(found[-1])) == days
        assert interval.end == _second(end)


@pytest.mark.parametrize("end", [2**70, -(2**70), 10**12, "1", None, 1.5])
def test_a_report_run_of_no_time_that_there_is_has_no_days(end: object) -> None:
    with pytest.raises(
        ReportRunError, match=r"its interval has days that do not exist|does not say its interval"
    ):
        whole_days(_run("balance.summary.1", 0, end), REPORT_TYPES["balance.summary.1"], "UTC")
