"""The sensor that lands report runs made elsewhere: in the Dashboard, by other tools, by `submit`."""

import json
import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import BaseModel

from stripe_reports.catalog import data_ready_by
from stripe_reports.errors import ReportRunError, StripeReportsError
from stripe_reports.landing import ExternalRun, RefusedRuns, ReportRequest, external_run
from stripe_reports.orchestration.assets import requests_by_id
from stripe_reports.orchestration.cursor import read_cursor
from stripe_reports.orchestration.inbox import SUCCEEDED, delivered_runs, known_runs, look_into_inbox
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource
from stripe_reports.orchestration.watched import WatchedReports
from stripe_reports.stripe_api import (
    FeedCursor,
    OfferedReportType,
    ReportRun,
    ended_report_runs,
)

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

SENSOR_NAME = "stripe_reports_pickup"

_REASONS_TOLD = 5
_ENDS_KEPT = 4


class _Cursor(BaseModel):
    """What the evaluations before have seen."""

    feed: dict[str, Any] | None = None
    asked_at: float = 0.0
    """When Stripe was last asked, in Unix seconds."""
    ends: dict[str, list[tuple[int, int]]] = {}
    """Of each report type the newest ends of its data, and when each was first seen."""
    handled: list[str] = []
    """What of the inbox has been acted upon, and may go now that this is stored."""


@dataclass(frozen=True, slots=True)
class _Pick:
    """A report run, and the days that are to land from it."""

    report_type: str
    report_run: str
    days: Sequence[date]


def build_stripe_reports_pickup_sensor(
    assets: Sequence[dg.AssetsDefinition],
    job: "UnresolvedAssetJobDefinition",
    *,
    requests: Mapping[str, ReportRequest] | None = None,
    poll_seconds: float = 60.0,
    look_back_days: float = 7.0,
    minimum_interval_seconds: int = 10,
    default_status: dg.DefaultSensorStatus = dg.DefaultSensorStatus.STOPPED,
    name: str = SENSOR_NAME,
) -> dg.SensorDefinition:
    """Lands report runs that succeeded and that no Dagster run has made, without a new one.

    Stripe's events are read every `poll_seconds`, or its list of report runs where the key may not read
    events; first those of the last `look_back_days`. What the webhook receiver has kept is looked at every
    `minimum_interval_seconds`. A report run is taken if it is of one day of the partitions, or of several and
    can be split; its columns may differ. Of several for one day, the newest counts. Days that have landed, or
    that a run is at, stay as they are. Why others are not taken is in the tick.

    A report run must have been made when Stripe had all data of its days: after the documented delay, or
    after it was seen that they are there. `requests` are those of `build_stripe_report_assets`. It needs the
    resources `stripe` and `report_lake`. Raises ConfigurationError for what makes no sense.
    """
    watched = WatchedReports(assets)
    asked_for = requests_by_id(requests or {}, watched.report_types)

    @dg.sensor(
        name=name,
        job=job,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=default_status,
        description="Lands report runs that were made in Stripe's Dashboard or by other tools.",
    )
    def pickup(
        context: dg.SensorEvaluationContext, stripe: StripeResource, report_lake: ReportLakeResource
    ) -> dg.SensorResult | dg.SkipReason:
        cursor = read_cursor(_Cursor, context.cursor, context.log)
        kept = look_into_inbox(report_lake, SUCCEEDED, cursor.handled, context.log)
        cursor.handled = list(kept.handled)
        now = time.time()
        polls = not 0 <= now - cursor.asked_at < poll_seconds
        if not kept.bodies and not polls:
            why = f"no event was delivered; Stripe is asked every {poll_seconds:g} s"
            return dg.SensorResult(skip_reason=why, cursor=cursor.model_dump_json())
        runs = delivered_runs(kept, stripe.stripe_account, context.log)
        delivered = {run.id for run in runs}
        try:
            offered = stripe.account_in_haste.report_types()
            if polls:
                feed = ended_report_runs(
                    stripe.account_in_haste.api,
                    FeedCursor.from_json(cursor.feed),
                    status="succeeded",
                    look_back=look_back_days * 86400,
                )
                runs += feed.runs
                delivered -= {run.id for run in feed.runs}
                cursor.feed, cursor.asked_at = feed.cursor.to_json(), now
        except StripeReportsError as error:
            return dg.SkipReason(f"Stripe cannot be asked, nothing is lost by that: {error}")
        # Judged by what was seen before: that the data are there now does not say when they came.
        refused = _refused(stripe, report_lake, context.log)
        judge = _Judge(watched, asked_for, offered, cursor.ends, refused)
        picks = _pick(runs, judge, watched, context.instance)
        picked = {pick.report_run for pick in picks} & delivered
        try:
            known = known_runs(
                [run for run in runs if run.id in picked], stripe.account_in_haste.api, context.log
            )
        except StripeReportsError as error:
            return dg.SkipReason(f"Stripe cannot be asked, nothing is lost by that: {error}")
        if unknown := picked - {run.id for run in known}:
            runs = [run for run in runs if run.id not in unknown]
            judge = _Judge(watched, asked_for, offered, cursor.ends, refused)
            picks = _pick(runs, judge, watched, context.instance)
        cursor.handled += kept.bodies
        cursor.ends = _seen(watched.report_types, offered, cursor.ends, int(now))
        for reason in judge.reasons[:_REASONS_TOLD]:
            context.log.info(reason)
        return dg.SensorResult(
            run_requests=_run_requests(watched, picks),
            skip_reason=None if picks else judge.summary(len(runs)),
            cursor=cursor.model_dump_json(),
        )

    return pickup


