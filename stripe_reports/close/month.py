"""A calendar month of days."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

from stripe_reports.catalog import days_between, parse_day


@dataclass(frozen=True, slots=True)
class Month:
    """The month that a day lies in."""

    first: date
    """Its first day, or that of an account that began in it."""

    FORMAT: ClassVar = "%Y-%m"

    @classmethod
    def parse(cls, text: str) -> Month:
        """That of `2026-10`. Raises DayError for anything else."""
        return cls(parse_day(f"{text}-01"))

    @classmethod
    def of(cls, day: date) -> Month:
        """That of the day."""
        return cls(day.replace(day=1))

    def __str__(self) -> str:
        return self.first.strftime(self.FORMAT)

    @property
    def last(self) -> date:
        """Its last day."""
        return self.first.replace(day=monthrange(self.first.year, self.first.month)[1])

    @property
    def days(self) -> Sequence[date]:
        """All of them."""
        return days_between(self.first, self.last)

    @property
    def day_before(self) -> date:
        """On whose evening the opening balance stands."""
        return self.first - timedelta(days=1)

    @property
    def day_after(self) -> date:
        """On whose morning the closing balance stands."""
        return self.last + timedelta(days=1)
