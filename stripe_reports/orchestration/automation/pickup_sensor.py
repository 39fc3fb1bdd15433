"""The sensor that lands external report runs: from the Dashboard, other tools, or the submit job."""

import json
import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

import dagster as dg
from pydantic import BaseModel

from stripe_reports.catalog import data_ready_by
from stripe_reports.errors import ReportRunError, StripeReportsError
from stripe_reports.landing import ExternalRun, RefusedRuns, external_run
from stripe_reports.orchestration.automation.cursor import read_cursor
from stripe_reports.orchestration.inbox_events import delivered_runs, known_runs, look_into_inbox
from stripe_reports.orchestration.jobs import AssetJob
from stripe_reports.orchestration.names import PICKUP_SENSOR
from stripe_reports.orchestration.reports import Reports
from stripe_reports.orchestration.resource_parameters import resource_parameters
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource
from stripe_reports.stripe_api import (
    FeedCursor,
    OfferedReportType,
    ReportRun,
    ended_report_runs,
)
from stripe_reports.webhook import SUCCEEDED
from stripe_reports.wording import some

_REASONS_SHOWN = 5
_ENDS_KEPT = 4


class _Cursor(BaseModel):
    """What earlier evaluations have seen."""

    feed: dict[str, Any] | None = None
    asked_at: float = 0.0
    """When Stripe was last asked, in Unix seconds."""
    ends: dict[str, list[tuple[int, int]]] = {}
    """The newest ends of each report type's data, and when each was first seen."""
    handled: list[str] = []
    """Names in the inbox to remove once this cursor is stored."""


@dataclass(frozen=True, slots=True)
class _Pick:
    """A report run, and the days to land from it."""

    report_type: str
    report_run: str
    days: Sequence[date]


def pickup_sensor(
    reports: Reports,
    job: AssetJob,
    *,
    poll_seconds: float,
    look_back_days: float,
    minimum_interval_seconds: int,
    default_status: dg.DefaultSensorStatus,
) -> dg.SensorDefinition:
    """Return the sensor that lands report runs which succeeded and which no Dagster run has created."""
    names = reports.names

    @dg.sensor(
        name=names.of(PICKUP_SENSOR),
        job=job,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=default_status,
        description="Lands report runs that were created in Stripe's Dashboard or by other tools.",
    )
    @resource_parameters(names)
    def pickup(
        context: dg.SensorEvaluationContext, stripe: StripeResource, report_lake: ReportLakeResource
    ) -> dg.SensorResult | dg.SkipReason:
        cursor = read_cursor(_Cursor, context.cursor, context.log)
        kept = look_into_inbox(report_lake, SUCCEEDED, cursor.handled, context.log)
        cursor.handled = list(kept.handled)
        now = time.time()
        polls = not 0 <= now - cursor.asked_at < poll_seconds
        if not kept.bodies and not polls:
            why = f"no new webhook event; Stripe is asked every {poll_seconds:g} s"
            return dg.SensorResult(skip_reason=why, cursor=cursor.model_dump_json())
        runs = delivered_runs(kept, stripe.stripe_account, context.log)
        delivered = {run.id for run in runs}
        try:
            offered = stripe.sensor_account.report_types()
            if polls:
                feed = ended_report_runs(
                    stripe.sensor_account.api,
                    FeedCursor.from_json(cursor.feed),
                    status="succeeded",
                    look_back=look_back_days * 86400,
                )
                runs += feed.runs
                delivered -= {run.id for run in feed.runs}
                cursor.feed, cursor.asked_at = feed.cursor.to_json(), now
        except StripeReportsError as error:
            return dg.SkipReason(f"Stripe is unreachable; retrying at the next tick: {error}")
        # By what earlier evaluations saw: that Stripe has the data now does not say since when.
        refused = _refused(stripe, report_lake, context.log)
        judge = _Judge(reports, offered, cursor.ends, refused)
        picks = _pick(runs, judge, reports, context.instance)
        picked = {pick.report_run for pick in picks} & delivered
        try:
            known = known_runs(
                [run for run in runs if run.id in picked], stripe.sensor_account.api, context.log
            )
        except StripeReportsError as error:
            return dg.SkipReason(f"Stripe is unreachable; retrying at the next tick: {error}")
        if unknown := picked - {run.id for run in known}:
            runs = [run for run in runs if run.id not in unknown]
            judge = _Judge(reports, offered, cursor.ends, refused)
            picks = _pick(runs, judge, reports, context.instance)
        cursor.handled += kept.bodies
        cursor.ends = _seen(reports.report_types, offered, cursor.ends, int(now))
        for reason in judge.reasons[:_REASONS_SHOWN]:
            context.log.info(reason)
        return dg.SensorResult(
            run_requests=_run_requests(reports, picks),
            skip_reason=None if picks else judge.summary(len(runs)),
            cursor=cursor.model_dump_json(),
        )

    return pickup


