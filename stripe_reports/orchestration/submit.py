"""Submit now, land later: a job that makes the report runs of days, and does not wait for them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
from pydantic import Field

from stripe_reports.catalog import ReportType, parse_day
from stripe_reports.errors import ConfigurationError, StripeReportsError
from stripe_reports.landing import (
    LeftToLanding,
    NotSubmitted,
    ReportRequest,
    Submission,
    SubmittedRun,
    submit,
)
from stripe_reports.orchestration.assets import requests_by_id
from stripe_reports.orchestration.automation import DAILY_CRON
from stripe_reports.orchestration.due import (
    CATCH_UP_DAYS,
    check_catch_up_days,
    due_days,
    tell_not_offered,
)
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource
from stripe_reports.orchestration.watched import WatchedReports

JOB_NAME = "stripe_reports_submit"
SCHEDULE_NAME = "stripe_reports_submit_daily"

_FAILURES_TOLD = 3


class SubmitConfig(dg.Config):
    """What can be set for one run."""

    days: list[str] | None = Field(
        default=None,
        description="Days (YYYY-MM-DD) whose report runs to make; by default those that are due.",
    )


def build_stripe_reports_submit_job(
    assets: Sequence[dg.AssetsDefinition],
    *,
    requests: Mapping[str, ReportRequest] | None = None,
    catch_up_days: int = CATCH_UP_DAYS,
    range_runs: bool = True,
    name: str = JOB_NAME,
) -> dg.JobDefinition:
    """A job that makes the report runs which landing would make, and ends without waiting for them, so that
    hundreds may be pending and hold no process.

    By default they are those of the days that are due: of each report type the newest available day and the
    `catch_up_days` days before it, if they have not landed and are not on their way. Report runs that exist
    already are not made again, neither here nor when the same days land.

    `requests` and `range_runs` must be those of `build_stripe_report_assets`; with others, landing makes
    report runs of its own. Reports on single payouts are left to the run that lands them.

    It needs the resources `stripe` and `report_lake`. Raises ConfigurationError for what makes no sense.
    """
    watched = WatchedReports(assets)
    check_catch_up_days(catch_up_days)
    asked_for = requests_by_id(requests or {}, watched.report_types)

    @dg.op(name=f"{name}_report_runs", description="Makes report runs, and does not wait for them.")
    def submit_report_runs(
        context: dg.OpExecutionContext,
        config: SubmitConfig,
        stripe: StripeResource,
        report_lake: ReportLakeResource,
    ) -> None:
        def submissions() -> Iterator[Submission]:
            yield from submit(
                _asked(watched, context, stripe, config.days, catch_up_days),
                account=stripe.account,
                lake=report_lake.lake,
                requests=asked_for,
                timezone=watched.timezone,
                settings=replace(stripe.settings, range_runs=range_runs),
                warn=context.log.warning,
            )

        counts: Counter[str] = Counter(made=0, adopted=0, left_to_landing=0, not_submitted=0)
        failures: list[NotSubmitted] = []
        try:
            for told in submissions():
                _log(context, told)
                counts[_count(told)] += 1
                if isinstance(told, NotSubmitted):
                    failures.append(told)
        except StripeReportsError as error:
            raise dg.Failure(str(error), metadata=_metadata(counts)) from None
        if failures:
            raise dg.Failure(_text(failures), metadata=_metadata(counts))
        context.add_output_metadata(_metadata(counts))

    @dg.job(name=name, description="Makes the report runs of the days that are due, to land later.")
    def submit_job() -> None:
        submit_report_runs()

    return submit_job


def build_stripe_reports_submit_schedule(
    job: dg.JobDefinition,
    *,
    cron_schedule: str = DAILY_CRON,
    default_status: dg.DefaultScheduleStatus = dg.DefaultScheduleStatus.STOPPED,
    name: str = SCHEDULE_NAME,
) -> dg.ScheduleDefinition:
    """The submit job at 13:00 UTC. Its report runs land by the pickup sensor, or by whatever lands the same
    days later."""
    return dg.ScheduleDefinition(
        name=name,
        job=job,
        cron_schedule=cron_schedule,
        execution_timezone="UTC",
        default_status=default_status,
        description="Makes the report runs of the days that are due, to land later.",
    )


def _asked(
    watched: WatchedReports,
    context: dg.OpExecutionContext,
    stripe: StripeResource,
    given: Sequence[str] | None,
    catch_up_days: int,
) -> dict[ReportType, Sequence[date]]:
    offered = stripe.account.report_types()
    if given is None:
        now = datetime.now(UTC)
        due = due_days(watched, context.instance, offered, now, catch_up_days=catch_up_days, log=context.log)
        if not due.days:
            context.log.info(f"nothing is due: {due.why_nothing()}")
        return {watched.report_types[id_]: days for id_, days in due.days.items()}
    days = [parse_day(text) for text in given]
    if unknown := [str(day) for day in days if not watched.partitions_def.has_partition_key(str(day))]:
        raise ConfigurationError(
            f"no partition is {', '.join(unknown)}: they are the days from"
            f" {watched.partitions_def.get_first_partition_key()} on that are over"
        )
    tell_not_offered(watched.report_types, offered, context.log)
    return {report_type: days for id_, report_type in watched.report_types.items() if id_ in offered}


def _log(context: dg.OpExecutionContext, told: Submission) -> None:
    first, last = min(told.days), max(told.days)
    days = str(first) if first == last else f"{first} to {last}"
    match told:
        case SubmittedRun():
            what = "was there already" if told.adopted else "is made"
            context.log.info(f"{told.report_type.id} {days}: report run {told.report_run} {what}")
        case LeftToLanding():
            context.log.info(
                f"{told.report_type.id} {days}: its report runs are of single payouts, which are not known"
                " yet; they are made when the days land"
            )
        case NotSubmitted():
            context.log.error(f"{days}: {told.error}" if len(told.days) > 1 else str(told.error))


def _count(told: Submission) -> str:
    match told:
        case SubmittedRun():
            return "adopted" if told.adopted else "made"
        case LeftToLanding():
            return "left_to_landing"
        case NotSubmitted():
            return "not_submitted"


def _metadata(counts: Mapping[str, int]) -> dict[str, Any]:
    """Of report runs, and of report types that were left to landing."""
    return dict(counts)


def _text(failures: Sequence[NotSubmitted]) -> str:
    told = list(dict.fromkeys(str(failed.error) for failed in failures))
    others = "; and others, see the log" if len(told) > _FAILURES_TOLD else ""
    return f"{len(failures)} report runs were not made: {'; '.join(told[:_FAILURES_TOLD])}{others}"
