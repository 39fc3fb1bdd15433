"""Many days of many report types: few report runs, nothing twice, and nothing kept back by what fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from stripe_reports.catalog import REPORT_TYPES, newest_complete_day
from stripe_reports.errors import (
    DataNotAvailableError,
    DayError,
    LakeError,
    ReportRunError,
    StripeRequestError,
)
from stripe_reports.lake import Lake
from stripe_reports.landing import Backfill, LandedDay, LandingSettings, Progress, ReportRequest
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account
from stripe_reports_tests.landing.support import (
    account_of,
    backfill,
    days_from,
    files_of,
    fresh,
    quick,
)

_ACTIVITY = REPORT_TYPES["balance_change_from_activity.itemized.3"]
_PAYOUTS = REPORT_TYPES["payouts.itemized.3"]
_BALANCE = REPORT_TYPES["balance.summary.1"]
_DAYS = days_from(date(2025, 9, 1), 5)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """One of the test's own, so that its report runs can be counted."""
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=8) as running:
        yield running


@pytest.mark.slow
def test_a_year_takes_a_dozen_report_runs_and_a_second_time_none(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    year = days_from(date(2025, 1, 1), 365)
    first = backfill({_ACTIVITY: year}, account, lake)
    assert (first.days, first.failed, first.unchanged) == (year, [], 0)
    assert sandbox.report_runs_created == len(first.runs) == 12
    assert lake.days(_ACTIVITY.table) == year
    before, downloads = files_of(lake), sandbox.calls["GET", "/v1/files/{id}/contents"]

    second = backfill({_ACTIVITY: year}, account_of(sandbox), lake)
    assert (second.days, second.failed, second.unchanged) == (year, [], 365)
    assert all(day.adopted for day in second.landed)
    assert sandbox.report_runs_created == 12
    assert sandbox.calls["GET", "/v1/files/{id}/contents"] == downloads, "nor is anything read again"
    assert files_of(lake) == before, "not a byte is written"
    assert {day.day: day.table for day in second.landed} == {day.day: day.table for day in first.landed}
    assert {day.day: day.totals for day in second.landed} == {day.day: day.totals for day in first.landed}


def test_the_days_need_not_follow_one_another(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    days = [date(2025, 9, 3), date(2025, 8, 30), date(2025, 8, 31), date(2025, 9, 1), date(2025, 9, 3)]
    ended = backfill({_ACTIVITY: days}, account, lake)
    assert ended.days == lake.days(_ACTIVITY.table) == sorted(set(days)), "each once"
    assert sandbox.report_runs_created == 3, "30 and 31; 1; 3"


def test_nothing_to_land_is_no_call_but_the_end(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    assert backfill({}, account, lake).landed == []
    assert backfill({_ACTIVITY: []}, account, lake).landed == []
    assert sandbox.report_runs_created == 0


def test_without_range_runs_each_day_is_asked_for_on_its_own(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    ended = backfill({_ACTIVITY: _DAYS}, account, lake, quick(range_runs=False))
    assert ended.days == _DAYS
    assert sandbox.report_runs_created == len(ended.runs) == 5


def test_columns_without_the_one_that_says_the_day_are_asked_for_day_by_day(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    request = ReportRequest(columns=["net", "currency"])
    ended = backfill({_ACTIVITY: _DAYS}, account, lake, requests={_ACTIVITY.id: request})
    assert (ended.days, ended.warnings) == (_DAYS, [])
    assert sandbox.report_runs_created == 5
    assert lake.read_table(_ACTIVITY.table, [_DAYS[0]]).column_names[:2] == ["net", "currency"]


def test_fresh_asks_anew_and_its_name_finds_its_runs_again(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    old = backfill({_ACTIVITY: _DAYS}, account, lake)
    name = uuid4().hex
    new = backfill({_ACTIVITY: _DAYS}, account, lake, quick(fresh=name))
    assert new.runs.isdisjoint(old.runs)
    assert new.unchanged == 0
    again = backfill({_ACTIVITY: _DAYS}, account_of(sandbox), lake, quick(fresh=name))
    assert (again.runs, again.unchanged) == (new.runs, 5)
    assert backfill({_ACTIVITY: _DAYS}, account, lake, fresh()).runs.isdisjoint(old.runs | new.runs)
    assert sandbox.report_runs_created == 3


def test_where_no_run_is_to_be_adopted_each_backfill_asks_anew(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    runs = [backfill({_ACTIVITY: _DAYS}, account, lake, quick(adopt_within=0)).runs for _ in range(2)]
    assert runs[0].isdisjoint(runs[1])
    assert ("GET", "/v1/reporting/report_runs") not in sandbox.calls, "there is nothing to look for"


# What fails, and what does not


def test_a_report_type_that_fails_does_not_keep_others_from_landing(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    sandbox.fault("failed", report_type=_PAYOUTS.id, error="Sorry.")
    ended = backfill({_PAYOUTS: _DAYS, _ACTIVITY: _DAYS, _BALANCE: _DAYS}, account, lake)
    assert {(each.report_type.id, each.day) for each in ended.failed} == {(_PAYOUTS.id, day) for day in _DAYS}
    for each in ended.failed:
        assert isinstance(each.error, ReportRunError)
        assert str(each.error).startswith(f"{_PAYOUTS.id} {each.day} (report run frr_")
        assert "Stripe marked it failed: Sorry." in str(each.error)
    assert set(lake.tables()) == {_BALANCE.table, _ACTIVITY.table}
    assert len(ended.landed) == 10
    assert sandbox.report_runs_created == 4 + 1 + 5, "three replacements of the one that failed"


def test_a_report_type_that_the_account_does_not_have_fails_alone(lake: Lake) -> None:
    connect = REPORT_TYPES["connected_account_payouts.itemized.3"]
    with Sandbox(port=0, files_port=0, latency=0, account_profile="plain") as sandbox:
        ended = backfill({connect: _DAYS[:2], _ACTIVITY: _DAYS}, account_of(sandbox), lake)
    assert ended.days == _DAYS
    assert sorted(ended.errors) == _DAYS[:2]
    for failed in ended.failed:
        assert isinstance(failed.error, StripeRequestError)
        text = str(failed.error)
        assert text.startswith(f"{connect.id} {failed.day}: this account does not offer this report type")
        assert "Remove it from select (STRIPE_REPORTS_SELECT); Stripe refused the request" in text


def test_a_day_beyond_the_data_fails_alone(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    newest = newest_complete_day(datetime.now(UTC))
    days = [*days_from(newest - timedelta(days=2), 4), date(2024, 12, 31)]
    ended = backfill({_ACTIVITY: days}, account, lake)
    assert ended.days == days_from(newest - timedelta(days=2), 3)
    tomorrow = newest + timedelta(days=1)
    assert ended.errors[tomorrow].startswith(f"{_ACTIVITY.id} {tomorrow}: Stripe has data through ")
    assert ended.errors[date(2024, 12, 31)].startswith(f"{_ACTIVITY.id} 2024-12-31: Stripe has data from ")
    assert all(isinstance(each.error, DataNotAvailableError) for each in ended.failed)


def test_a_day_that_its_zone_skipped_fails_alone(tmp_path: Path) -> None:
    with Sandbox(port=0, files_port=0, latency=0, start_date=date(2011, 12, 1)) as sandbox:
        lake = Lake.open(str(tmp_path / "lake"))
        days = days_from(date(2011, 12, 29), 3)
        ended = backfill({_ACTIVITY: days}, account_of(sandbox), lake, timezone="Pacific/Apia")
    assert ended.days == [days[0], days[2]]
    assert isinstance(ended.failed[0].error, DayError)
    assert ended.errors == {days[1]: f"{_ACTIVITY.id} 2011-12-30: there was no 2011-12-30 in Pacific/Apia"}


def test_another_accounts_lake_is_refused_before_a_report_run_is_made(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    lake.claim(livemode=False, account="acct_other")
    ended = backfill({_ACTIVITY: _DAYS}, account, lake)
    assert sorted(ended.errors) == _DAYS
    assert all(isinstance(each.error, LakeError) for each in ended.failed)
    assert sandbox.report_runs_created == 0


# How far it is


def test_progress_is_told_in_between_and_counts_everything(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    backfill({_BALANCE: _DAYS[:2]}, account, lake)
    sandbox.fault("pending", seconds=0.5)
    sandbox.fault("failed", report_type=_PAYOUTS.id)
    landing = Backfill(
        {_BALANCE: _DAYS, _PAYOUTS: _DAYS[:1]},
        account=account,
        lake=lake,
        settings=LandingSettings(poll_initial=0.05),
    )
    told = [each for each in landing.outcomes(every=0.1) if isinstance(each, Progress)]
    landing.stop()
    assert len(told) >= 4
    assert [each.landed for each in told] == sorted(each.landed for each in told)
    assert max(each.runs_pending for each in told) == 4
    end = landing.progress
    assert (end.days, end.landed, end.unchanged, end.failed) == (6, 5, 2, 1)
    assert (end.runs_made, end.runs_adopted, end.runs_pending) == (3 + 4, 2, 0)
    assert str(end).startswith(
        "5 of 6 partitions landed (2 unchanged), 1 failed; report runs: 7 created, 2 adopted, 0 pending; rate"
    )


def test_days_are_told_as_they_land_and_not_at_the_end(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    sandbox.fault("pending", report_type=_ACTIVITY.id)
    landing = Backfill({_ACTIVITY: _DAYS, _BALANCE: _DAYS}, account=account, lake=lake, settings=quick())
    outcomes = landing.outcomes()
    first = [next(outcomes) for _ in _DAYS]
    assert {each.report_type for each in first if isinstance(each, LandedDay)} == {_BALANCE}
    assert landing.stop() == []
    assert list(outcomes) == []


class _CannotBeReadBack(Lake):
    def totals(self, table: str, day: date) -> Mapping[str, Mapping[str, Decimal]]:
        raise LakeError("cannot read: the store is away")


def test_a_day_that_has_landed_is_told_so_even_where_it_cannot_be_read_back(
    sandbox: Sandbox, account: Account, tmp_path: Path
) -> None:
    lake = _CannotBeReadBack.open(str(tmp_path / "lake"))
    ended = backfill({_BALANCE: days_from(date(2025, 9, 1), 2)}, account, lake)
    assert len(ended.landed) == len(lake.days(_BALANCE.table)) == 2
    assert [day.totals for day in ended.landed] == [{}, {}]
    assert "has landed; no totals: cannot read" in ended.warnings[0]