class _Judge:
    """Decides which report runs land, and remembers why others do not."""

    def __init__(
        self,
        reports: Reports,
        offered: Mapping[str, OfferedReportType],
        ends: Mapping[str, Sequence[tuple[int, int]]],
        refused: RefusedRuns | None,
    ) -> None:
        self.reasons: list[str] = []
        self.not_selected: Counter[str] = Counter()
        self.settled = 0
        """Report runs whose days have all landed or are being landed."""
        self._reports = reports
        self._offered = offered
        self._ends = ends
        self._refused = refused

    def accept(self, run: ReportRun) -> ExternalRun | None:
        """Return the run with its days, if these can land from it."""
        report_type = self._reports.report_types.get(run.report_type)
        offered = self._offered.get(run.report_type)
        if report_type is None or offered is None:
            self.not_selected[run.report_type] += 1
            return None
        try:
            if run.livemode != offered.livemode:
                raise ReportRunError("it is of the other mode (live or test)")
            if run.status != "succeeded" or run.result is None:
                raise ReportRunError("it has no result")
            if self._refused and run.id in self._refused.ids(report_type):
                raise ReportRunError("its file was refused before")
            external = external_run(
                run, report_type, self._reports.requests[run.report_type], offered, self._reports.timezone
            )
            if run.created < self._data_since(external, offered):
                raise ReportRunError("it was created before Stripe was known to have all data of its days")
        except StripeReportsError as error:
            self.reasons.append(f"not landed: {error.at(report_type=run.report_type, report_run=run.id)}")
            return None
        return external

    def summary(self, runs: int) -> str:
        """Return one line for a tick without requests."""
        if not runs:
            return "no report run has succeeded since the last tick"
        parts = [
            *([f"{self.settled} whose days have landed or are being landed"] if self.settled else []),
            *(
                [f"{sum(self.not_selected.values())} of report types not selected"]
                if self.not_selected
                else []
            ),
            *([some(self.reasons, _REASONS_SHOWN, separator="; ")] if self.reasons else []),
        ]
        return f"{runs} report run{'s have' if runs > 1 else ' has'} succeeded: {'; '.join(parts)}"

    def _data_since(self, external: ExternalRun, offered: OfferedReportType) -> float:
        """Return since when, at the latest, Stripe has had all data of its days, in Unix seconds."""
        end = external.interval.end
        report_type = self._reports.report_types[offered.id]
        seen = [at for reached, at in self._ends.get(offered.id, ()) if reached >= end]
        stated = offered.has_had(end)
        return min([data_ready_by(report_type, end), *seen, *([] if stated is None else [stated])])


def _refused(
    stripe: StripeResource, report_lake: ReportLakeResource, log: logging.Logger
) -> RefusedRuns | None:
    """Return the report runs whose files were refused; None if the lake cannot be opened."""
    try:
        return RefusedRuns(report_lake.lake, log.warning, stripe.sensor_account.api.redact)
    except StripeReportsError as error:
        log.warning(f"could not read which report runs were refused: {error}")
        return None


def _seen(
    ids: Iterable[str],
    offered: Mapping[str, OfferedReportType],
    before: Mapping[str, Sequence[tuple[int, int]]],
    now: int,
) -> dict[str, list[tuple[int, int]]]:
    """Return the ends of each report type's data and when they were first seen, the newest first."""
    ends: dict[str, list[tuple[int, int]]] = {}
    for id_ in ids:
        known = list(before.get(id_, ()))
        end = offered[id_].data_available_end if id_ in offered else None
        if end is not None and (not known or end > known[0][0]):
            known.insert(0, (end, now))
        ends[id_] = known[:_ENDS_KEPT]
    return ends


def _pick(
    runs: Iterable[ReportRun], judge: _Judge, reports: Reports, instance: dg.DagsterInstance
) -> list[_Pick]:
    """Return the newest report run for each day that is missing."""
    newest_first = sorted({run.id: run for run in runs}.values(), key=_succeeded_at, reverse=True)
    taken = [external for run in newest_first if (external := judge.accept(run))]
    days: dict[str, set[date]] = {}
    for external in taken:
        days.setdefault(external.run.report_type, set()).update(external.days)
    missing = {id_: set(reports.missing(instance, id_, all_)) for id_, all_ in days.items()}
    picks: list[_Pick] = []
    for external in taken:
        id_ = external.run.report_type
        if own := sorted(missing[id_].intersection(external.days)):
            picks.append(_Pick(id_, external.run.id, own))
            missing[id_].difference_update(own)
        else:
            judge.settled += 1
    return picks


def _succeeded_at(run: ReportRun) -> tuple[int, str]:
    return run.succeeded_at or run.created, run.id


def _run_requests(reports: Reports, picks: Iterable[_Pick]) -> list[dg.RunRequest]:
    """Return the requests: report types with the same days land in one Dagster run, each from one report
    run."""
    rounds: list[dict[str, _Pick]] = []
    for pick in picks:
        free = next((round_ for round_ in rounds if pick.report_type not in round_), None)
        if free is None:
            rounds.append(free := {})
        free[pick.report_type] = pick
    requests: list[dg.RunRequest] = []
    for round_ in rounds:
        report_runs = {id_: pick.report_run for id_, pick in round_.items()}
        digest = sha256(json.dumps(report_runs, sort_keys=True).encode()).hexdigest()[:12]
        requests += reports.run_requests(
            {id_: pick.days for id_, pick in round_.items()},
            name=f"report runs {digest}",
            config={"report_runs": report_runs},
        )
    return requests
