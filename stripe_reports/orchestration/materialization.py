"""One step: what is landed, in which order, and what becomes of days that do not land."""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date

import dagster as dg

from stripe_reports.catalog import data_ready_by, day_interval, parse_day
from stripe_reports.errors import (
    ConfigurationError,
    CsvError,
    LakeError,
    StripeReportsError,
    UnexpectedError,
)
from stripe_reports.landing import (
    Backfill,
    FailedDay,
    LandedDay,
    LandingSettings,
    Outcome,
    Progress,
    StillPending,
    WaitingDay,
    Warned,
    failure_lines,
)
from stripe_reports.orchestration.checks import check_evaluations
from stripe_reports.orchestration.evaluations import with_targets
from stripe_reports.orchestration.metadata import failures_metadata, oddities_of_file, recorded_changes
from stripe_reports.orchestration.recording import Event, Recording, Report
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource
from stripe_reports.stripe_api import Account

_PROGRESS_SECONDS = 5.0
_MOST_RETRIES = 1000
_RETRY_PAUSE_SECONDS = 120
_FIRST_PAUSE_FOR_DATA = 60
_LONGEST_PAUSE_FOR_DATA = 900
_FAILURES_TOLD = 3

_TRYING_AGAIN_WILL_NOT_HELP = (ConfigurationError, CsvError, LakeError)


@dataclass(frozen=True, slots=True)
class StepSettings:
    """What is set for one step."""

    timezone: str
    range_runs: bool
    force_new_report_run: bool
    report_runs: Mapping[str, str]
    """Ids of the report runs to land from, by report type."""


