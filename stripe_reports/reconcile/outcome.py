"""What came of an identity on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from stripe_reports.catalog import EXACT


class Verdict(StrEnum):
    """Whether an identity holds. What could not be held against anything has not passed."""

    HOLDS = "holds"
    BROKEN = "broken"
    NOT_APPLICABLE = "not_applicable"
    """It says nothing of this day, as where payouts are manual, or where a report is not selected."""
    MISSING = "missing"
    """A table that it needs has not landed."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one reporting category has of a residual."""

    reporting_category: str
    expected: Decimal
    actual: Decimal

    @property
    def residual(self) -> Decimal:
        """Actual less expected."""
        return EXACT.subtract(self.actual, self.expected)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row to look at."""

    why: str
    """Such as `only in payouts_itemized_3`, `twice`, `net is not gross - fee`."""
    table: str
    day: date
    id: str
    """Of the balance transaction or payout; empty where the table has no ids."""
    reporting_category: str
    expected: Decimal | None = None
    actual: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """An identity on a day, in one currency: in major units, or in rows where the identity counts them.

    A currency that is null in the tables is "", as is that of an outcome of no currency in particular (a day
    without any rows, a table that has not landed).
    """

    identity: str
    """`I1` to `I12`."""
    day: date
    currency: str
    verdict: Verdict
    expected: Decimal | None
    """None where nothing could be held against anything; of a broken identity with several equations, those
    of the equation that is furthest off."""
    actual: Decimal | None
    reason: str
    """Why it is not applicable or what is missing; of a broken one, which equation, by how much, and why if
    that is known. Empty where it holds."""
    suspects: tuple[Suspect, ...] = ()
    """The first rows to look at, of a broken one."""
    suspect_count: int = 0
    """How many there are."""
    shares: tuple[Share, ...] = ()
    """Of a broken one, the reporting categories that differ."""

    @property
    def residual(self) -> Decimal | None:
        """Actual less expected."""
        if self.expected is None or self.actual is None:
            return None
        return EXACT.subtract(self.actual, self.expected)
