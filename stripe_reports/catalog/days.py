"""Days as intervals of Unix seconds, in any IANA time zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import groupby
from zoneinfo import ZoneInfo

from stripe_reports.errors import ConfigurationError, DayError


@dataclass(frozen=True, slots=True)
class Interval:
    """`start` inclusive, `end` exclusive, in Unix seconds, as `interval_start` and `interval_end` are."""

    start: int
    end: int


@cache
def time_zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name. Raises ConfigurationError if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigurationError(
            f"unknown time zone {name!r}; use an IANA name such as 'UTC' or 'Europe/Berlin'"
        ) from None


def is_utc(timezone: str) -> bool:
    """Whether it is a name of UTC; Stripe says `Etc/UTC` (https://docs.stripe.com/reports/api)."""
    return timezone in ("UTC", "Etc/UTC")


def parse_day(text: str) -> date:
    """`YYYY-MM-DD` as a date. Raises DayError for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise DayError(f"{text!r} is not a day; write YYYY-MM-DD")
    return day


def day_interval(day: date, timezone: str = "UTC") -> Interval:
    """From the first instant of the local day to that of the next: 23 or 25 hours where clocks change.

    Raises DayError for a day that its zone skipped (Pacific/Apia had no 2011-12-30).
    """
    zone = time_zone(timezone)
    interval = Interval(_first_instant(day, zone), _first_instant(day + timedelta(days=1), zone))
    if interval.start >= interval.end:
        raise DayError(f"there was no {day} in {timezone}")
    return interval


def days_between(first: date, last: date) -> list[date]:
    """All of them, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def stretches(days: Iterable[date]) -> list[tuple[date, ...]]:
    """The days, each once and sorted, in groups without a gap."""
    numbered = enumerate(sorted(set(days)))
    groups = groupby(numbered, lambda each: each[1] - timedelta(days=each[0]))
    return [tuple(day for _, day in group) for _, group in groups]


def stretch_texts(days: Iterable[date]) -> list[str]:
    """The days as a person reads them: `2026-11-01 to 2026-11-14`, `2026-11-20`."""
    return [str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in stretches(days)]


def newest_complete_day(now: datetime, timezone: str = "UTC") -> date:
    """The newest day whose data Stripe has, by its documented schedule.

    Data of a UTC day is complete by 12:00 UTC of the next one; a day in another time zone reaches into a
    further UTC day and so waits for that one (https://docs.stripe.com/reports/api#data-availability).
    """
    complete_until = datetime.combine((now.astimezone(UTC) - timedelta(hours=12)).date(), time(), UTC)
    zone = time_zone(timezone)
    day = complete_until.astimezone(zone).date()
    while _first_instant(day + timedelta(days=1), zone) > complete_until.timestamp():
        day -= timedelta(days=1)
    return day


def _first_instant(day: date, zone: ZoneInfo) -> int:
    # Where midnight falls into a gap, fold=0 takes the offset before it: that is the instant of the jump.
    return int(datetime.combine(day, time(), zone).timestamp())
