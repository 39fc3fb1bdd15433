"""Report runs whose files did not fit. The lake remembers them, and they are not used again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from threading import Lock

from stripe_reports import __version__
from stripe_reports.catalog import ReportType
from stripe_reports.errors import StripeReportsError
from stripe_reports.lake import Lake
from stripe_reports.landing.unexpected import error_of

_FOLDER = "refused"
_REMEMBERED_SECONDS = 30 * 86400.0
_MOST_REMEMBERED = 500


@dataclass(frozen=True, slots=True)
class Refusal:
    """A report run whose file did not fit the day that was to land from it, and why."""

    report_run: str
    day: str
    reason: str
    package_version: str
    refused_at: float
    """Unix seconds."""


class RefusedRuns:
    """The refused report runs of each report type, in `<lake>/_refused/<table>.json`. Threads may share it.

    Only the refusals of this version of the package count, because another version may read what this one
    refuses. A refusal is forgotten after thirty days, when no report run is adopted any more. If the lake
    cannot be read or written, there is a warning, and the report run may be used, and refused, once more.
    """

    def __init__(self, lake: Lake, warn: Callable[[str], None], redact: Callable[[str], str]) -> None:
        self._lake = lake
        self._warn = warn
        self._redact = redact
        self._known: dict[str, list[Refusal]] = {}
        self._lock = Lock()

    def ids(self, report_type: ReportType) -> frozenset[str]:
        """Return the ids of the report runs of this report type that must not be used."""
        return frozenset(each.report_run for each in self._of(report_type))

    def of_day(self, report_type: ReportType, day: date) -> Sequence[Refusal]:
        """Return the refusals of report runs for this day, oldest first."""
        return [each for each in self._of(report_type) if each.day == day.isoformat()]

    def add(self, report_type: ReportType, day: date, report_run: str, reason: str) -> None:
        """Remember that the file of this report run does not fit."""
        own = Refusal(report_run, day.isoformat(), reason[:500], __version__, time.time())
        with self._lock:
            try:
                kept = [each for each in self._read(report_type) if each.report_run != report_run]
                kept = [*kept, own][-_MOST_REMEMBERED:]
                self._known[report_type.id] = kept
                body = json.dumps({"refused": [asdict(each) for each in kept]}, indent=1).encode()
                self._lake.documents.put(_FOLDER, f"{report_type.table}.json", body)
            except Exception as raised:  # noqa: BLE001 - the day has failed already, for its own reason
                self._warn_of("could not note that its file was refused", report_run, raised)

    def _of(self, report_type: ReportType) -> list[Refusal]:
        with self._lock:
            if report_type.id not in self._known:
                self._known[report_type.id] = []
                try:
                    self._known[report_type.id] = self._read(report_type)
                except Exception as raised:  # noqa: BLE001
                    self._warn_of("could not read which report runs were refused", report_type.id, raised)
            return self._known[report_type.id]

    def _read(self, report_type: ReportType) -> list[Refusal]:
        body = self._lake.documents.read(_FOLDER, f"{report_type.table}.json")
        try:
            refusals = [Refusal(**each) for each in json.loads(body)["refused"]] if body else []
            since = time.time() - _REMEMBERED_SECONDS
            return [
                each for each in refusals if each.package_version == __version__ and each.refused_at >= since
            ]
        except (ValueError, TypeError, KeyError):  # damaged: as if there were none
            return []

    def _warn_of(self, what: str, about: str, raised: Exception) -> None:
        error: StripeReportsError = error_of(raised, self._redact)
        self._warn(f"{about}: {what}: {error}")
