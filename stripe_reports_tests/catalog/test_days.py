"""Days as intervals: local midnights, clock changes included, without gap or overlap."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_reports.catalog import day_interval, days_between, newest_complete_day, parse_day, stretches
from stripe_reports.errors import ConfigurationError, DayError

_ZONES = st.sampled_from(sorted(available_timezones() - {"localtime"}))
_DAYS = st.dates(date(2010, 1, 1), date(2037, 12, 31))


def test_a_utc_day_is_24_hours_from_midnight() -> None:
    interval = day_interval(date(2026, 11, 21))
    assert interval.start == datetime(2026, 11, 21, tzinfo=UTC).timestamp()
    assert interval.end - interval.start == 86400


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Africa/Cairo", date(2026, 4, 24), 23),  # the clock jumps at midnight itself
        ("Asia/Kolkata", date(2026, 3, 29), 24),
    ],
)
def test_days_on_which_clocks_change_are_shorter_or_longer(zone: str, day: date, hours: float) -> None:
    interval = day_interval(day, zone)
    assert (interval.end - interval.start) / 3600 == hours


@given(_ZONES, _DAYS)
def test_days_follow_each_other_without_gap_or_overlap(zone: str, day: date) -> None:
    try:
        today, tomorrow = day_interval(day, zone), day_interval(day + timedelta(days=1), zone)
    except DayError:  # a day that the zone skipped
        return
    assert today.end == tomorrow.start
    assert today.start < today.end


@given(_ZONES, _DAYS)
def test_the_first_instant_of_a_day_reads_as_that_day_and_the_second_before_does_not(
    zone: str, day: date
) -> None:
    try:
        start = day_interval(day, zone).start
    except DayError:
        return
    assert datetime.fromtimestamp(start, ZoneInfo(zone)).date() == day
    assert datetime.fromtimestamp(start - 1, ZoneInfo(zone)).date() < day


def test_a_day_that_its_zone_skipped_is_refused() -> None:
    with pytest.raises(DayError, match="there was no 2011-12-30 in Pacific/Apia"):
        day_interval(date(2011, 12, 30), "Pacific/Apia")


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe"])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="unknown time zone"):
        day_interval(date(2026, 1, 1), name)


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "20260101", "2026-1-1", "2026-01-01T00:00", ""])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(DayError, match="write YYYY-MM-DD"):
        parse_day(text)


@pytest.mark.parametrize(
    ("now", "zone", "newest"),
    [
        ("2026-11-22T13:00", "UTC", "2026-11-21"),
        ("2026-11-22T12:00", "UTC", "2026-11-21"),
        ("2026-11-22T11:59", "UTC", "2026-11-20"),
        ("2026-11-22T13:00", "America/New_York", "2026-11-20"),  # its 21st reaches into the 22nd, UTC
        ("2026-11-22T13:00", "Asia/Tokyo", "2026-11-21"),
        ("2026-11-22T13:00", "Europe/Berlin", "2026-11-21"),
    ],
)
def test_the_newest_complete_day_is_the_newest_that_stripe_has_whole(
    now: str, zone: str, newest: str
) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert newest_complete_day(moment, zone) == date.fromisoformat(newest)


@given(st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1)), _ZONES)  # noqa: DTZ001
def test_the_newest_complete_day_ends_where_stripes_data_ends_or_before(now: datetime, zone: str) -> None:
    moment = now.replace(tzinfo=UTC)
    data_until = (moment - timedelta(hours=12)).replace(hour=0, minute=0, second=0, microsecond=0)
    day = newest_complete_day(moment, zone)
    assert day_interval(day, zone).end <= data_until.timestamp()
    assert day_interval(day + timedelta(days=1), zone).end > data_until.timestamp()


@given(st.lists(st.dates(date(2024, 2, 20), date(2024, 3, 10))))
def test_stretches_are_the_same_days_without_gaps_inside_and_with_gaps_between(days: list[date]) -> None:
    found = stretches(days)
    assert [day for stretch in found for day in stretch] == sorted(set(days))
    assert all(list(stretch) == days_between(stretch[0], stretch[-1]) for stretch in found)
    assert all(one[-1] + timedelta(days=1) < two[0] for one, two in pairwise(found))
