"""New requests for days that failed, once their pause is over."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from hashlib import sha256

import dagster as dg

from stripe_reports.catalog import days_between, parse_day
from stripe_reports.orchestration.failed_runs.dagster_runs import (
    ATTEMPT,
    ATTEMPT_AFTER,
    failed_attempts,
    failures_of,
)
from stripe_reports.orchestration.failed_runs.failure import Kind
from stripe_reports.orchestration.failed_runs.memory import Memory, Waiting
from stripe_reports.orchestration.reports import Reports

_MOST_SECONDS = 10.0

_Days = dict[str, set[date]]
"""By report type."""


def due_requests(
    memory: Memory,
    instance: dg.DagsterInstance,
    reports: Reports,
    *,
    now: float,
    log: logging.Logger,
) -> list[dg.RunRequest]:
    """Return requests for the days that are due and still missing.

    Each day is requested once, as the attempt after its newest failure. Days for which there is no time stay
    due.
    """
    due = sorted((each for each in memory.waiting if each.at <= now), key=lambda each: each.at)
    memory.waiting = [each for each in memory.waiting if each.at > now]
    wanted: defaultdict[tuple[int, Kind], _Days] = defaultdict(lambda: defaultdict(set))
    began, ids = time.monotonic(), sha256()
    for each in due:
        if time.monotonic() - began >= _MOST_SECONDS:
            memory.waiting.append(each)
            continue
        ids.update(f"{each.run_id} {each.report_run}\n".encode())
        for kind, report_type, days in _failed(each, instance, reports, log):
            wanted[each.attempt, kind][report_type] |= _missing(each, report_type, days, instance, reports)
    return [
        request
        for (attempt, kind), days in _each_day_once(wanted)
        for request in reports.run_requests(
            days,
            name=f"again {ids.hexdigest()[:16]} attempt {attempt} after {kind.value}",
            tags={ATTEMPT: str(attempt), ATTEMPT_AFTER: kind.value},
        )
    ]


def _failed(
    waiting: Waiting, instance: dg.DagsterInstance, reports: Reports, log: logging.Logger
) -> Iterator[tuple[Kind, str, set[date]]]:
    if waiting.run_id is None:
        if waiting.report_type in reports.report_types:
            yield Kind.REPORT_RUN_FAILED, waiting.report_type, set(days_between(waiting.first, waiting.last))
        return
    run = instance.get_run_by_id(waiting.run_id)
    if run is None:
        log.warning(f"run {waiting.run_id} is deleted; the days it did not land are not requested again")
        return
    found: defaultdict[tuple[Kind, str], set[date]] = defaultdict(set)
    for failure in failures_of(instance, run, reports):
        if failure.kind.passes and failure.partition:
            found[failure.kind, failure.report_type].add(parse_day(failure.partition))
    for (kind, report_type), days in found.items():
        yield kind, report_type, days


def _missing(
    waiting: Waiting,
    report_type: str,
    days: set[date],
    instance: dg.DagsterInstance,
    reports: Reports,
) -> set[date]:
    """Return the days that are still missing, without those at which a later run has failed: that run's
    failure has its own attempts."""
    missing = reports.missing(instance, report_type, days)
    later = {
        day
        for day, attempt in failed_attempts(instance, reports.key(report_type), map(str, missing)).items()
        if attempt.run_id != waiting.run_id and attempt.ended_at >= waiting.since
    }
    return {day for day in missing if str(day) not in later}


def _each_day_once(wanted: dict[tuple[int, Kind], _Days]) -> Iterator[tuple[tuple[int, Kind], _Days]]:
    """Yield each day in its latest attempt only."""
    taken: set[tuple[str, date]] = set()
    for group, wanted_days in sorted(wanted.items(), reverse=True):
        days = {
            report_type: {day for day in own if (report_type, day) not in taken}
            for report_type, own in wanted_days.items()
        }
        taken |= {(report_type, day) for report_type, own in days.items() for day in own}
        yield group, days
