"""The sensor that alerts about report partitions that did not land, and requests them again."""

import logging
import time
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime

import dagster as dg

from stripe_reports.orchestration.failed_runs.again import due_requests
from stripe_reports.orchestration.failed_runs.alert import Alert, alerts_of, post
from stripe_reports.orchestration.failed_runs.broken_books import broken_books
from stripe_reports.orchestration.failed_runs.dagster_runs import (
    attempt_of,
    cursor_of_now,
    failed_runs,
    failures_of,
)
from stripe_reports.orchestration.failed_runs.failure import Failure, Pauses
from stripe_reports.orchestration.failed_runs.memory import Memory, Unsent, Waiting
from stripe_reports.orchestration.failed_runs.report_runs import new_failures, note_failed_runs
from stripe_reports.orchestration.jobs import AssetJob
from stripe_reports.orchestration.names import FAILED_RUNS_SENSOR
from stripe_reports.orchestration.reports import Reports
from stripe_reports.orchestration.resource_parameters import resource_parameters
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource

REQUEST_AGAIN_AFTER = (900.0, 3600.0, 14400.0)
WEBSERVER_URL = "http://127.0.0.1:3000"

_TRIES = 60
"""Evaluations in which an alert is sent again: half an hour."""

# Dagster ends an evaluation after 60 seconds and stores no cursor: its alerts would be sent again.
_READ_SECONDS = 15.0
_ALL_SECONDS = 45.0
_MOST_RUNS = 100


def _now() -> float:
    return time.time()


def failed_runs_sensor(
    reports: Reports,
    job: AssetJob,
    *,
    books: Collection[dg.AssetKey],
    alert_url: str | None,
    alert: Callable[[Alert], None] | None,
    webserver_url: str,
    request_again_after: Sequence[float],
    minimum_interval_seconds: int,
    default_status: dg.DefaultSensorStatus,
) -> dg.SensorDefinition:
    """Return the sensor that alerts about what did not land, and requests it again after a pause."""
    pauses = Pauses(tuple(request_again_after))
    names = reports.names

    @dg.sensor(
        name=names.of(FAILED_RUNS_SENSOR),
        job=job,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=default_status,
        description="Alerts about every report partition that did not land, and requests it again after a"
        " pause.",
    )
    @resource_parameters(names)
    def sensor(
        context: dg.SensorEvaluationContext, stripe: StripeResource, report_lake: ReportLakeResource
    ) -> dg.SensorResult:
        memory = Memory.from_cursor(context.cursor, context.log)
        if memory is None:
            memory = Memory(runs=cursor_of_now(context.instance))
        evaluation = _Evaluation(context.instance, context.log, reports, books, pauses, memory, now=_now())
        failures = [*evaluation.failures_of_runs(), *evaluation.failures_of_report_runs(stripe, report_lake)]
        requests = evaluation.requests()
        evaluation.send(alerts_of(failures, pauses, webserver_url), alert_url, alert)
        skipped = None if requests else dg.SkipReason(evaluation.summary(len(failures)))
        return dg.SensorResult(requests, skip_reason=skipped, cursor=memory.to_cursor(context.log))

    return sensor


class _Evaluation:
    """One evaluation, with `memory` as the one before left it."""

    def __init__(
        self,
        instance: dg.DagsterInstance,
        log: logging.Logger,
        reports: Reports,
        books: Collection[dg.AssetKey],
        pauses: Pauses,
        memory: Memory,
        *,
        now: float,
    ) -> None:
        self._instance = instance
        self._log = log
        self._reports = reports
        self._books = books
        self._pauses = pauses
        self._memory = memory
        self._now = now
        self._began = time.monotonic()

    def failures_of_runs(self) -> Iterator[Failure]:
        """Yield the failures of Dagster runs that need an alert."""
        for number, (run, cursor) in enumerate(failed_runs(self._instance, self._memory.runs), 1):
            yield from self._failures_of(run) if run else ()
            self._memory.runs = cursor
            if number >= _MOST_RUNS or self._seconds >= _READ_SECONDS:
                return

    def failures_of_report_runs(
        self, stripe: StripeResource, report_lake: ReportLakeResource
    ) -> Iterator[Failure]:
        """Yield the failures of report runs that Stripe marked failed and that no Dagster run reports."""
        note_failed_runs(self._memory, self._reports, stripe, report_lake, now=self._now, log=self._log)
        return new_failures(self._memory, self._instance, self._reports, self._pauses, now=self._now)

    def requests(self) -> list[dg.RunRequest]:
        """Return requests for the days that are due now."""
        return due_requests(self._memory, self._instance, self._reports, now=self._now, log=self._log)

    def send(self, alerts: Sequence[Alert], url: str | None, call: Callable[[Alert], None] | None) -> None:
        """Send each alert to the log, to `call` and, with those that were not taken before, to the URL."""
        for alert in alerts:
            self._log.error(alert.text)
            if call:
                self._call(call, alert)
        if url:
            self._memory.unsent += [Unsent(body=alert.body) for alert in alerts]
            self._send(url)

    def summary(self, failures: int) -> str:
        """Return one line for a tick that requests nothing."""
        found = f"{failures} alert{'s' * (failures > 1)}" if failures else "nothing failed"
        waiting = self._memory.waiting
        if not waiting:
            return found
        next_at = datetime.fromtimestamp(min(each.at for each in waiting), UTC)
        return f"{found}; retrying what failed at {next_at:%Y-%m-%d %H:%M} UTC"

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _failures_of(self, run: dg.DagsterRun) -> Iterator[Failure]:
        yield from broken_books(self._instance, run, self._books, self._reports.names.account)
        again: float | None = None
        for failure in failures_of(self._instance, run, self._reports):
            if failure.report_run:
                self._memory.handled_runs[failure.report_run] = self._now
            again = self._pauses.again_at(failure) or again
            if self._pauses.needs_alert(failure):
                yield failure
            else:
                self._log.warning(f"{failure.error} (attempt {failure.attempt}; another follows)")
        if again is not None:
            self._memory.waiting.append(Waiting(at=again, attempt=attempt_of(run) + 1, run_id=run.run_id))

    def _call(self, call: Callable[[Alert], None], alert: Alert) -> None:
        try:
            call(alert)
        except Exception as error:  # noqa: BLE001 - it is the user's, and must not keep other alerts back
            # Not its text, which may hold an address or a password.
            at = traceback.extract_tb(error.__traceback__)[-1]
            self._log.error(
                f"the alert function raised {type(error).__name__} ({at.filename}, line {at.lineno})"
            )

    def _send(self, url: str) -> None:
        unsent, self._memory.unsent = self._memory.unsent, []
        reasons: Counter[str] = Counter()
        for each in unsent:
            if self._seconds >= _ALL_SECONDS:
                self._memory.unsent.append(each)
            elif why := post(url, each.body):
                reasons[why] += 1
                each.tries += 1
                if each.tries < _TRIES:
                    self._memory.unsent.append(each)
                else:
                    self._log.error(f"giving up on an alert after {_TRIES} tries: {each.body.get('text')}")
        for why, number in reasons.items():
            self._log.error(f"{number} alert{'s' * (number > 1)}: {why}; retrying at the next tick")
