"""A report run of several days that cannot be landed is asked for day by day, so that only bad days fail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.errors import CsvError, DataNotAvailableError
from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account
from stripe_reports_tests.landing.support import account_of, backfill, days_from, files_of, quick

_ACTIVITY = REPORT_TYPES["balance_change_from_activity.itemized.3"]
_DAYS = days_from(date(2025, 9, 1), 5)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=8) as running:
        yield running


@pytest.fixture
def untroubled(account: Account, tmp_path: Path) -> Lake:
    """The days as they are."""
    lake = Lake.open(str(tmp_path / "untroubled"))
    backfill({_ACTIVITY: _DAYS}, account, lake)
    return lake


def _is_as(lake: Lake, other: Lake, day: date) -> bool:
    one, two = (each.read_table(_ACTIVITY.table, [day]) for each in (lake, other))
    return bool(one.equals(two))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("2025-08-31 23:59:59", "2025-08-31 23:59:59.* is on none of the 5 days"),
        ("2025-09-06 00:00:00", "2025-09-06 00:00:00.* is on none of the 5 days"),
        ("", "column 'created_utc'"),
        ("soon", "column 'created_utc': 'soon'"),
    ],
    ids=["the day before", "the day after", "none", "nonsense"],
)
def test_a_row_of_no_day_that_was_asked_for(
    sandbox: Sandbox, account: Account, lake: Lake, untroubled: Lake, value: str, says: str
) -> None:
    sandbox.fault("unfit", column="created_utc", value=value, row=3, count=1)
    before = sandbox.report_runs_created
    ended = backfill({_ACTIVITY: _DAYS}, account, lake, quick(adopt_within=0))
    assert (ended.days, ended.errors) == (_DAYS, {})
    assert all(_is_as(lake, untroubled, day) for day in _DAYS)
    (warning,) = ended.warnings
    assert warning.startswith(f"{_ACTIVITY.id} (report run frr_"), "which run it was"
    assert warning.endswith("; retrying the days one by one")
    assert re.search(says, warning)
    assert sandbox.report_runs_created - before == 1 + 5


def test_a_bad_value_fails_its_day_only(
    sandbox: Sandbox, account: Account, lake: Lake, untroubled: Lake
) -> None:
    rows = {day: untroubled.read_table(_ACTIVITY.table, [day]).num_rows for day in _DAYS}
    worst = max(rows, key=lambda day: rows[day])
    assert sorted(rows.values())[-2] < rows[worst], "one day has more rows than any other"
    sandbox.fault("unfit", column="net", value="n/a", row=rows[worst])
    ended = backfill({_ACTIVITY: _DAYS}, account, lake, quick(adopt_within=0))
    assert ended.days == [day for day in _DAYS if day != worst]
    assert all(_is_as(lake, untroubled, day) for day in ended.days)
    (failed,) = ended.failed
    assert isinstance(failed.error, CsvError)
    assert str(failed.error).startswith(f"{_ACTIVITY.id} {worst} (report run frr_")
    assert "column 'net': 'n/a'" in str(failed.error)
    assert len(ended.warnings) == 1


def test_a_day_that_fails_is_left_as_it_was(
    sandbox: Sandbox, account: Account, lake: Lake, untroubled: Lake
) -> None:
    before = files_of(untroubled)
    sandbox.fault("unfit", column="net", value="n/a", row=1)
    ended = backfill({_ACTIVITY: _DAYS}, account, untroubled, quick(adopt_within=0))
    assert ended.failed
    after = files_of(untroubled)
    failed = {f"{_ACTIVITY.table}/date={each.day}/part-0.parquet" for each in ended.failed}
    assert failed
    assert {name: after[name] for name in failed} == {name: before[name] for name in failed}


def test_where_stripe_has_less_than_it_said_the_days_that_are_there_land(lake: Lake) -> None:
    now = datetime(2026, 5, 20, 13, tzinfo=UTC).timestamp()
    with Sandbox(port=0, files_port=0, latency=0, now=lambda: now) as sandbox:
        account = account_of(sandbox)
        account.report_types()  # said that all is there until 2026-05-20
        sandbox.fault("late", seconds=2 * 86400)
        days = days_from(date(2026, 5, 15), 5)
        ended = backfill({_ACTIVITY: days}, account, lake)
    assert ended.days == days[:3]
    assert sorted(ended.errors) == days[3:]
    assert all(isinstance(each.error, DataNotAvailableError) for each in ended.failed)
    assert len(ended.warnings) == 1


def test_an_account_whose_version_lacks_the_day_column(
    sandbox: Sandbox, account: Account, lake: Lake, untroubled: Lake
) -> None:
    account.rejected_columns[_ACTIVITY.id] |= {"created_utc", "created"}
    ended = backfill({_ACTIVITY: _DAYS}, account, lake)
    assert ended.days == _DAYS
    (warning,) = ended.warnings
    assert "Stripe does not send 'created_utc', which says the day of a row; retrying the days" in warning
    assert all(set(day.dropped_columns) == {"created_utc", "created"} for day in ended.landed)
    for day in _DAYS:
        one, two = (each.read_table(_ACTIVITY.table, [day]) for each in (lake, untroubled))
        assert one["net"].equals(two["net"])


def test_an_account_whose_version_has_only_its_twin_in_local_time(
    sandbox: Sandbox, account: Account, lake: Lake, untroubled: Lake
) -> None:
    account.rejected_columns[_ACTIVITY.id].add("created_utc")
    ended = backfill({_ACTIVITY: _DAYS}, account, lake)
    assert (ended.days, ended.warnings, len(ended.runs)) == (_DAYS, [], 1)
    for day in _DAYS:
        one, two = (each.read_table(_ACTIVITY.table, [day]) for each in (lake, untroubled))
        assert one["net"].equals(two["net"])


def test_a_failure_that_is_about_no_day_is_not_tried_day_by_day(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    sandbox.fault("status", code=403, method="POST", path="*/report_runs")
    ended = backfill({_ACTIVITY: _DAYS}, account, lake)
    assert sorted(ended.errors) == _DAYS
    assert ended.warnings == []
    assert sandbox.calls["POST", "/v1/reporting/report_runs"] == 1


def test_trouble_with_one_download_fails_the_days_of_its_run_only(
    sandbox: Sandbox, lake: Lake, no_pauses: None
) -> None:
    fault = sandbox.fault("expired", count=1)
    days = [*days_from(date(2025, 8, 30), 2), *_DAYS]
    ended = backfill({_ACTIVITY: days}, account_of(sandbox), lake, quick(max_runs_in_flight=1))
    assert fault.applied == 1
    assert sorted(ended.errors) == days[:2]
    assert ended.days == _DAYS