class Materialization:
    """The days of one step's partitions, for each selected asset.

    Days whose data Stripe does not have yet wait, and so do those whose report runs it is slow with: the step
    ends, makes room for others, and is tried again by Dagster. It goes on with the days that are not recorded
    yet; assets that depend on these in the same run start once every day has landed.
    """

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        reports: Mapping[dg.AssetKey, Report],
        settings: StepSettings,
    ) -> None:
        self._context = context
        self._days = [parse_day(key) for key in context.partition_keys]
        self._settings = settings
        self._recording = Recording(context, reports, self._days)
        record = context.instance.get_run_record_by_id(context.run.run_id)
        self._began = record.start_time if record and record.start_time else None
        self._wait_until = 0.0
        self._failures: list[FailedDay] = []
        self._waiting: list[WaitingDay] = []

    def land(self, stripe: StripeResource, report_lake: ReportLakeResource) -> Generator[Event]:
        """Events for Dagster. Raises Failure for what did not land; RetryRequested while Stripe is slow."""
        self._wait_until = (self._began or time.time()) + stripe.wait_for_data_seconds
        if asked := self._recording.days_to_land():
            try:
                backfill = self._backfill(stripe, report_lake, asked)
            except StripeReportsError as error:
                self._fail_all(error)
            else:
                pending = yield from self._events(backfill)
                if not self._failures and (pending or self._waiting):
                    raise self._retry(pending) from (self._waiting[0].error if self._waiting else None)
            if self._failures:
                raise self._failure()
        yield from self._recording.all_landed()

    def _backfill(
        self,
        stripe: StripeResource,
        report_lake: ReportLakeResource,
        asked: Mapping[Report, Sequence[date]],
    ) -> Backfill:
        account, lake = stripe.account, report_lake.lake
        self._context.log.info(f"landing from {account.api.which} ({_named(account)}) into {lake.root}")
        return Backfill(
            {report.report_type: days for report, days in asked.items()},
            account=account,
            lake=lake,
            requests={report.report_type.id: report.request for report in asked},
            external_runs=self._settings.report_runs,
            timezone=self._settings.timezone,
            settings=self._landing_settings(stripe.settings),
        )

    def _landing_settings(self, settings: LandingSettings) -> LandingSettings:
        fresh = self._context.run.run_id if self._settings.force_new_report_run else None
        settings = replace(settings, fresh=fresh, range_runs=self._settings.range_runs)
        return replace(settings, made_since=self._began) if self._began else settings

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
                        self._take(outcome)
                yield from self._recording.due()
            yield from self._recording.rest()
            self._context.log.info(str(backfill.progress))
        except GeneratorExit:
            # Dagster was interrupted while it stored an event, and takes no more of this step; the resource
            # has closed it.
            self._stop(backfill)
            for event in self._recording.rest():
                if not isinstance(event, dg.MaterializeResult):
                    self._context.instance.report_runless_asset_event(event)
            raise
        except BaseException:  # such as the interruption by which a run is canceled
            self._stop(backfill)
            yield from self._recording.rest()
            raise
        self._stop(backfill)
        return pending

    def _stop(self, backfill: Backfill) -> None:
        for outcome in backfill.stop():
            if isinstance(outcome, LandedDay):
                self._recording.keep(outcome)

    def _take(self, outcome: Outcome) -> None:
        match outcome:
            case Warned():
                self._context.log.warning(outcome.text)
            case LandedDay():
                self._recording.keep(outcome)
            case WaitingDay() if self._is_worth_waiting_for(outcome):
                self._waiting.append(outcome)
            case FailedDay() | WaitingDay():
                self._log_failure(outcome)
                self._failures.append(FailedDay(outcome.report_type, outcome.day, outcome.error))

    def _log_failure(self, failed: FailedDay | WaitingDay) -> None:
        """Once for the days that share an error."""
        if line := failed.line if isinstance(failed, FailedDay) else str(failed.error):
            self._context.log.error(line)
            if isinstance(failed.error, UnexpectedError):
                self._context.log.info(failed.error.trace)

    def _is_worth_waiting_for(self, waiting: WaitingDay) -> bool:
        """Whether its data are to be expected before patience ends."""
        end = day_interval(waiting.day, self._settings.timezone).end
        return max(time.time(), data_ready_by(waiting.report_type, end)) < self._wait_until

    def _fail_all(self, error: StripeReportsError) -> None:
        for report in self._recording.reports:
            report_type = report.report_type
            self._failures += [
                FailedDay(report_type, day, copy(error).at(report_type=report_type.id, day=day))
                for day in self._days
            ]

    def _failure(self) -> dg.Failure:
        self._failures += [FailedDay(each.report_type, each.day, each.error) for each in self._waiting]
        failures = self._failures
        told = failure_lines(failures)
        text = told[0]
        if len(failures) > 1:
            of = len(self._recording.reports) * len(self._days)
            text = f"{len(failures)} of {of} partitions did not land: {'; '.join(told[:_FAILURES_TOLD])}"
            text += "; and others, see the metadata of this failure" if len(told) > _FAILURES_TOLD else ""
        hopeless = all(isinstance(failed.error, _TRYING_AGAIN_WILL_NOT_HELP) for failed in failures)
        return dg.Failure(text, metadata=failures_metadata(failures), allow_retries=not hopeless)

    def _retry(self, pending: StillPending | None) -> dg.RetryRequested:
        pauses = [_RETRY_PAUSE_SECONDS] if pending else []
        if pending:
            self._context.log.info(
                f"{pending.days} partitions wait for report runs that Stripe is slow with"
                f" ({', '.join(pending.report_runs)}); this step makes room for others and goes on with them"
                " later"
            )
        if self._waiting:
            pause = _FIRST_PAUSE_FOR_DATA * 2 ** min(self._context.retry_number, 10)
            pauses.append(min(pause, _LONGEST_PAUSE_FOR_DATA))
            self._context.log.warning(
                f"partitions that wait for Stripe's data and are asked for again: {len(self._waiting)},"
                f" of which the first is {self._waiting[0].error}"
            )
        self._context.log.info(f"the step goes on in {min(pauses)} s")
        return dg.RetryRequested(max_retries=_MOST_RETRIES, seconds_to_wait=min(pauses))


def _named(account: Account) -> str:
    """For the log: a Stripe that does not answer fails the days, with its own error."""
    try:
        id_ = account.id
    except StripeReportsError:
        id_ = None
    return f"account {id_}" if id_ else "account unknown"


def evaluate_checks_alone(
    context: dg.AssetExecutionContext, reports: Sequence[Report], report_lake: ReportLakeResource
) -> Iterator[dg.AssetCheckEvaluation]:
    """The selected checks of assets that are not selected: of what stands in the lake, and of what Dagster
    has recorded of its changes.

    Raises Failure for a day that is not there.
    """
    checked = {check.asset_key for check in context.selected_asset_check_keys} - context.selected_asset_keys
    for report in reports:
        if report.key not in checked:
            continue
        evaluations: list[dg.AssetCheckEvaluation] = []
        days = [parse_day(partition) for partition in context.partition_keys]
        changes = recorded_changes(context.instance, report.key, days)
        for day in days:
            try:
                found = report_lake.lake.landed(report.report_type.table, day)
            except StripeReportsError as error:
                raise dg.Failure(str(error), allow_retries=False) from None
            if found is None:
                what = f"{report.report_type.id} {day}: there is no table to check; materialize the day first"
                raise dg.Failure(what, allow_retries=False)
            selected = context.selected_asset_check_keys
            oddities = oddities_of_file(found, changes.get(day, {}))
            evaluations += check_evaluations(report.report_type, report.key, day, oddities, selected)
        yield from with_targets(context.instance, evaluations)
