"""The days of the ledger in UTC, as dates and as Unix seconds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

DAY = 86400


def midnight(day: date) -> int:
    """Return the first second of the UTC day."""
    return (day - date(1970, 1, 1)).days * DAY


def day_of(instant: int) -> date:
    """Return the UTC day of the instant."""
    return datetime.fromtimestamp(instant, UTC).date()


def days(first: date, last: date) -> Iterator[date]:
    """Yield the days from `first` to `last`, both included; none if `last` is earlier."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
