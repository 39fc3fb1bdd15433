"""The sensor of failed runs over one instance, as Dagster evaluates it, with a clock that can be moved."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stripe_reports import (
    StripeReports,
)
from stripe_reports.orchestration.failed_runs import sensor as failed_runs
from stripe_reports_tests.orchestration.conftest import START
from stripe_reports_tests.orchestration.support import range_tags
from stripe_reports_tests.scripted_server import Answer, ScriptedServer

MINUTE, HOUR = 60.0, 3600.0


class Watch:
    """What the sensor requests is run by `run`, and what it posts is in `posted`."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        instance: dg.DagsterInstance,
        resources: dict[str, Any],
        server: ScriptedServer,
    ) -> None:
        self.instance = instance
        self.resources = resources
        self.server = server
        self.select = "balance.summary.1"
        self.settings: dict[str, Any] = {"alert_url": f"{server.base}/alert"}
        self.cursor: str | None = None
        self.lines: list[str] = []
        """What the last evaluation logged."""
        self.skipped: str | None = None
        """Why it requested nothing."""
        self._ahead = 0.0
        self.lake = Path(resources["report_lake"].uri)
        monkeypatch.setattr(failed_runs, "_now", lambda: time.time() + self._ahead)
        server.answers("POST", "/alert", Answer(b"ok"))

    def begin(self, select: str = "balance.summary.1", **settings: Any) -> Watch:
        """The first evaluation, from which on failures count."""
        self.select = select
        self.settings |= settings
        assert self.evaluate() == []
        return self

    def after(self, seconds: float) -> Watch:
        """Let the sensor's clock be so far ahead of the one by which runs fail, which is right."""
        self._ahead = seconds
        return self

    @property
    def posted(self) -> list[dict[str, Any]]:
        """All alerts so far."""
        return [json.loads(asked.body) for asked in self.server.asked_for("POST", "/alert")]

    def new_alerts(self) -> list[dict[str, Any]]:
        """Those of one evaluation, which requests nothing."""
        before = len(self.posted)
        assert self.evaluate() == []
        return self.posted[before:]

    def evaluate(self) -> list[dg.RunRequest]:
        """One tick; returns what it requests."""
        definitions = self._definitions
        sensor = definitions.resolve_sensor_def("stripe_reports_failed_runs")
        self.lines = []
        kept = logging.Handler()
        kept.emit = lambda record: self.lines.append(record.getMessage())  # type: ignore[method-assign]
        with dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, definitions=definitions, resources=self.resources
        ) as context:
            context.log.addHandler(kept)
            done = sensor.evaluate_tick(context)
        self.cursor = done.cursor
        self.skipped = done.skip_message
        assert not any("\n" in line for line in self.lines)
        return list(done.run_requests or ())

    def land(self, *days: date, **more: Any) -> dg.ExecuteInProcessResult:
        """A run of the job for these days."""
        one = {"partition_key": str(days[0])} if len(days) == 1 else {}
        tags = {**(range_tags(days) if len(days) > 1 else {}), **more.pop("tags", {})}
        job = self._definitions.resolve_job_def("stripe_reports")
        return job.execute_in_process(instance=self.instance, raise_on_error=False, tags=tags, **one, **more)

    def run(self, requests: Sequence[dg.RunRequest]) -> list[dg.ExecuteInProcessResult]:
        """What the sensor requested."""
        job = self._definitions.resolve_job_def("stripe_reports")
        return [
            job.execute_in_process(
                instance=self.instance,
                raise_on_error=False,
                partition_key=request.partition_key,
                tags=dict(request.tags),
                asset_selection=list(request.asset_selection or ()),
            )
            for request in requests
        ]

    @property
    def _definitions(self) -> dg.Definitions:
        reports = StripeReports(self.select, start_date=START)
        return dg.Definitions(
            assets=reports.assets,
            jobs=[reports.job],
            sensors=[reports.failed_runs_sensor(**self.settings)],
            resources=self.resources,
        )
