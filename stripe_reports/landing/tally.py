"""The outcomes of all days, each counted and reported once."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from threading import Lock

from stripe_reports.catalog import ReportType
from stripe_reports.errors import DataNotAvailableError, StripeReportsError
from stripe_reports.landing.outcome import FailedDay, LandedDay, WaitingDay


class Tally:
    """A count of days by outcome, which reports each day once. Threads may share it."""

    def __init__(
        self,
        asked: Mapping[ReportType, Sequence[date]],
        report: Callable[[LandedDay | FailedDay | WaitingDay], None],
    ) -> None:
        self.days = sum(map(len, asked.values()))
        self.landed = self.unchanged = self.failed = self.waiting = 0
        self.moved_at = time.monotonic()
        """When a day was reported last, on the monotonic clock."""
        self._report = report
        self._left = {report_type: set(days) for report_type, days in asked.items()}
        self._lock = Lock()

    @property
    def left(self) -> int:
        """The number of days that are not reported yet."""
        return self.days - self.landed - self.failed - self.waiting

    def land(self, days: Sequence[LandedDay]) -> None:
        """Report days that have landed."""
        with self._lock:
            for day in days:
                if self._take(day.report_type, day.day):
                    self.landed += 1
                    self.unchanged += day.unchanged
                    self._report(day)

    def fail(self, report_type: ReportType, days: Sequence[date], error: StripeReportsError) -> None:
        """Report days that failed with the same error, or wait for their data."""
        with self._lock:
            for day in days:
                if not self._take(report_type, day):
                    continue
                own = copy.copy(error).at(report_type=report_type.id, day=day)
                own.__cause__ = error.__cause__
                if isinstance(own, DataNotAvailableError) and own.comes:
                    self.waiting += 1
                    self._report(WaitingDay(report_type, day, own))
                else:
                    self.failed += 1
                    self._report(FailedDay(report_type, day, own, tuple(days)))

    def fail_rest(self, error: StripeReportsError) -> None:
        """Report all days that are left as failed."""
        for report_type, days in self._left.items():
            self.fail(report_type, sorted(days), error)

    def _take(self, report_type: ReportType, day: date) -> bool:
        left = self._left[report_type]
        if day not in left:
            return False
        left.discard(day)
        self.moved_at = time.monotonic()
        return True
