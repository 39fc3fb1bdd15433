"""What became of a day, and how far the whole is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from stripe_reports.catalog import ReportType, stretch_texts
from stripe_reports.errors import StripeReportsError
from stripe_reports.lake import LandedTable
from stripe_reports.stripe_api import ResultFile

if TYPE_CHECKING:
    from stripe_reports.lake import Difference


_MOST_STRETCHES = 5


@dataclass(frozen=True, slots=True)
class LandedDay:
    """Facts about a day that is in the lake: where, what it rests on, and how long it took (seconds)."""

    report_type: ReportType
    day: date
    table: LandedTable
    report_runs: tuple[str, ...]
    """One, which other days may share; or for a report on payouts one for each payout."""
    results: tuple[ResultFile, ...]
    dropped_columns: tuple[str, ...]
    """Asked for, and not known to the account's version of the report."""
    left_out_payouts: tuple[str, ...]
    """Payouts of the day that Stripe does not report on."""
    data_available_end: int
    """Unix seconds: how far Stripe's data went when the day was asked for."""
    totals: Mapping[str, Mapping[str, Decimal]]
    """Of each currency the exact sums of its amounts, by column."""
    adopted: bool
    """Whether all of its report runs were there already."""
    unchanged: bool
    """Whether its table held these results already, and was left as it is."""
    difference: Difference | None
    """From the table that was replaced; None if there was none, or if it could not be compared."""
    waited_seconds: float
    landed_seconds: float


@dataclass(frozen=True, slots=True)
class FailedDay:
    """A day that is in the lake as it was before, or not at all; `error` names report type and day."""

    report_type: ReportType
    day: date
    error: StripeReportsError
    together: tuple[date, ...] = ()
    """All days that failed with this error at once, this one among them."""

    @property
    def line(self) -> str | None:
        """The error, with all these days; None for those after the first, so that each line is there once."""
        days = self.together or (self.day,)
        return self.error.line(_named(days)) if self.day == days[0] else None


@dataclass(frozen=True, slots=True)
class WaitingDay:
    """A day whose data Stripe does not have yet; `error` says how far they go."""

    report_type: ReportType
    day: date
    error: StripeReportsError


@dataclass(frozen=True, slots=True)
class StillPending:
    """The end, with report runs that Stripe has not built yet: `report_runs` of `days` days."""

    days: int
    report_runs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Warned:
    """One line that somebody should see."""

    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of days (of each report type one) and of report runs."""

    days: int
    landed: int
    unchanged: int
    """Of the landed ones."""
    failed: int
    waiting: int
    """For their data."""
    runs_made: int
    runs_adopted: int
    runs_pending: int
    calls_per_second: float
    """What the rate limit is at."""
    slowest_calls_per_second: float
    """What "too fast" had it down to, with this key and in this process."""
    share: float
    """Of the work, from 0 to 1: by report runs rather than days, as one may be for a month of them."""
    seconds: float
    """Since the start."""

    def __str__(self) -> str:
        slowest = self.slowest_calls_per_second
        unchanged = f" ({self.unchanged} unchanged)" if self.unchanged else ""
        partitions = [
            f"{self.landed} of {self.days} partitions landed{unchanged}",
            *([f"{self.failed} failed"] if self.failed else []),
            *([f"{self.waiting} waiting for Stripe's data"] if self.waiting else []),
        ]
        parts = [
            ", ".join(partitions),
            f"report runs: {self.runs_made} created, {self.runs_adopted} adopted,"
            f" {self.runs_pending} pending",
            f"rate limit: {self.calls_per_second:.3g} calls/s"
            + (f" (at its lowest {slowest:.3g})" if slowest < self.calls_per_second else ""),
        ]
        if 0 < self.share < 1:
            parts.append(f"about {_duration(self.seconds / self.share * (1 - self.share))} left")
        return "; ".join(parts)


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def failure_lines(failed: Iterable[FailedDay]) -> list[str]:
    """The errors, each on one line; days of a report type that failed for one reason share a line."""
    groups: dict[tuple[object, ...], list[FailedDay]] = {}
    for each in failed:
        error = each.error
        groups.setdefault((each.report_type.id, type(error), error.what, error.report_run), []).append(each)
    return [group[0].error.line(_named(each.day for each in group)) for group in groups.values()]


def _named(days: Iterable[date]) -> str:
    """Such as `2026-11-01 to 2026-11-14, 2026-11-20`."""
    found = stretch_texts(days)
    more = len(found) - _MOST_STRETCHES
    return ", ".join(found[:_MOST_STRETCHES]) + (f" and {more} more" if more > 0 else "")
