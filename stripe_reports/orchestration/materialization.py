"""What landing tells, told to Dagster: each day once, with its own metadata."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date

import dagster as dg

from stripe_reports.catalog import ReportType, parse_day
from stripe_reports.errors import ConfigurationError, CsvError, LakeError, StripeReportsError
from stripe_reports.landing import (
    Backfill,
    FailedDay,
    LandedDay,
    LandingSettings,
    Outcome,
    Progress,
    ReportRequest,
    StillPending,
    Warned,
)
from stripe_reports.orchestration.checks import check_evaluations
from stripe_reports.orchestration.metadata import (
    failures_metadata,
    landed_metadata,
    oddities_of_day,
    oddities_of_file,
)
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource

_PROGRESS_SECONDS = 5.0
_MOST_RETRIES = 100
_RETRY_PAUSE_SECONDS = 120
_FAILURES_TOLD = 3

_TRYING_AGAIN_WILL_NOT_HELP = (ConfigurationError, CsvError, LakeError)

Event = dg.MaterializeResult | dg.AssetMaterialization | dg.AssetCheckEvaluation  # type: ignore[type-arg]


@dataclass(frozen=True, slots=True)
class Report:
    """A report type as an asset, and what it is asked for."""

    report_type: ReportType
    spec: dg.AssetSpec
    request: ReportRequest

    @property
    def key(self) -> dg.AssetKey:
        """The asset's."""
        return self.spec.key


@dataclass(slots=True)
class _Table:
    """What became of an asset's days so far."""

    report: Report
    landed: dict[date, LandedDay] = field(default_factory=dict)
    """Those that are not recorded yet."""
    failed: bool = False
    recorded: bool = False
    """Whether any day is."""


