"""Failed Dagster runs in Dagster's records: which report partitions did not land, and why."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import dagster as dg

from stripe_reports.orchestration.failed_runs.failure import Failure, Kind, kind_named
from stripe_reports.orchestration.failed_runs.failures_table import failure_rows
from stripe_reports.orchestration.reports import Reports

ATTEMPT = "stripe_reports/attempt"
"""Tag of a run that repeats a failed one: 1, 2, …"""
ATTEMPT_AFTER = "stripe_reports/attempt_after"
"""Tag of such a run: the kind of the failure that it repeats."""

_WILL_RETRY = "dagster/will_retry"
_EVENTS = {
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.RUN_FAILURE,
}


def cursor_of_now(instance: dg.DagsterInstance) -> str:
    """Return the cursor with which `failed_runs` begins with runs that fail from now on."""
    return instance.fetch_run_status_changes(dg.DagsterEventType.RUN_FAILURE, limit=1).cursor


def failed_runs(instance: dg.DagsterInstance, cursor: str) -> Iterator[tuple[dg.DagsterRun | None, str]]:
    """Yield the runs that have failed since, oldest first, each with the cursor after it; None for a run that
    is deleted or that Dagster will retry."""
    while True:
        # One by one, because a page has a cursor only for its end.
        found = instance.fetch_run_status_changes(
            dg.DagsterEventType.RUN_FAILURE, limit=1, cursor=cursor, ascending=True
        )
        if not found.records:
            return
        cursor = found.cursor
        run = instance.get_run_by_id(found.records[0].run_id)
        yield (None if run and run.tags.get(_WILL_RETRY) == "true" else run), cursor


def failures_of(instance: dg.DagsterInstance, run: dg.DagsterRun, reports: Reports) -> list[Failure]:
    """Return a failure for each report partition that the run planned and did not land.

    The job's name does not matter: runs started in the UI and backfills do not have that of the reports.
    """
    planned = list(_planned(instance, run, reports))
    if not planned:
        return []
    reasons = _Reasons(instance, run, reports)
    return [
        reasons.failure(report_type, partition)
        for report_type, partition in dict.fromkeys(planned)
        if (report_type, partition) not in reasons.landed
    ]


def attempt_of(run: dg.DagsterRun) -> int:
    """Return the number of the attempt that the run is; 0 for a run that repeats no failed one."""
    attempt = run.tags.get(ATTEMPT, "")
    return int(attempt) if attempt.isascii() and attempt.isdecimal() else 0


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """The newest run of a partition, which has failed."""

    run_id: str
    ended_at: float
    """Unix seconds."""


def failed_attempts(
    instance: dg.DagsterInstance, key: dg.AssetKey, partitions: Iterable[str]
) -> Mapping[str, FailedAttempt]:
    """Return the newest run of each of the partitions, if it has failed."""
    storage = instance.event_log_storage
    newest = storage.get_latest_asset_partition_materialization_attempts_without_materializations(key)
    runs = {partition: newest[partition][0] for partition in partitions if partition in newest}
    if not runs:
        return {}
    filter_ = dg.RunsFilter(run_ids=list(set(runs.values())), statuses=[dg.DagsterRunStatus.FAILURE])
    ended = {
        record.dagster_run.run_id: record.end_time or record.update_timestamp.timestamp()
        for record in instance.get_run_records(filter_)
    }
    return {
        partition: FailedAttempt(run_id, ended[run_id])
        for partition, run_id in runs.items()
        if run_id in ended
    }


def _planned(
    instance: dg.DagsterInstance, run: dg.DagsterRun, reports: Reports
) -> Iterator[tuple[str, str | None]]:
    of_type = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    for record in instance.get_records_for_run(run.run_id, of_type=of_type).records:
        event = record.event_log_entry.dagster_event
        report_type = reports.report_type_of(event.asset_key) if event and event.asset_key else None
        if event is None or report_type is None:
            continue
        subset = event.asset_materialization_planned_data.partitions_subset
        for partition in subset.get_partition_keys() if subset else [event.partition]:
            yield report_type, partition


class _Reasons:
    """The reasons in a run's records: each partition's own, or else that of its step or of the run."""

    def __init__(self, instance: dg.DagsterInstance, run: dg.DagsterRun, reports: Reports) -> None:
        self.landed: set[tuple[str, str | None]] = set()
        self._run = run
        self._reports = reports
        self._attempt = attempt_of(run)
        self._before = kind_named(run.tags.get(ATTEMPT_AFTER)) if self._attempt else None
        self._failed_at = 0.0
        self._of_partitions: dict[tuple[str, str], tuple[Kind, str, str | None]] = {}
        self._of_step: tuple[Kind, str] | None = None
        self._of_run = _one_line(None)
        for record in instance.get_records_for_run(run.run_id, of_type=_EVENTS).records:
            if event := record.event_log_entry.dagster_event:
                self._take(event, record.timestamp)

    def failure(self, report_type: str, partition: str | None) -> Failure:
        """Return why this partition did not land."""
        general = *(self._of_step or (Kind.OUR_ERROR, self._of_run)), None
        kind, error, report_run = self._of_partitions.get((report_type, partition or ""), general)
        place = " ".join(filter(None, (self._reports.names.account, report_type, partition)))
        return Failure(
            account=self._reports.names.account,
            report_type=report_type,
            partition=partition,
            asset_key=self._reports.key(report_type).to_user_string(),
            kind=kind,
            error=error if error.startswith(place) else f"{place}: {error}",
            report_run=report_run,
            run_id=self._run.run_id,
            failed_at=self._failed_at,
            attempt=self._attempt,
            before=self._before,
        )

    def _take(self, event: dg.DagsterEvent, at: float) -> None:
        if event.is_run_failure:
            self._of_run, self._failed_at = _one_line(event.message), at
        elif event.is_step_failure:
            self._take_step(event)
        elif event.asset_key and (report_type := self._reports.report_type_of(event.asset_key)):
            self.landed.add((report_type, event.partition))

    def _take_step(self, event: dg.DagsterEvent) -> None:
        data = event.step_failure_data
        given, error = data.user_failure_data, data.error
        text = (given.description if given else None) or ((error.cause or error).message if error else None)
        kinds = []
        for row in failure_rows(given.metadata) if given else ():
            kinds.append(row.kind)
            self._of_partitions[row.report_type, row.day] = row.kind, _one_line(row.why), row.report_run
        # The table has the first thousand failures. The others are treated like one that may pass.
        kind = next((kind for kind in kinds if kind.passes), kinds[0] if kinds else Kind.OUR_ERROR)
        if event.node_name == self._reports.op:
            self._of_step = kind, _one_line(text)


def _one_line(text: str | None) -> str:
    return " ".join((text or "no reason is recorded; see the run's log").split())
