"""The outcome of an identity on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from stripe_reports.catalog import EXACT


class Verdict(StrEnum):
    """Whether an identity holds. An identity that could not be checked has not passed."""

    HOLDS = "holds"
    BROKEN = "broken"
    NOT_APPLICABLE = "not_applicable"
    """It says nothing about this day: for example, payouts are manual, or a report is not selected."""
    MISSING = "missing"
    """A table that it needs has not landed."""


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a residual that one reporting category has."""

    reporting_category: str
    expected: Decimal
    actual: Decimal

    @property
    def residual(self) -> Decimal:
        """The actual less the expected amount."""
        return EXACT.subtract(self.actual, self.expected)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row to look at."""

    why: str
    """The reason, such as `only in payouts_itemized_3`, `twice`, `net is not gross - fee`."""
    table: str
    day: date
    id: str
    """The id of the balance transaction or payout; empty if the table has no ids."""
    reporting_category: str
    expected: Decimal | None = None
    actual: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an identity on a day, in one currency: in major units, or in rows if it counts them.

    The currency is "" if it is null in the tables, or if the outcome concerns no particular currency (a day
    without any rows, a table that has not landed).
    """

    identity: str
    """The name of the identity, such as `balance_adds_up`."""
    day: date
    currency: str
    verdict: Verdict
    expected: Decimal | None
    """None if nothing could be compared. If a broken identity has several equations, this and `actual` are
    those of the equation that is furthest off."""
    actual: Decimal | None
    reason: str
    """Why the identity is not applicable, or what is missing; if it is broken, which equation, by how much,
    and why if that is known. Empty if it holds."""
    suspects: tuple[Suspect, ...] = ()
    """The first rows to look at, if the identity is broken."""
    suspect_count: int = 0
    """The number of all rows to look at."""
    shares: tuple[Share, ...] = ()
    """The reporting categories that differ, if the identity is broken."""

    @property
    def residual(self) -> Decimal | None:
        """The actual less the expected amount."""
        if self.expected is None or self.actual is None:
            return None
        return EXACT.subtract(self.actual, self.expected)