class Materialization:
    """One step: the days of its partitions, for each selected asset.

    A MaterializeResult stands for all partitions of the step and lets downstream assets start, so it is given
    once every day of its asset has landed. Where one has not, those that have are recorded one by one.
    """

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        reports: Mapping[dg.AssetKey, Report],
        *,
        timezone: str,
        range_runs: bool,
        force_new_report_run: bool,
    ) -> None:
        self._context = context
        self._days = [parse_day(key) for key in context.partition_keys]
        self._timezone = timezone
        self._range_runs = range_runs
        self._fresh = context.run.run_id if force_new_report_run else None
        done = _recorded_before(context, reports) if context.retry_number else set()
        self._tables = {key: _Table(report) for key, report in reports.items() if key not in done}
        self._keys = {report.report_type.id: key for key, report in reports.items()}
        self._failures: list[FailedDay] = []

    def land(self, stripe: StripeResource, report_lake: ReportLakeResource) -> Generator[Event]:
        """Events for Dagster. Raises Failure for what did not land; RetryRequested while Stripe is slow."""
        if not self._tables:
            return
        try:
            backfill = self._backfill(stripe, report_lake)
        except StripeReportsError as error:
            self._fail_all(error)
        else:
            pending = yield from self._events(backfill)
            if pending:
                yield from self._record_the_rest()
                raise self._retry(pending)
        if self._failures:
            raise self._failure()

    def _backfill(self, stripe: StripeResource, report_lake: ReportLakeResource) -> Backfill:
        reports = [table.report for table in self._tables.values()]
        return Backfill(
            {report.report_type: self._days for report in reports},
            account=stripe.account,
            lake=report_lake.lake,
            requests={report.report_type.id: report.request for report in reports},
            timezone=self._timezone,
            settings=self._settings(stripe.settings),
        )

    def _settings(self, settings: LandingSettings) -> LandingSettings:
        record = self._context.instance.get_run_record_by_id(self._context.run.run_id)
        began = record.start_time if record and record.start_time else None
        settings = replace(settings, fresh=self._fresh, range_runs=self._range_runs)
        return replace(settings, made_since=began) if began else settings

    def _events(self, backfill: Backfill) -> Generator[Event, None, StillPending | None]:
        pending: StillPending | None = None
        try:
            for outcome in backfill.outcomes(every=_PROGRESS_SECONDS):
                match outcome:
                    case Progress():
                        self._context.log.info(str(outcome))
                    case StillPending():
                        pending = outcome
                    case _:
                        yield from self._take(outcome)
            self._context.log.info(str(backfill.progress))
        except GeneratorExit:
            # Dagster was interrupted while it stored an event, and takes no more of this step; the resource
            # has closed it.
            self._stop(backfill)
            for event in self._record_the_rest():
                if isinstance(event, dg.AssetMaterialization):
                    self._context.instance.report_runless_asset_event(event)
            raise
        except BaseException:  # such as the interruption by which a run is canceled
            self._stop(backfill)
            yield from self._record_the_rest()
            raise
        self._stop(backfill)
        return pending

    def _stop(self, backfill: Backfill) -> None:
        for outcome in backfill.stop():
            if isinstance(outcome, LandedDay):
                self._tables[self._keys[outcome.report_type.id]].landed[outcome.day] = outcome

    def _take(self, outcome: Outcome) -> Iterator[Event]:
        match outcome:
            case Warned():
                self._context.log.warning(outcome.text)
            case LandedDay():
                table = self._tables[self._keys[outcome.report_type.id]]
                table.landed[outcome.day] = outcome
                yield from self._record(table)
            case FailedDay():
                self._context.log.error(str(outcome.error))
                self._failures.append(outcome)
                table = self._tables[self._keys[outcome.report_type.id]]
                table.failed = True
                yield from self._record(table)

    def _record(self, table: _Table) -> Iterator[Event]:
        if table.failed:
            yield from self._record_days(table)
        while whole := next(filter(self._can_be_recorded_whole, self._tables.values()), None):
            yield from self._record_whole(whole)

    def _can_be_recorded_whole(self, table: _Table) -> bool:
        """Whether all its days have landed, and what it depends on is recorded: Dagster wants that order."""
        if table.recorded or table.failed or len(table.landed) < len(self._days):
            return False
        before = [
            self._tables[dep.asset_key] for dep in table.report.spec.deps if dep.asset_key in self._tables
        ]
        return all(upstream.recorded or upstream.failed for upstream in before)

    def _record_whole(self, table: _Table) -> Iterator[Event]:
        key = table.report.key
        for day, landed in table.landed.items():
            self._context.add_asset_metadata(
                landed_metadata(landed), asset_key=key, partition_key=day.isoformat()
            )
        days = list(table.landed.values())
        table.recorded = True
        table.landed.clear()
        yield dg.MaterializeResult(asset_key=key)
        for landed in days:
            yield from self._evaluations(table, landed)

    def _record_days(self, table: _Table) -> Iterator[Event]:
        for day in list(table.landed):
            landed = table.landed.pop(day)
            table.recorded = True
            yield dg.AssetMaterialization(
                table.report.key, partition=day.isoformat(), metadata=landed_metadata(landed)
            )
            yield from self._evaluations(table, landed)

    def _record_the_rest(self) -> Iterator[Event]:
        for table in self._tables.values():
            yield from self._record_days(table)

    def _evaluations(self, table: _Table, landed: LandedDay) -> Iterator[dg.AssetCheckEvaluation]:
        return check_evaluations(
            landed.report_type,
            table.report.key,
            landed.day,
            oddities_of_day(landed),
            self._context.selected_asset_check_keys,
        )

    def _fail_all(self, error: StripeReportsError) -> None:
        for table in self._tables.values():
            report_type = table.report.report_type
            self._failures += [
                FailedDay(report_type, day, copy(error).at(report_type=report_type.id, day=day))
                for day in self._days
            ]

    def _failure(self) -> dg.Failure:
        failures = self._failures
        told = list(dict.fromkeys(str(failed.error) for failed in failures))
        text = told[0]
        if len(failures) > 1:
            of = len(self._tables) * len(self._days)
            text = f"{len(failures)} of {of} partitions did not land: {'; '.join(told[:_FAILURES_TOLD])}"
            text += "; and others, see the metadata of this failure" if len(told) > _FAILURES_TOLD else ""
        hopeless = all(isinstance(failed.error, _TRYING_AGAIN_WILL_NOT_HELP) for failed in failures)
        return dg.Failure(text, metadata=failures_metadata(failures), allow_retries=not hopeless)

    def _retry(self, pending: StillPending) -> dg.RetryRequested:
        self._context.log.info(
            f"{pending.days} partitions wait for report runs that Stripe is slow with"
            f" ({', '.join(pending.report_runs)}); this step makes room for others and goes on with them in"
            f" {_RETRY_PAUSE_SECONDS} s"
        )
        return dg.RetryRequested(max_retries=_MOST_RETRIES, seconds_to_wait=_RETRY_PAUSE_SECONDS)


def _recorded_before(context: dg.AssetExecutionContext, keys: Iterable[dg.AssetKey]) -> set[dg.AssetKey]:
    """The assets that an earlier attempt of this step has recorded as a whole."""
    records = context.instance.get_records_for_run(
        context.run.run_id, of_type=dg.DagsterEventType.STEP_OUTPUT
    ).records
    events = (record.event_log_entry.dagster_event for record in records)
    names = {event.step_output_data.step_output_handle.output_name for event in events if event}
    return {key for key in keys if context.op_execution_context.output_for_asset_key(key) in names}


def evaluate_checks_alone(
    context: dg.AssetExecutionContext, reports: Sequence[Report], report_lake: ReportLakeResource
) -> Iterator[dg.AssetCheckEvaluation]:
    """The selected checks of assets that are not selected: of what stands in the lake.

    Raises Failure for a day that is not there.
    """
    checked = {check.asset_key for check in context.selected_asset_check_keys} - context.selected_asset_keys
    for report in reports:
        if report.key not in checked:
            continue
        for day in map(parse_day, context.partition_keys):
            try:
                found = report_lake.lake.landed(report.report_type.table, day)
            except StripeReportsError as error:
                raise dg.Failure(str(error), allow_retries=False) from None
            if found is None:
                what = f"{report.report_type.id} {day}: there is no table to check; materialize the day first"
                raise dg.Failure(what, allow_retries=False)
            selected = context.selected_asset_check_keys
            yield from check_evaluations(
                report.report_type, report.key, day, oddities_of_file(found), selected
            )
