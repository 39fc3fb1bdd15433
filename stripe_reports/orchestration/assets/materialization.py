"""One step: landing the days of its partitions, and what happens to days that do not land."""

import time
from collections.abc import Generator, Mapping, Sequence
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
from stripe_reports.orchestration.assets.recording import Event, Recording
from stripe_reports.orchestration.failed_runs import failures_metadata
from stripe_reports.orchestration.reports import Report
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource
from stripe_reports.stripe_api import Account

_PROGRESS_SECONDS = 5.0
_MOST_RETRIES = 1000
_RETRY_PAUSE_SECONDS = 120
_FIRST_PAUSE_FOR_DATA = 60
_LONGEST_PAUSE_FOR_DATA = 900
_FAILURES_SHOWN = 3

_NOT_WORTH_A_RETRY = (ConfigurationError, CsvError, LakeError)


@dataclass(frozen=True, slots=True)
class StepSettings:
    """The settings of one step."""

    account: str | None
    """The name of the account in this code location."""
    timezone: str
    range_runs: bool
    force_new_report_run: bool
    report_runs: Mapping[str, str]
    """Ids of the report runs to land from, by report type."""


class Materialization:
    """The days of one step's partitions, for each selected asset.

    Days whose data Stripe does not have yet wait, and so do days whose report runs are slow: the step ends,
    makes room for others, and Dagster retries it with the days that are not recorded yet. Assets that depend
    on these in the same run start once every day has landed.
    """

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        reports: Sequence[Report],
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
        """Yield Dagster's events. Raises Failure if days did not land, RetryRequested if they wait."""
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
        for report in asked:
            lake.pii_rule(report.request.policy)  # before anything is asked of Stripe
        name = f"{self._settings.account}: " if self._settings.account else ""
        self._context.log.info(f"{name}landing from {account.api.which} ({_named(account)}) into {lake.root}")
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
            # Dagster was interrupted while it stored an event, and takes no more events from this step, which
            # the resource has closed.
            self._stop(backfill)
            for event in self._recording.rest():
                if not isinstance(event, dg.MaterializeResult):
                    self._context.instance.report_runless_asset_event(event)
            raise
        except BaseException:  # such as the interrupt that cancels a run
            self._stop(backfill)
            yield from self._recording.rest()
            raise
        self._stop(backfill)
        return pending

    def _stop(self, backfill: Backfill) -> None:
        for outcome in backfill.stop():
            if isinstance(outcome, LandedDay):
                self._recording.add(outcome)

    def _take(self, outcome: Outcome) -> None:
        account = self._settings.account
        if isinstance(outcome, FailedDay | WaitingDay):
            outcome.error.at(account=account)
        match outcome:
            case Warned():
                self._context.log.warning(f"{account}: {outcome.text}" if account else outcome.text)
            case LandedDay():
                self._recording.add(outcome)
            case WaitingDay() if self._is_worth_waiting_for(outcome):
                self._waiting.append(outcome)
            case FailedDay() | WaitingDay():
                self._log_failure(outcome)
                self._failures.append(FailedDay(outcome.report_type, outcome.day, outcome.error))

    def _log_failure(self, failed: FailedDay | WaitingDay) -> None:
        """Log the error once for the days that share it."""
        if line := failed.line if isinstance(failed, FailedDay) else str(failed.error):
            self._context.log.error(line)
            if isinstance(failed.error, UnexpectedError):
                self._context.log.info(failed.error.trace)

    def _is_worth_waiting_for(self, waiting: WaitingDay) -> bool:
        """Return whether to expect its data before the step stops waiting."""
        end = day_interval(waiting.day, self._settings.timezone).end
        return max(time.time(), data_ready_by(waiting.report_type, end)) < self._wait_until

    def _fail_all(self, error: StripeReportsError) -> None:
        for report in self._recording.reports:
            report_type = report.report_type
            self._failures += [
                FailedDay(
                    report_type,
                    day,
                    copy(error).at(account=self._settings.account, report_type=report_type.id, day=day),
                )
                for day in self._days
            ]

    def _failure(self) -> dg.Failure:
        self._failures += [FailedDay(each.report_type, each.day, each.error) for each in self._waiting]
        failures = self._failures
        lines = failure_lines(failures)
        text = lines[0]
        if len(failures) > 1:
            of = len(self._recording.reports) * len(self._days)
            text = f"{len(failures)} of {of} partitions did not land: {'; '.join(lines[:_FAILURES_SHOWN])}"
            text += "; and others, see the metadata of this failure" if len(lines) > _FAILURES_SHOWN else ""
        hopeless = all(isinstance(failed.error, _NOT_WORTH_A_RETRY) for failed in failures)
        return dg.Failure(text, metadata=failures_metadata(failures), allow_retries=not hopeless)

    def _retry(self, pending: StillPending | None) -> dg.RetryRequested:
        pauses = [_RETRY_PAUSE_SECONDS] if pending else []
        if pending:
            self._context.log.info(
                f"{pending.days} partitions wait for slow report runs ({', '.join(pending.report_runs)});"
                " this step makes room for others and continues with them later"
            )
        if self._waiting:
            pause = _FIRST_PAUSE_FOR_DATA * 2 ** min(self._context.retry_number, 10)
            pauses.append(min(pause, _LONGEST_PAUSE_FOR_DATA))
            self._context.log.warning(
                f"{len(self._waiting)} partitions wait for Stripe's data; the first: {self._waiting[0].error}"
            )
        self._context.log.info(f"retrying the step in {min(pauses)} s")
        return dg.RetryRequested(max_retries=_MOST_RETRIES, seconds_to_wait=min(pauses))


def _named(account: Account) -> str:
    """Return the account for the log. If Stripe does not answer, the days fail with that error."""
    try:
        id_ = account.id
    except StripeReportsError:
        id_ = None
    return f"account {id_}" if id_ else "account unknown"
