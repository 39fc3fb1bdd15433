"""How days become report runs: as few as there can be, of days that one result can be split into."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_reports.catalog import REPORT_TYPES, select_report_types
from stripe_reports.lake import DayColumn
from stripe_reports.landing import ReportRequest
from stripe_reports.landing.plan import day_column, report_run_days

_DAY = timedelta(days=1)
_DAYS = st.lists(st.dates(date(2023, 11, 20), date(2024, 4, 10)), max_size=120)
_RANGES = st.builds(
    lambda first, count: [first + n * _DAY for n in range(count)],
    st.dates(date(2023, 1, 1), date(2025, 1, 1)),
    st.integers(0, 500),
)
_NOTHING = ReportRequest()


@given(days=_DAYS | _RANGES, range_runs=st.booleans())
def test_the_stretches_are_exactly_the_days_in_their_order(days: list[date], range_runs: bool) -> None:
    found = [day for stretch in report_run_days(days, range_runs=range_runs) for day in stretch]
    assert found == sorted(set(days))


@given(days=_DAYS | _RANGES)
def test_a_stretch_has_no_gap_and_stays_within_its_month(days: list[date]) -> None:
    for stretch in report_run_days(days, range_runs=True):
        assert all(later - earlier == _DAY for earlier, later in pairwise(stretch))
        assert len({(day.year, day.month) for day in stretch}) == 1
        assert len(stretch) <= 31


@given(days=_DAYS | _RANGES)
def test_there_are_as_few_stretches_as_there_can_be(days: list[date]) -> None:
    must_begin = {day for day in days if day.day == 1 or day - _DAY not in days}
    assert len(report_run_days(days, range_runs=True)) == len(must_begin)


@given(days=_DAYS)
def test_without_range_runs_each_day_is_on_its_own(days: list[date]) -> None:
    assert report_run_days(days, range_runs=False) == [(day,) for day in sorted(set(days))]


def test_a_year_is_twelve_report_runs() -> None:
    year = [date(2025, 1, 1) + n * _DAY for n in range(365)]
    assert [len(stretch) for stretch in report_run_days(year, range_runs=True)] == [
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31,
    ]  # fmt: skip


# What splits a result


def _column(id_: str, timezone: str = "UTC", *columns: str, printed_in: str = "") -> DayColumn | None:
    request = ReportRequest(parameters={"timezone": printed_in}) if printed_in else _NOTHING
    return day_column(REPORT_TYPES[id_], request, timezone, columns)


_UTC_COLUMN, _LOCAL_COLUMN, _LOCAL_ONLY = (
    "balance_change_from_activity.itemized.3",
    "activity.itemized.3",
    "payout_reconciliation.itemized.3",
)


@pytest.mark.parametrize("timezone", ["UTC", "America/New_York"])
def test_an_instant_in_utc_says_the_day_of_any_zone(timezone: str) -> None:
    assert _column(_UTC_COLUMN, timezone) == DayColumn("created_utc", timezone)
    assert _column(_UTC_COLUMN, timezone, printed_in="Asia/Tokyo") == DayColumn("created_utc", timezone)


@pytest.mark.parametrize("timezone", ["UTC", "America/New_York"])
def test_a_local_time_says_the_day_where_it_is_printed_in_the_zone_of_the_days(timezone: str) -> None:
    assert _column(_LOCAL_COLUMN, timezone) == DayColumn("activity_at", timezone)
    assert _column(_LOCAL_COLUMN, timezone, printed_in=timezone) == DayColumn("activity_at", timezone)


def test_a_local_time_that_is_printed_in_another_zone_says_nothing() -> None:
    assert _column(_LOCAL_COLUMN, "America/New_York", printed_in="Asia/Tokyo") is None
    assert _column(_LOCAL_COLUMN, "UTC", printed_in="Asia/Tokyo") is None


def test_a_report_type_without_time_zones_prints_utc() -> None:
    assert "timezone" not in REPORT_TYPES[_LOCAL_ONLY].parameters
    assert _column(_LOCAL_ONLY, "UTC") == DayColumn("automatic_payout_effective_at", "UTC")
    assert _column(_LOCAL_ONLY, "America/New_York") is None


def test_the_column_must_be_among_those_that_are_asked_for() -> None:
    assert _column(_UTC_COLUMN, "UTC", "net") is None
    assert _column(_UTC_COLUMN, "UTC", "net", "created_utc") == DayColumn("created_utc", "UTC")
    assert _column(_UTC_COLUMN) is not None, "where Stripe decides, it may come"


def test_its_twin_in_local_time_says_the_day_as_well_where_it_alone_is_asked_for() -> None:
    tokyo, asked = "Asia/Tokyo", ("net", "created")
    assert _column(_UTC_COLUMN, "UTC", *asked) == DayColumn("created", "UTC")
    assert _column(_UTC_COLUMN, tokyo, *asked) == DayColumn("created", tokyo)
    assert _column(_UTC_COLUMN, "UTC", *asked, printed_in=tokyo) is None
    assert _column(_UTC_COLUMN, "UTC", *asked, "created_utc") == DayColumn("created_utc", "UTC")


def test_nothing_else_can_be_split() -> None:
    splittable = {
        id_ for id_, report_type in REPORT_TYPES.items() if day_column(report_type, _NOTHING, "UTC", ())
    }
    for id_ in splittable:
        assert ".itemized." in id_, "rows of a summary are sums over the whole range"
        assert REPORT_TYPES[id_].interval == "range"
    assert {_UTC_COLUMN, _LOCAL_COLUMN, _LOCAL_ONLY, "payouts.itemized.3"} <= splittable
    assert not splittable & {
        "balance.summary.1",
        "payouts.summary.1",
        "ending_balance_reconciliation.itemized.4",
        "payout_reconciliation.by_id.itemized.4",
        "tax.transactions.itemized.2",
        "apps.churn_rate.1",
    }


def test_of_an_unknown_report_type_nothing_says_the_day() -> None:
    (unknown,) = select_report_types("brand_new.itemized.1")
    assert day_column(unknown, _NOTHING, "UTC", ()) is None
