"""The outcome of a day, and the progress of a landing."""

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
from stripe_reports.wording import some

if TYPE_CHECKING:
    from stripe_reports.lake import Difference


_MOST_STRETCHES = 5


@dataclass(frozen=True, slots=True)
class LandedDay:
    """A day that is in the lake: its table, the report runs it rests on, and how long it took (seconds)."""

    report_type: ReportType
    day: date
    table: LandedTable
    report_runs: tuple[str, ...]
    """One run, which other days may share; or for a report on payouts one run for each payout."""
    results: tuple[ResultFile, ...]
    dropped_columns: tuple[str, ...]
    """Columns that were asked for and that the account's version of the report does not know."""
    left_out_payouts: tuple[str, ...]
    """Payouts of the day that Stripe does not report on."""
    data_available_end: int
    """How far Stripe's data reached when the day was asked for (Unix seconds)."""
    totals: Mapping[str, Mapping[str, Decimal]]
    """The exact sums of the amounts, by currency and column."""
    adopted: bool
    """Whether all of its report runs existed before."""
    unchanged: bool
    """Whether its table already held these results, and was left as it was."""
    difference: Difference | None
    """The difference from the table before; None if there was none, or it could not be compared."""
    waited_seconds: float
    landed_seconds: float


@dataclass(frozen=True, slots=True)
class FailedDay:
    """A day that did not land: its table, if any, is as before. `error` names the report type and day."""

    report_type: ReportType
    day: date
    error: StripeReportsError
    together: tuple[date, ...] = ()
    """All days that failed with this error, including this one."""

    @property
    def line(self) -> str | None:
        """The error with all these days; None for all but the first day, so that each line appears once."""
        days = self.together or (self.day,)
        return self.error.line(_named(days)) if self.day == days[0] else None


@dataclass(frozen=True, slots=True)
class WaitingDay:
    """A day whose data Stripe does not have yet; `error` says how far its data reach."""

    report_type: ReportType
    day: date
    error: StripeReportsError


@dataclass(frozen=True, slots=True)
class StillPending:
    """The end of a landing whose last `days` days wait for `report_runs` that Stripe has not built yet."""

    days: int
    report_runs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning of one line."""

    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of days, one for each report type, and of report runs."""

    days: int
    landed: int
    unchanged: int
    """Days among the landed ones whose tables were left as they were."""
    failed: int
    waiting: int
    """Days whose data Stripe does not have yet."""
    runs_made: int
    runs_adopted: int
    runs_pending: int
    calls_per_second: float
    """The rate limit now."""
    slowest_calls_per_second: float
    """The lowest rate limit so far, with this key and in this process."""
    share: float
    """The part of the work that is done, from 0 to 1. It counts stretches, as one may be a month of days."""
    seconds: float
    """Seconds since the start."""

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
    """Return the errors as lines. Days of a report type that failed for the same reason share a line."""
    groups: dict[tuple[object, ...], list[FailedDay]] = {}
    for each in failed:
        error = each.error
        groups.setdefault((each.report_type.id, type(error), error.what, error.report_run), []).append(each)
    return [group[0].error.line(_named(each.day for each in group)) for group in groups.values()]


def _named(days: Iterable[date]) -> str:
    """Return the days as text, such as `2026-11-01 to 2026-11-14, 2026-11-20`."""
    return some(stretch_texts(days), _MOST_STRETCHES)