class _Judge:
    """Says of report runs whether they are taken, and remembers why others are not."""

    def __init__(
        self,
        watched: WatchedReports,
        requests: Mapping[str, ReportRequest],
        offered: Mapping[str, OfferedReportType],
        ends: Mapping[str, Sequence[tuple[int, int]]],
        refused: RefusedRuns | None,
    ) -> None:
        self.reasons: list[str] = []
        self.not_selected: Counter[str] = Counter()
        self.settled = 0
        """Runs all of whose days have landed or are on their way."""
        self._watched = watched
        self._requests = requests
        self._offered = offered
        self._ends = ends
        self._refused = refused

    def takes(self, run: ReportRun) -> ExternalRun | None:
        """The run with its days, if these can land from it."""
        report_type = self._watched.report_types.get(run.report_type)
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
            given = external_run(
                run, report_type, self._requests[run.report_type], offered, self._watched.timezone
            )
            if run.created < self._data_since(given, offered):
                raise ReportRunError("it was made before it is sure that Stripe had all data of its days")
        except StripeReportsError as error:
            self.reasons.append(f"not taken: {error.at(report_type=run.report_type, report_run=run.id)}")
            return None
        return given

    def summary(self, runs: int) -> str:
        """One line for a tick without requests."""
        if not runs:
            return "no report run has succeeded since"
        told = [
            *([f"{self.settled} of days that have landed or are on their way"] if self.settled else []),
            *([f"{sum(self.not_selected.values())} of reports not selected"] if self.not_selected else []),
            *self.reasons[:_REASONS_TOLD],
            *([f"and {more} more"] if (more := len(self.reasons) - _REASONS_TOLD) > 0 else []),
        ]
        return f"{runs} report run{'s have' if runs > 1 else ' has'} succeeded: {'; '.join(told)}"

    def _data_since(self, given: ExternalRun, offered: OfferedReportType) -> float:
        """Since when, at the latest, all data of its days are there."""
        end = given.interval.end
        report_type = self._watched.report_types[offered.id]
        seen = [at for reached, at in self._ends.get(offered.id, ()) if reached >= end]
        told = offered.has_had(end)
        return min([data_ready_by(report_type, end), *seen, *([] if told is None else [told])])


def _refused(
    stripe: StripeResource, report_lake: ReportLakeResource, log: logging.Logger
) -> RefusedRuns | None:
    """Which report runs have files that do not fit; None where the lake cannot be opened."""
    try:
        return RefusedRuns(report_lake.lake, log.warning, stripe.account_in_haste.api.redact)
    except StripeReportsError as error:
        log.warning(f"could not read which report runs were refused: {error}")
        return None


def _seen(
    ids: Iterable[str],
    offered: Mapping[str, OfferedReportType],
    before: Mapping[str, Sequence[tuple[int, int]]],
    now: int,
) -> dict[str, list[tuple[int, int]]]:
    """Of each report type the ends of its data and when they were first seen, the newest first."""
    ends: dict[str, list[tuple[int, int]]] = {}
    for id_ in ids:
        known = list(before.get(id_, ()))
        end = offered[id_].data_available_end if id_ in offered else None
        if end is not None and (not known or end > known[0][0]):
            known.insert(0, (end, now))
        ends[id_] = known[:_ENDS_KEPT]
    return ends


def _pick(
    runs: Iterable[ReportRun], judge: _Judge, watched: WatchedReports, instance: dg.DagsterInstance
) -> list[_Pick]:
    """The newest run for each day that is missing."""
    newest_first = sorted({run.id: run for run in runs}.values(), key=_succeeded_at, reverse=True)
    taken = [given for run in newest_first if (given := judge.takes(run))]
    days: dict[str, set[date]] = {}
    for given in taken:
        days.setdefault(given.run.report_type, set()).update(given.days)
    missing = {id_: set(watched.missing(instance, id_, all_)) for id_, all_ in days.items()}
    picks: list[_Pick] = []
    for given in taken:
        id_ = given.run.report_type
        if own := sorted(missing[id_].intersection(given.days)):
            picks.append(_Pick(id_, given.run.id, own))
            missing[id_].difference_update(own)
        else:
            judge.settled += 1
    return picks


def _succeeded_at(run: ReportRun) -> tuple[int, str]:
    return run.succeeded_at or run.created, run.id


def _run_requests(watched: WatchedReports, picks: Iterable[_Pick]) -> list[dg.RunRequest]:
    """Report types whose days are the same land in one Dagster run; each from one report run in it."""
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
        requests += watched.run_requests(
            {id_: pick.days for id_, pick in round_.items()},
            name=f"report runs {digest}",
            config={"report_runs": report_runs},
        )
    return requests
