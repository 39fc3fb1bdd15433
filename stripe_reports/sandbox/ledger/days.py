"""Days of the ledger: UTC, as dates and as Unix seconds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

DAY = 86400


def midnight(day: date) -> int:
    """The first second of the UTC day."""
    return (day - date(1970, 1, 1)).days * DAY


def day_of(instant: int) -> date:
    """The UTC day that the instant is in."""
    return datetime.fromtimestamp(instant, UTC).date()


def days(first: date, last: date) -> Iterator[date]:
    """From `first` to `last`, both inclusive; none if `last` is earlier."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
