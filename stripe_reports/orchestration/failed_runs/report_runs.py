"""Report runs that Stripe has marked failed, and that no Dagster run reports."""

import logging
from collections.abc import Iterator, Sequence
from datetime import date

import dagster as dg

from stripe_reports.catalog import days_between
from stripe_reports.errors import ReportRunError, StripeReportsError
from stripe_reports.landing import whole_days
from stripe_reports.orchestration.failed_runs.dagster_runs import failed_attempts
from stripe_reports.orchestration.failed_runs.failure import Failure, Pauses, kind_of
from stripe_reports.orchestration.failed_runs.memory import Memory, OpenRun, Waiting
from stripe_reports.orchestration.inbox_events import delivered_runs, known_runs, look_into_inbox
from stripe_reports.orchestration.reports import Reports
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource
from stripe_reports.stripe_api import FeedCursor, ReportRun, ended_report_runs, redact
from stripe_reports.webhook import FAILED

_ASK_EVERY = 60.0
_LOOK_BACK = 300.0
_MOST_CALLS = 2
_OPEN_FOR = 86400.0
_TOLD_FOR = 4 * 86400.0
"""Stripe delivers an event for three days (https://docs.stripe.com/webhooks#retries)."""
_CLOCKS_DIFFER = 300.0


def note_failed_runs(
    memory: Memory,
    reports: Reports,
    stripe: StripeResource,
    report_lake: ReportLakeResource,
    *,
    now: float,
    log: logging.Logger,
) -> None:
    """Note the report runs that failed since, from the inbox and, once a minute, from Stripe's events."""
    memory.handled_runs = {id_: at for id_, at in memory.handled_runs.items() if now - at < _TOLD_FOR}
    for run in (*_from_inbox(memory, stripe, report_lake, log), *_from_stripe(memory, stripe, now, log)):
        if run.id in memory.handled_runs:
            continue
        memory.handled_runs[run.id] = now
        named = " ".join(filter(None, (reports.names.account, run.report_type)))
        place = f"{named} (report run {run.id})"
        if run.report_type not in reports.report_types:
            log.info(f"{place}: Stripe marked it failed; its report type is not selected")
            continue
        try:
            _, days = whole_days(run, reports.report_types[run.report_type], reports.timezone)
        except ReportRunError as ragged:
            log.warning(f"{place}: Stripe marked it failed; {ragged}, so no day is requested again")
            continue
        why = redact(run.error or "Stripe gives no reason", stripe.api_key)
        error = f"Stripe marked it failed: {why}; no Dagster run was waiting for it"
        memory.open.append(
            OpenRun(
                report_run=run.id,
                report_type=run.report_type,
                first=days[0],
                last=days[-1],
                created=run.created,
                error=error,
                since=now,
            )
        )


def new_failures(
    memory: Memory, instance: dg.DagsterInstance, reports: Reports, pauses: Pauses, *, now: float
) -> Iterator[Failure]:
    """Yield the missing days of such report runs, each once, and note a request for them.

    A day that has landed, or that a Dagster run is landing, is not missing. A day at which a Dagster run or
    another such report run has failed since was reported then. Report runs whose days are not missing are
    kept for a day, because the Dagster run may fail.
    """
    looked_at, memory.open = memory.open, []
    reported = _reported_days(memory) if looked_at else set()
    for each in looked_at:
        if each.report_type not in reports.report_types:
            continue
        missing = reports.missing(instance, each.report_type, days_between(each.first, each.last))
        if not missing:
            memory.open += [each] if now - each.since < _OPEN_FOR else []
            continue
        key, made_at = reports.key(each.report_type), each.created - _CLOCKS_DIFFER
        attempts = failed_attempts(instance, key, map(str, missing))
        by_dagster = {day for day, attempt in attempts.items() if attempt.ended_at >= made_at}
        new = [
            day for day in missing if str(day) not in by_dagster and (each.report_type, day) not in reported
        ]
        reported.update((each.report_type, day) for day in new)
        failures = [_failure(each, day, key, reports.names.account, now) for day in new]
        if failures and (at := pauses.again_at(failures[0])) is not None:
            run = {"report_run": each.report_run, "report_type": each.report_type}
            memory.waiting.append(
                Waiting(at=at, attempt=1, since=made_at, first=each.first, last=each.last, **run)
            )
        yield from failures


def _reported_days(memory: Memory) -> set[tuple[str, date]]:
    """Return the days of other failed report runs, which wait for their next request."""
    waiting = [each for each in memory.waiting if each.run_id is None]
    return {(each.report_type, day) for each in waiting for day in days_between(each.first, each.last)}


def _failure(each: OpenRun, day: date, key: dg.AssetKey, account: str | None, now: float) -> Failure:
    error = ReportRunError(each.error, report_type=each.report_type, day=day, report_run=each.report_run)
    error.at(account=account)
    return Failure(
        account=account,
        report_type=each.report_type,
        partition=str(day),
        asset_key=key.to_user_string(),
        kind=kind_of(error),
        error=str(error),
        report_run=each.report_run,
        run_id=None,
        failed_at=now,
    )


def _from_stripe(
    memory: Memory, stripe: StripeResource, now: float, log: logging.Logger
) -> Sequence[ReportRun]:
    if 0 <= now - memory.asked_at < _ASK_EVERY:
        return ()
    memory.asked_at = now
    try:
        ended = ended_report_runs(
            stripe.sensor_account.api,
            FeedCursor.from_json(memory.feed),
            status="failed",
            look_back=_LOOK_BACK,
            most_calls=_MOST_CALLS,
        )
    except StripeReportsError as error:
        log.warning(f"could not read failed report runs from Stripe; retrying in a minute: {error}")
        return ()
    memory.feed = ended.cursor.to_json()
    return ended.runs


def _from_inbox(
    memory: Memory, stripe: StripeResource, report_lake: ReportLakeResource, log: logging.Logger
) -> Iterator[ReportRun]:
    kept = look_into_inbox(report_lake, FAILED, memory.handled, log)
    memory.handled = list(kept.handled)
    live = stripe.api_key[2:8] == "_live_"
    failed: list[ReportRun] = []
    for run in delivered_runs(kept, stripe.stripe_account, log):
        if run.status != "failed" or run.livemode is not live:
            log.info(
                f"report run {run.id} is ignored: it is {run.status}, or of the other mode (live or test)"
            )
        else:
            failed.append(run)
    try:
        known = known_runs(failed, stripe.sensor_account.api, log) if failed else []
    except StripeReportsError as error:
        log.warning(f"could not look up failed report runs at Stripe; retrying at the next tick: {error}")
        return
    memory.handled += kept.bodies
    yield from known
