"""A calendar month."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

from stripe_reports.catalog import days_between, parse_day


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month, or the part of it from an account's first day on."""

    first: date
    """The first day of the month, or of an account that began in it."""

    FORMAT: ClassVar = "%Y-%m"

    @classmethod
    def parse(cls, text: str) -> Month:
        """Return the month of a text such as `2026-10`. Raises DayError for any other text."""
        return cls(parse_day(f"{text}-01"))

    @classmethod
    def of(cls, day: date) -> Month:
        """Return the month of a day."""
        return cls(day.replace(day=1))

    def __str__(self) -> str:
        return self.first.strftime(self.FORMAT)

    @property
    def last(self) -> date:
        """The last day."""
        return self.first.replace(day=monthrange(self.first.year, self.first.month)[1])

    @property
    def days(self) -> Sequence[date]:
        """All days."""
        return days_between(self.first, self.last)

    @property
    def day_before(self) -> date:
        """The day that ends with the opening balance."""
        return self.first - timedelta(days=1)

    @property
    def day_after(self) -> date:
        """The day that starts with the closing balance."""
        return self.last + timedelta(days=1)
