"""How far the data of a report type goes, and what happens to a run that asks for more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stripe_reports.catalog import ReportType
from stripe_reports.sandbox.faults import Fault, Faults, Occasion
from stripe_reports.sandbox.http.run_parameters import Checked, check
from stripe_reports.sandbox.reports import utc_stamp


def moved_back(end: int, start: int, fault: Fault | None) -> int:
    """Return where the data ends with that `late` fault, or without one."""
    return end if fault is None else max(start, end - int(fault["seconds"]))


class Lateness:
    """The reported `start` and `end` of a report type's data; a `late` fault moves the end back."""

    def __init__(self, report_type: ReportType, start: int, end: int, faults: Faults) -> None:
        self._report_type = report_type
        self._usual_end = end
        self._fault = faults.take("late", Occasion(report_type.id))
        self.start = start
        self.end = moved_back(end, start, self._fault)

    def check(self, given: Mapping[str, Any]) -> tuple[Checked, str | None]:
        """Return the checked request, and the error of its run if the run will fail. Raises Refusal."""
        if self._fault is None or self._fault["beyond"] == "refused":
            return check(self._report_type, given, self.start, self.end), None
        checked = check(self._report_type, given, self.start, self._usual_end)
        query = checked.query
        if query.end <= self.end:
            return checked, None
        if self._fault["beyond"] == "failed":
            stamp = utc_stamp(self.end)
            return checked, f"Data for the report type {self._report_type.id} ends at {stamp} UTC."
        short = replace(query, start=min(query.start, self.end), end=self.end, known_until=self.end)
        return replace(checked, query=short), None
