"""Existing report runs, found by what they were asked for."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from hashlib import sha256
from threading import Lock
from typing import Self
from uuid import uuid4

from stripe_reports.landing.settings import LandingSettings
from stripe_reports.stripe_api import ReportRun, RunParameters, request_text


class MadeRuns:
    """Report runs by report type and parameters, whoever made them. Threads may share this object."""

    def __init__(self, *, fresh: str | None = None) -> None:
        self._fresh = fresh
        self._runs: defaultdict[str, dict[str, ReportRun]] = defaultdict(dict)
        self._lock = Lock()

    @classmethod
    def under(cls, settings: LandingSettings) -> Self:
        """Return an empty collection. New runs get a name of their own where no existing run may be used."""
        return cls(fresh=settings.fresh or (None if settings.adopt_within else uuid4().hex))

    @property
    def adopts(self) -> bool:
        """Whether runs that somebody else has made may be used."""
        return self._fresh is None

    def found(self, runs: Iterable[ReportRun]) -> None:
        """Remember these runs."""
        for run in runs:
            self.made(run, run.parameters)

    def made(self, run: ReportRun, parameters: RunParameters) -> None:
        """Remember this run as the answer to these parameters."""
        asked_for = request_text(run.report_type, parameters)
        with self._lock:
            self._runs[asked_for].setdefault(run.id, run)

    def equal(self, report_type: str, parameters: RunParameters) -> list[ReportRun]:
        """Return the runs that were asked for the same, newest first."""
        with self._lock:
            found = list(self._runs[request_text(report_type, parameters)].values())
        return sorted(found, key=lambda run: run.created, reverse=True)

    def idempotency_key(self, report_type: str, parameters: RunParameters, number: int) -> str:
        """Return the key for the run of that number with these parameters. It is the same for all who ask."""
        asked = json.dumps([request_text(report_type, parameters), number, self._fresh])
        return f"stripe_reports-{sha256(asked.encode()).hexdigest()}"
