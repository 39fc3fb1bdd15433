"""At 13:00 UTC, each report's newest day whose data Stripe has is requested, and what is missing before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stripe_reports import (
    ReportLakeResource,
    StripeReports,
    StripeResource,
)
from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import NEWEST, START, days, resources_for
from stripe_reports_tests.orchestration.support import expected, landed, recorded
from stripe_reports_tests.orchestration.ticks import TICK, execute, land, requested, stretch, tick

_NAME = "stripe_reports_daily"
_BALANCE = "balance_summary_1"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as instance:
        yield instance


@pytest.fixture
def instance(kept: dg.DagsterInstance) -> Iterator[dg.DagsterInstance]:
    """On disk, as schedules need it."""
    yield kept
    kept.wipe_assets(list(kept.get_asset_keys()))


def _defs(resources: dict[str, Any], select: str = "balance.summary.1", **settings: Any) -> dg.Definitions:
    reports = StripeReports(select, start_date=START)
    schedule = reports.daily_schedule(**settings)
    return dg.Definitions(
        assets=reports.assets, jobs=[reports.job], schedules=[schedule], resources=resources
    )


def _without_key(**settings: Any) -> dg.Definitions:
    reports = StripeReports(**settings)
    return reports.definitions(stripe=StripeResource(), report_lake=ReportLakeResource())


def _at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def _back(count: int, newest: date) -> list[date]:
    return [newest - timedelta(days=back) for back in reversed(range(count))]


def test_the_schedule_ticks_at_13_utc_in_every_time_zone() -> None:
    for timezone in ("UTC", "America/New_York"):
        schedule = _without_key(timezone=timezone).resolve_schedule_def(_NAME)
        assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 13 * * *", "UTC")
        assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED


def test_it_can_be_on_from_the_start(resources: dict[str, Any]) -> None:
    running = dg.DefaultScheduleStatus.RUNNING
    schedule = _defs(resources, default_status=running).resolve_schedule_def(_NAME)
    assert schedule.default_status is running


def test_a_negative_number_of_days_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="catch_up_days is -1; give 0 or more"):
        _defs({}, catch_up_days=-1)


@pytest.mark.parametrize(
    ("timezone", "day"),
    [("UTC", "2025-11-20"), ("America/New_York", "2025-11-19"), ("Asia/Tokyo", "2025-11-20")],
)
def test_where_stripe_cannot_be_asked_the_documented_delays_decide(
    instance: dg.DagsterInstance, timezone: str, day: str
) -> None:
    lines: list[str] = []
    requests, _ = tick(_without_key(timezone=timezone), instance, _NAME, _at("2025-11-21T13:00"), lines)
    (line,) = lines
    assert line.startswith("could not ask Stripe how far its data go: no Stripe API key")
    assert list(requested(requests)) == [stretch(_back(8, date.fromisoformat(day)))]


def test_before_the_first_partition_there_is_nothing_to_request(instance: dg.DagsterInstance) -> None:
    defs = _without_key(start_date="2025-11-21")
    requests, why = tick(defs, instance, _NAME, _at("2025-11-21T13:00"))
    assert requests == []
    assert why is not None
    assert why.startswith("nothing is due: all selected reports: data through 2025-11-20, the partitions")


def test_each_report_is_requested_as_far_as_stripe_has_its_data(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    defs = _defs(resources, "balance.summary.1, apps.churn_rate.1", catch_up_days=2)
    requests, _ = tick(defs, instance, _NAME, TICK)
    apps = resources["stripe"].account.report_types()["apps.churn_rate.1"]
    newest = datetime.fromtimestamp(apps.data_available_end, UTC).date() - timedelta(days=1)
    assert newest < NEWEST, "after 48 hours instead of 12"
    assert requested(requests) == {
        stretch(_back(3, NEWEST)): {_BALANCE},
        stretch(_back(3, newest)): {"apps_churn_rate_1"},
    }


def test_a_scheduler_that_was_off_for_three_days_catches_up(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    defs = _defs(resources, "balance.summary.1, payouts.itemized.3")
    tables, missed = [_BALANCE, "payouts_itemized_3"], days(3)
    for table in tables:
        land(instance, table, days(8)[:-3])
    requests, _ = tick(defs, instance, _NAME, TICK)
    assert requested(requests) == {stretch(missed): set(tables)}
    (result,) = execute(defs, instance, requests)
    assert result.success
    assert recorded(instance, run_id=result.run_id) == expected(tables, missed)
    assert landed(resources["report_lake"].lake) == expected(tables, missed)
    requests, why = tick(defs, instance, _NAME, TICK)
    assert requests == []
    assert why is not None
    assert why.startswith(f"nothing is due: all selected reports: landed or being landed through {NEWEST}")


def test_days_with_a_gap_between_them_are_requested_in_runs_of_their_own(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    land(instance, _BALANCE, days(8)[1:-1])
    requests, _ = tick(_defs(resources), instance, _NAME, TICK)
    assert requested(requests) == {str(day): {_BALANCE} for day in (days(8)[0], NEWEST)}


def test_a_tick_that_is_repeated_has_the_same_run_keys_and_the_next_day_has_others(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    defs = _defs(resources, catch_up_days=0)
    (one,), _ = tick(defs, instance, _NAME, TICK)
    (same,), _ = tick(defs, instance, _NAME, TICK)
    (next_,), _ = tick(defs, instance, _NAME, TICK + timedelta(days=1))
    assert one.run_key == same.run_key
    assert requested([one]) == requested([next_]) == {str(NEWEST): {_BALANCE}}
    assert one.run_key != next_.run_key, "a day that has failed is requested again"


def test_a_tick_that_is_late_requests_what_was_there_at_its_own_time(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    defs = _defs(resources, catch_up_days=0)
    requests, _ = tick(defs, instance, _NAME, TICK - timedelta(days=3))
    assert requested(requests) == {str(NEWEST - timedelta(days=3)): {_BALANCE}}


def test_data_that_are_late_are_requested_once_they_are_there(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    defs = _defs(own_resources, "balance.summary.1, payouts.summary.1", catch_up_days=0)
    own_sandbox.fault("late", seconds=86400, report_type="payouts.summary.1")
    requests, _ = tick(defs, instance, _NAME, TICK)
    before = str(NEWEST - timedelta(days=1))
    assert requested(requests) == {str(NEWEST): {_BALANCE}, before: {"payouts_summary_1"}}
    assert own_sandbox.calls == {("GET", "/v1/reporting/report_types"): 1}
    assert all(result.success for result in execute(defs, instance, requests))
    own_sandbox.clear_faults()
    requests, _ = tick(defs, instance, _NAME, TICK)
    assert requested(requests) == {str(NEWEST): {"payouts_summary_1"}}


def test_a_day_that_has_failed_is_requested_again(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, tmp_path: Path
) -> None:
    defs = _defs(resources_for(own_sandbox, tmp_path / "lake"), catch_up_days=0)
    fault = own_sandbox.fault("unfit")
    requests, _ = tick(defs, instance, _NAME, TICK)
    (result,) = execute(defs, instance, requests)
    assert not result.success
    assert fault.applied
    requests, _ = tick(defs, instance, _NAME, TICK + timedelta(days=1))
    assert requested(requests) == {str(NEWEST): {_BALANCE}}


def test_the_job_holds_all_selected_reports() -> None:
    job = _without_key(select="core").resolve_job_def("stripe_reports")
    assert len(list(job.asset_layer.executable_asset_keys)) == 9
