"""Reports on payouts, of several days: each payout is a report run, and none is asked for twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account, list_report_runs
from stripe_reports_tests.landing.support import account_of, backfill, days_from, files_of, quick

_BY_ID = REPORT_TYPES["payout_reconciliation.by_id.itemized.4"]
_SUMMARY = REPORT_TYPES["payout_reconciliation.by_id.summary.1"]
_PAYOUTS = REPORT_TYPES["payouts.itemized.3"]
_CONNECTED = REPORT_TYPES["connected_account_payout_reconciliation.by_id.summary.1"]
_DAYS = days_from(date(2025, 9, 1), 7)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=4) as running:
        yield running


def _payouts(lake: Lake) -> int:
    categories = lake.read_table(_PAYOUTS.table, _DAYS)["reporting_category"].to_pylist()
    return categories.count("payout")


def test_beside_the_list_of_payouts_there_is_no_other_list(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    ended = backfill({_BY_ID: _DAYS, _PAYOUTS: _DAYS}, account, lake)
    assert (len(ended.landed), ended.errors) == (14, {})
    payouts = _payouts(lake)
    assert payouts > len(_DAYS)
    assert sandbox.report_runs_created == 1 + payouts
    ids = set(lake.read_table(_PAYOUTS.table, _DAYS)["payout_id"].to_pylist())
    assert set(lake.read_table(_BY_ID.table, _DAYS)["payout_id"].to_pylist()) <= ids


def test_without_it_each_day_has_a_list_of_its_own(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    ended = backfill({_BY_ID: _DAYS}, account, lake)
    assert ended.days == _DAYS
    runs = {each.report_type for each in list_report_runs(account.api, created_from=0)}
    assert runs == {_BY_ID.id, REPORT_TYPES["payouts.itemized.5"].id} or runs == {_BY_ID.id, _PAYOUTS.id}
    assert sandbox.report_runs_created == len(_DAYS) + len(ended.runs)


def test_two_reports_on_payouts_share_the_lists(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    ended = backfill({_BY_ID: _DAYS, _SUMMARY: _DAYS}, account, lake)
    assert len(ended.landed) == 14
    assert sandbox.report_runs_created == len(_DAYS) + len(ended.runs)


def test_a_list_that_has_landed_before_is_read(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    backfill({_PAYOUTS: _DAYS}, account, lake)
    ended = backfill({_BY_ID: _DAYS}, account, lake)
    assert sandbox.report_runs_created == 1 + len(ended.runs) == 1 + _payouts(lake)


def test_a_second_time_nothing_is_made_or_written(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    asked = {_BY_ID: _DAYS, _PAYOUTS: _DAYS, _CONNECTED: _DAYS[:2]}
    backfill(asked, account, lake)
    runs, before = sandbox.report_runs_created, files_of(lake)
    ended = backfill(asked, account_of(sandbox), lake)
    assert sandbox.report_runs_created == runs
    with_payouts = {name for name in before if _has_rows(lake, name)}
    assert ended.unchanged >= len(with_payouts) > 7
    after = files_of(lake)
    assert {name: after[name] for name in with_payouts} == {name: before[name] for name in with_payouts}
    assert {name: data for name, (data, _) in after.items()} == {
        name: data for name, (data, _) in before.items()
    }


def _has_rows(lake: Lake, path: str) -> bool:
    table, day = path.split("/")[:2]
    return bool(lake.read_table(table, [date.fromisoformat(day.removeprefix("date="))]).num_rows)


def test_where_the_list_fails_the_payouts_are_listed_on_their_own(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    # The list of the month fails four times; those of the days do not.
    sandbox.fault("failed", report_type="payouts.itemized.*", count=4)
    ended = backfill({_BY_ID: _DAYS, _PAYOUTS: _DAYS}, account, lake)
    assert {each.report_type for each in ended.failed} == {_PAYOUTS}
    assert {each.report_type for each in ended.landed} == {_BY_ID}
    assert ended.days == _DAYS


def test_a_payout_whose_run_fails_fails_its_day_only(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    backfill({_PAYOUTS: _DAYS}, account, lake)
    sandbox.fault("failed", report_type=_BY_ID.id, count=4)
    ended = backfill({_BY_ID: _DAYS}, account, lake, quick(max_runs_in_flight=1))
    (failed,) = ended.failed
    assert str(failed.error).startswith(f"{_BY_ID.id} {failed.day} (report run frr_")
    assert len(ended.landed) == 6
    assert lake.days(_BY_ID.table) == ended.days
