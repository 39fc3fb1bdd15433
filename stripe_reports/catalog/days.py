"""Days as intervals of Unix seconds, in any IANA time zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import groupby
from zoneinfo import ZoneInfo

from stripe_reports.errors import ConfigurationError, DayError


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval in Unix seconds; as in Stripe's parameters, it includes `start` and excludes `end`."""

    start: int
    end: int


@cache
def time_zone(name: str) -> ZoneInfo:
    """Return the IANA time zone of that name. Raises ConfigurationError if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigurationError(
            f"unknown time zone {name!r}; use an IANA name such as 'UTC' or 'Europe/Berlin'"
        ) from None


def is_utc(timezone: str) -> bool:
    """Return whether the name means UTC; Stripe's is `Etc/UTC` (https://docs.stripe.com/reports/api)."""
    return timezone in ("UTC", "Etc/UTC")


def parse_day(text: str) -> date:
    """Return `YYYY-MM-DD` as a date. Raises DayError for any other text."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise DayError(f"{text!r} is not a day; write YYYY-MM-DD")
    return day


def day_interval(day: date, timezone: str = "UTC") -> Interval:
    """Return the interval of the local day, which has 23 or 25 hours when the clocks change.

    Raises DayError for a day that the time zone skipped (Pacific/Apia had no 2011-12-30), and for the last
    day of the calendar.
    """
    zone = time_zone(timezone)
    try:
        interval = Interval(first_instant(day, zone), first_instant(day + timedelta(days=1), zone))
    except OverflowError:
        raise DayError(f"{day} is at the end of the calendar; choose another day") from None
    if interval.start >= interval.end:
        raise DayError(f"there was no {day} in {timezone}")
    return interval


def days_between(first: date, last: date) -> list[date]:
    """Return all days from `first` to `last`, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def stretches(days: Iterable[date]) -> list[tuple[date, ...]]:
    """Return the days, each once and in order, as groups of consecutive days."""
    numbered = enumerate(sorted(set(days)))
    groups = groupby(numbered, lambda each: each[1] - timedelta(days=each[0]))
    return [tuple(day for _, day in group) for _, group in groups]


def stretch_texts(days: Iterable[date]) -> list[str]:
    """Return the days as a person writes them: `2026-11-01 to 2026-11-14`, `2026-11-20`."""
    return [str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in stretches(days)]


def first_instant(day: date, zone: ZoneInfo) -> int:
    """Return the Unix second at which the local day starts."""
    # If the clocks skip midnight, fold=0 takes the offset before the jump: the result is the jump itself.
    return int(datetime.combine(day, time(), zone).timestamp())
