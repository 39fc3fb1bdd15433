"""Once a week the days that have landed are requested once more, of the reports whose rows change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

import dagster as dg
import pytest

from stripe_reports import (
    ReportLakeIOManager,
    ReportLakeResource,
    StripeReports,
    StripeResource,
)
from stripe_reports.errors import ConfigurationError, UnknownReportTypeError
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import NEWEST, START, days
from stripe_reports_tests.orchestration.support import facts, range_tags
from stripe_reports_tests.orchestration.ticks import execute, land, requested, stretch, tick

_NAME = "stripe_reports_repull"
_PAYOUTS, _ACTIVITY, _TAX, _BALANCE = (
    "payouts_itemized_3",
    "balance_change_from_activity_itemized_3",
    "tax_transactions_itemized_2",
    "balance_summary_1",
)
_SELECT = (
    "payouts.itemized.3 balance_change_from_activity.itemized.3 tax.transactions.itemized.2 balance.summary.1"
)
_DAY = timedelta(days=1)
_LONG = 5
_WEEKS = count(1, 3)


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    """One for all, because it takes its time; a schedule wants it on disk."""
    with dg.instance_for_test() as on_disk:
        yield on_disk


@pytest.fixture
def at() -> datetime:
    """A Monday of which no other test knows anything."""
    monday = NEWEST - timedelta(days=NEWEST.weekday(), weeks=next(_WEEKS))
    return datetime.combine(monday, time(15), UTC)


def _back(last: datetime | date, number: int) -> list[date]:
    """So many days up to this one."""
    day = last.date() if isinstance(last, datetime) else last
    return [day - n * _DAY for n in reversed(range(number))]


def _window(at: datetime) -> list[date]:
    return _back(at - _DAY, _LONG)


def _defs(
    select: str = _SELECT,
    *,
    resources: dict[str, Any] | None = None,
    repull: str | None = None,
    **partitions: str,
) -> dg.Definitions:
    reports = StripeReports(select, **{"start_date": START} | partitions)
    schedule = reports.repull_schedule(window_days=_LONG, select=repull)
    lake = ReportLakeResource()
    nobodys = {
        "stripe": StripeResource(),
        "report_lake": lake,
        "report_lake_io_manager": ReportLakeIOManager(lake=lake),
    }
    return dg.Definitions(
        assets=reports.assets,
        jobs=[reports.job],
        schedules=[schedule],
        resources=resources or nobodys,
    )


def _requested(instance: dg.DagsterInstance, at: datetime, **settings: Any) -> dict[str, set[str]]:
    requests, _ = tick(_defs(**settings), instance, _NAME, at)
    return requested(requests)


def test_it_ticks_on_mondays_after_the_daily_schedule_looks_back_35_days_and_is_off_by_default() -> None:
    schedule = StripeReports(_SELECT, start_date=START).repull_schedule()
    assert (schedule.name, schedule.cron_schedule, schedule.execution_timezone) == (
        _NAME,
        "0 15 * * 1",
        "UTC",
    )
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    assert "35 days" in (schedule.description or "")


def test_the_window_ends_with_the_newest_day_whose_data_are_there_of_each_report_whose_rows_change(
    instance: dg.DagsterInstance, at: datetime
) -> None:
    for table in (_PAYOUTS, _ACTIVITY, _TAX, _BALANCE):
        land(instance, table, _back(at, _LONG + 3))
    of_tax = stretch(_back(at - 2 * _DAY, _LONG))  # comes a day later
    assert _requested(instance, at) == {stretch(_window(at)): {_PAYOUTS, _ACTIVITY}, of_tax: {_TAX}}


def test_in_another_time_zone_the_newest_day_is_a_day_earlier(
    instance: dg.DagsterInstance, at: datetime
) -> None:
    land(instance, _PAYOUTS, _back(at, _LONG + 3))
    of_new_york = stretch(_back(at - 2 * _DAY, _LONG))
    assert _requested(instance, at, timezone="America/New_York") == {of_new_york: {_PAYOUTS}}


def test_its_runs_ask_for_new_report_runs_are_tagged_and_begin_once_for_each_tick(
    instance: dg.DagsterInstance, at: datetime
) -> None:
    land(instance, _PAYOUTS, _window(at)[2:4])
    ticks = (at, at, at + _DAY)
    (first,), (repeated,), (later,) = (tick(_defs(), instance, _NAME, each)[0] for each in ticks)
    assert first.run_config == {"ops": {"land__stripe_reports": {"config": {"force_new_report_run": True}}}}
    assert first.tags["stripe_reports/repull"] == "true"
    assert first.run_key == repeated.run_key
    assert first.run_key != later.run_key, "though the days are the same"


def test_days_that_have_not_landed_are_left_to_the_daily_schedule(
    instance: dg.DagsterInstance, at: datetime
) -> None:
    window = _window(at)
    land(instance, _PAYOUTS, [*window[:2], window[4]])
    assert _requested(instance, at) == {stretch(window[:2]): {_PAYOUTS}, stretch(window[4:]): {_PAYOUTS}}


def _begin(instance: dg.DagsterInstance, day: date) -> dg.DagsterRun:
    """A run for the day, as Dagster records it."""
    return instance.create_run_for_job(
        _defs().resolve_job_def("stripe_reports"),
        tags={"dagster/partition": str(day)},
        asset_selection=frozenset({dg.AssetKey(["stripe_reports", _PAYOUTS])}),
        status=dg.DagsterRunStatus.STARTED,
    )


def test_a_day_that_a_run_is_at_is_left_to_it_and_requested_again_if_it_fails(
    instance: dg.DagsterInstance, at: datetime
) -> None:
    window = _window(at)
    land(instance, _PAYOUTS, window)
    run = _begin(instance, window[2])
    assert set(_requested(instance, at)) == {stretch(window[:2]), stretch(window[3:])}
    instance.report_run_failed(run)
    assert set(_requested(instance, at)) == {stretch(window)}


def test_days_before_the_first_partition_are_none(instance: dg.DagsterInstance, at: datetime) -> None:
    window = _window(at)
    land(instance, _PAYOUTS, window)
    assert _requested(instance, at, start_date=str(window[2])) == {stretch(window[2:]): {_PAYOUTS}}


def test_with_nothing_to_do_it_skips_with_a_reason(instance: dg.DagsterInstance, at: datetime) -> None:
    requests, why = tick(_defs(), instance, _NAME, at)
    assert not requests
    assert "each of the newest 5 days of each report has not landed yet, or a run is landing it" in str(why)
    requests, why = tick(_defs("balance.summary.1"), instance, _NAME, at)
    assert (list(requests), why) == ([], "no selected report is one whose rows change")


def test_other_reports_can_be_selected(instance: dg.DagsterInstance, at: datetime) -> None:
    window = _window(at)
    for table in (_PAYOUTS, _BALANCE):
        land(instance, table, window[:2])
    assert _requested(instance, at, repull="balance.*") == {stretch(window[:2]): {_BALANCE}}


def test_what_makes_no_sense_is_refused() -> None:
    reports = StripeReports(_SELECT, start_date=START)
    with pytest.raises(ConfigurationError, match="window_days is 0; give 1 or more"):
        reports.repull_schedule(window_days=0)
    with pytest.raises(ConfigurationError, match="'apps' selects none of the selected report types"):
        reports.repull_schedule(select="apps")
    with pytest.raises(UnknownReportTypeError):
        reports.repull_schedule(select="payuots.itemized.3")


def test_the_requested_runs_land_anew_and_tell_what_changed(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    defs = _defs("payouts.itemized.3", resources=own_resources)
    wanted = days(2)
    first = defs.resolve_job_def("stripe_reports").execute_in_process(
        instance=instance, tags=range_tags(wanted)
    )
    assert first.success
    made = own_sandbox.report_runs_created
    requests, _ = tick(defs, instance, _NAME, datetime.combine(NEWEST + _DAY, time(15), UTC))
    (done,) = execute(defs, instance, requests)
    assert done.success
    told = facts(done)
    assert set(told) == {(_PAYOUTS, str(day)) for day in wanted}
    assert all(each["unchanged"] is True and each["adopted"] is False for each in told.values())
    assert own_sandbox.report_runs_created == made + len({each["report_run"] for each in told.values()})
