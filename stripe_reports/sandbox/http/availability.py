"""How far the data of each report type goes, and an event each time that it moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from stripe_reports.catalog import ReportType
from stripe_reports.sandbox.faults import Faults, Occasion
from stripe_reports.sandbox.http import report_type as types
from stripe_reports.sandbox.http.event import Events
from stripe_reports.sandbox.http.late import Lateness, moved_back
from stripe_reports.sandbox.http.report_type import AccountReportTypes


class Availability:
    """The end of each report type's data. A new end adds an event `reporting.report_type.updated`.

    The end moves as time passes, and when a `late` fault is added or removed; a fault that strikes only
    sometimes does not move it. Like report runs, it is updated when it is read. The end at the start is not a
    move. Stripe delivers this event to endpoints that select it by name. Whether Stripe also lists it is not
    documented; the sandbox does.
    """

    def __init__(
        self,
        *,
        report_types: AccountReportTypes,
        start: int,
        end: Callable[[ReportType], int],
        faults: Faults,
        events: Events,
        now: Callable[[], float],
    ) -> None:
        self._livemode = report_types.livemode
        self._start = start
        self._end = end
        self._faults = faults
        self._events = events
        self._now = now
        self._types = report_types.listed()
        self._ends = {each.id: self._settled_end(each) for each in self._types}
        self._updated: dict[str, int] = {}
        self._settling = Lock()

    def lateness(self, report_type: ReportType) -> Lateness:
        """Return how far the report type's data goes now. This counts as an occasion for `late` faults."""
        return Lateness(report_type, self._start, self._end(report_type), self._faults)

    def as_object(self, report_type: ReportType) -> dict[str, Any]:
        """Return Stripe's object of the report type as it is now."""
        self._settle([report_type])
        return self._object(report_type, self.lateness(report_type).end)

    def settle(self) -> None:
        """Add the events of everything that has moved since the last call."""
        self._settle(self._types)

    def _settle(self, report_types: Sequence[ReportType]) -> None:
        with self._settling:
            for report_type in report_types:
                end = self._settled_end(report_type)
                if end != self._ends[report_type.id]:
                    self._ends[report_type.id] = end
                    self._updated[report_type.id] = moved = int(self._now())
                    obj = self._object(report_type, end)
                    self._events.add("reporting.report_type.updated", moved, obj)

    def _settled_end(self, report_type: ReportType) -> int:
        fault = self._faults.standing("late", Occasion(report_type.id))
        return moved_back(self._end(report_type), self._start, fault)

    def _object(self, report_type: ReportType, end: int) -> dict[str, Any]:
        updated = self._updated.get(report_type.id)
        return types.as_object(
            report_type, start=self._start, end=end, updated=updated, livemode=self._livemode
        )
