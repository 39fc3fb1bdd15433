"""Which days are due: over, there at Stripe, and neither landed nor on their way."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from stripe_reports import StripeReports, StripeResource
from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.orchestration.automation.due import (
    Due,
    due_days,
    newest_available_day,
    offered_report_types,
)
from stripe_reports.orchestration.reports import Reports
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import OfferedReportType
from stripe_reports_tests.orchestration.conftest import START
from stripe_reports_tests.orchestration.support import range_tags
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error

_BALANCE, _PAYOUTS, _FEES = "balance.summary.1", "payouts.summary.1", "all_fees.incurred_at.itemized.2"
_SNAPSHOT = "ending_balance_reconciliation.summary.1"
_NOW = datetime(2025, 9, 10, 13, tzinfo=UTC)
_NEWEST = date(2025, 9, 9)
_log = logging.getLogger(__name__)


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())


def _offered(id_: str, end: str = "2025-09-10", start: str = "2025-01-01") -> OfferedReportType:
    return OfferedReportType(
        id=id_,
        name=id_,
        livemode=False,
        data_available_start=_seconds(start),
        data_available_end=_seconds(end),
        updated=_seconds(end),
        default_columns=None,
    )


def _newest(
    offered: OfferedReportType | None, id_: str = _BALANCE, timezone: str = "UTC", now: datetime = _NOW
) -> date | None:
    return newest_available_day(REPORT_TYPES[id_], offered, timezone, now)


@pytest.mark.parametrize(
    ("end", "timezone", "newest"),
    [
        ("2025-09-10", "UTC", "2025-09-09"),
        ("2025-09-10T12:00", "UTC", "2025-09-09"),
        ("2025-09-09T23:59:59", "UTC", "2025-09-08"),
        ("2025-09-10", "America/New_York", "2025-09-08"),  # whose next day ends at 04:00 UTC
        ("2025-09-10T04:00", "America/New_York", "2025-09-09"),
        ("2025-09-10", "Asia/Tokyo", "2025-09-09"),
        ("2038-01-19", "UTC", "2025-09-09"),  # a day that is not over is not whole, whatever is said of it
        ("2025-06-01", "UTC", "2025-05-31"),
    ],
)
def test_the_newest_day_is_the_last_that_ends_within_the_data(end: str, timezone: str, newest: str) -> None:
    assert _newest(_offered(_BALANCE, end), timezone=timezone) == date.fromisoformat(newest)


def test_stripe_has_no_whole_day_where_its_data_begin_later() -> None:
    assert _newest(_offered(_BALANCE, start="2025-09-09")) == _NEWEST
    assert _newest(_offered(_BALANCE, start="2025-09-09T00:00:01")) is None
    assert _newest(_offered(_SNAPSHOT, start="2025-09-10"), _SNAPSHOT) == _NEWEST, "it needs its end only"


@pytest.mark.parametrize(
    ("id_", "now", "timezone", "newest"),
    [
        (_BALANCE, "2025-09-10T12:00", "UTC", "2025-09-09"),
        (_BALANCE, "2025-09-10T11:59:59", "UTC", "2025-09-08"),
        (_BALANCE, "2025-09-10T13:00", "America/New_York", "2025-09-08"),
        ("tax.transactions.itemized.2", "2025-09-10T13:00", "UTC", "2025-09-08"),
        (_FEES, "2025-09-10T13:00", "UTC", "2025-09-05"),
    ],
)
def test_without_an_answer_the_documented_delays_decide(
    id_: str, now: str, timezone: str, newest: str
) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert _newest(None, id_, timezone, moment) == date.fromisoformat(newest)


def test_what_the_account_offers_is_one_call(own_sandbox: Sandbox, own_resources: dict[str, Any]) -> None:
    offered = offered_report_types(own_resources["stripe"], _log)
    assert offered is not None
    assert offered[_BALANCE].data_available_end == own_sandbox.data_available_end
    assert dict(own_sandbox.calls) == {("GET", "/v1/reporting/report_types"): 1}


def test_where_stripe_cannot_be_asked_one_line_says_so(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    refused = Answer(stripe_error("Invalid API Key provided: sk_test_secret"), 401)
    server.answers("GET", "/v1/reporting/report_types", refused)
    wrong = StripeResource(api_key="sk_test_secret", api_base=server.base)
    for stripe, why in ((StripeResource(), "no Stripe API key"), (wrong, "Stripe refused the key")):
        caplog.clear()
        assert offered_report_types(stripe, _log) is None
        (record,) = caplog.records
        assert why in record.getMessage()
        assert "\n" not in record.getMessage()
        assert "sk_test_secret" not in record.getMessage()


def _watched(select: str = _BALANCE, start: str = START) -> Reports:
    return StripeReports(select, start_date=start)._reports


def _due(
    instance: dg.DagsterInstance,
    watched: Reports,
    offered: Mapping[str, OfferedReportType] | None,
    *,
    catch_up_days: int = 2,
    **more: Any,
) -> Due:
    return due_days(watched, instance, offered, _NOW, catch_up_days=catch_up_days, log=_log, **more)


def _back(count: int, newest: date = _NEWEST) -> list[date]:
    return [newest - timedelta(days=back) for back in reversed(range(count))]


def test_each_report_type_catches_up_from_its_own_newest_day(instance: dg.DagsterInstance) -> None:
    offered = {_BALANCE: _offered(_BALANCE), _FEES: _offered(_FEES, "2025-09-06")}
    due = _due(instance, _watched(f"{_BALANCE}, {_FEES}"), offered)
    assert due.days == {_BALANCE: _back(3), _FEES: _back(3, date(2025, 9, 5))}


def test_without_catching_up_only_the_newest_day_is_due(instance: dg.DagsterInstance) -> None:
    assert _due(instance, _watched(), None, catch_up_days=0).days == {_BALANCE: [_NEWEST]}


def test_days_that_stripe_does_not_keep_any_more_are_not_due(instance: dg.DagsterInstance) -> None:
    offered = {_BALANCE: _offered(_BALANCE, start="2025-09-08")}
    assert _due(instance, _watched(), offered, catch_up_days=7).days == {_BALANCE: _back(2)}


def test_days_before_the_first_partition_are_not_due(instance: dg.DagsterInstance) -> None:
    assert _due(instance, _watched(start="2025-09-09"), None).days == {_BALANCE: [_NEWEST]}


def test_what_the_account_does_not_offer_is_told_and_left_out(
    instance: dg.DagsterInstance, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    watched = _watched(f"{_BALANCE}, {_PAYOUTS}, {_FEES}")
    due = _due(instance, watched, {_BALANCE: _offered(_BALANCE)})
    assert set(due.days) == {_BALANCE}
    (record,) = caplog.records
    assert record.getMessage() == (f"the account does not offer {_PAYOUTS}, {_FEES}; not requesting it")
    assert record.levelno == logging.INFO, "it is no failure of any day"


def _run(
    instance: dg.DagsterInstance, days: list[date], select: str, status: dg.DagsterRunStatus
) -> dg.DagsterRun:
    """Of the days of one report, as the daemon makes it."""
    reports = StripeReports(select, start_date=START)
    resources = {"stripe": StripeResource(), "report_lake": dg.ResourceDefinition.none_resource()}
    resources["report_lake_io_manager"] = dg.fs_io_manager
    defs = dg.Definitions(assets=reports.assets, jobs=[reports.job], resources=resources)
    chosen = {dg.AssetKey(["stripe_reports", "balance_summary_1"])}
    job = defs.resolve_job_def("stripe_reports").get_subset(asset_selection=chosen)
    return instance.create_run_for_job(job, tags=range_tags(days), asset_selection=chosen, status=status)


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED])
def test_days_of_a_run_over_several_are_not_due_until_it_has_failed_or_was_canceled(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus
) -> None:
    watched = _watched(f"{_BALANCE}, {_PAYOUTS}")
    days = _back(3)

    def due() -> Mapping[str, Any]:
        return _due(instance, watched, None, catch_up_days=3).days

    run = _run(instance, days[:2], f"{_BALANCE}, {_PAYOUTS}", status)
    left = {_BALANCE: [_NEWEST - timedelta(days=3), _NEWEST], _PAYOUTS: _back(4)}
    assert due() == left
    instance.report_run_failed(run)
    assert due() == {_BALANCE: _back(4), _PAYOUTS: _back(4)}
    run = _run(instance, days[:2], f"{_BALANCE}, {_PAYOUTS}", status)
    assert due() == left
    instance.report_run_canceled(run)
    assert due() == {_BALANCE: _back(4), _PAYOUTS: _back(4)}


def _landed(instance: dg.DagsterInstance, table: str, days: list[date]) -> None:
    for day in days:
        key = dg.AssetKey(["stripe_reports", table])
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=str(day)))


def test_days_that_have_landed_are_not_due_and_the_tick_says_how_far_all_is(
    instance: dg.DagsterInstance,
) -> None:
    watched = _watched(f"{_BALANCE}, {_PAYOUTS}, {_FEES}")
    for table in ("balance_summary_1", "payouts_summary_1"):
        _landed(instance, table, _back(3))
    _landed(instance, "all_fees_incurred_at_itemized_2", _back(3, date(2025, 9, 5)))
    offered = {id_: _offered(id_) for id_ in (_BALANCE, _PAYOUTS)} | {
        _FEES: _offered(_FEES, "2025-09-06T12:00")
    }
    due = _due(instance, watched, offered)
    assert due.days == {}
    assert due.why_nothing() == (
        "balance.summary.1 and 1 more: landed or being landed through 2025-09-09"
        " (Stripe has data through 2025-09-10 00:00 UTC);"
        " all_fees.incurred_at.itemized.2: landed or being landed through 2025-09-05"
        " (Stripe has data through 2025-09-06 12:00 UTC)"
    )


def test_where_all_are_equally_far_the_tick_says_it_in_one(instance: dg.DagsterInstance) -> None:
    _landed(instance, "balance_summary_1", _back(3))
    assert _due(instance, _watched(), None).why_nothing() == (
        "all selected reports: landed or being landed through 2025-09-09 (by Stripe's documented delays)"
    )


@pytest.mark.parametrize(
    ("start", "offered", "why"),
    [
        (START, {}, "the account offers none of the selected reports"),
        (
            START,
            {_BALANCE: _offered(_BALANCE, start="2025-09-10")},
            "all selected reports: no whole day of data yet (Stripe has data through 2025-09-10 00:00 UTC)",
        ),
        (
            "2025-09-10",
            None,
            "all selected reports: data through 2025-09-09, the partitions start later (2025-09-10)"
            " (by Stripe's documented delays)",
        ),
        (
            "2999-01-01",
            None,
            "all selected reports: data through 2025-09-09, the partitions start later (none yet)"
            " (by Stripe's documented delays)",
        ),
    ],
)
def test_where_no_day_can_be_due_the_tick_says_why(
    instance: dg.DagsterInstance, start: str, offered: Mapping[str, OfferedReportType] | None, why: str
) -> None:
    due = _due(instance, _watched(start=start), offered)
    assert due.days == {}
    assert due.why_nothing() == why
