"""Submit now, land later: the job that creates report runs, and does not wait for them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
from pydantic import Field

from stripe_reports.catalog import ReportType, parse_day
from stripe_reports.errors import ConfigurationError, StripeReportsError
from stripe_reports.landing import LeftToLanding, NotSubmitted, Submission, SubmittedRun, submit
from stripe_reports.orchestration.automation.due import (
    check_catch_up_days,
    due_days,
    log_not_offered,
)
from stripe_reports.orchestration.names import SUBMIT_JOB, SUBMIT_SCHEDULE
from stripe_reports.orchestration.reports import Reports
from stripe_reports.orchestration.resource_parameters import resource_parameters
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource

_FAILURES_SHOWN = 3


class SubmitConfig(dg.Config):
    """The config of one run."""

    days: list[str] | None = Field(
        default=None,
        description="Days (YYYY-MM-DD) whose report runs to create; by default those that are due.",
    )


def submit_job(reports: Reports, *, catch_up_days: int) -> dg.JobDefinition:
    """Return the job that creates the report runs which landing would create, and does not wait for them."""
    check_catch_up_days(catch_up_days)
    names = reports.names
    name = names.of(SUBMIT_JOB)

    @dg.op(
        name=f"{name}_report_runs",
        description="Creates report runs, and does not wait for them.",
    )
    @resource_parameters(names)
    def submit_report_runs(
        context: dg.OpExecutionContext,
        config: SubmitConfig,
        stripe: StripeResource,
        report_lake: ReportLakeResource,
    ) -> None:

        def submissions() -> Iterator[Submission]:
            yield from submit(
                _asked(reports, context, stripe, config.days, catch_up_days),
                account=stripe.account,
                lake=report_lake.lake,
                requests=reports.requests,
                timezone=reports.timezone,
                settings=replace(stripe.settings, range_runs=reports.range_runs),
                warn=context.log.warning,
            )

        counts: Counter[str] = Counter(made=0, adopted=0, left_to_landing=0, not_submitted=0)
        failures: list[NotSubmitted] = []
        try:
            for submission in submissions():
                if isinstance(submission, NotSubmitted):
                    submission.error.at(account=names.account)
                _log(context, submission)
                counts[_count(submission)] += 1
                if isinstance(submission, NotSubmitted):
                    failures.append(submission)
        except StripeReportsError as error:
            raise dg.Failure(str(error.at(account=names.account)), metadata=_metadata(counts)) from None
        if failures:
            raise dg.Failure(_text(failures), metadata=_metadata(counts))
        context.add_output_metadata(_metadata(counts))

    @dg.job(
        name=name,
        tags=names.tags,
        description="Creates the report runs of the days that are due, to land later.",
    )
    def job() -> None:
        submit_report_runs()

    return job


def submit_schedule(
    reports: Reports, *, cron_schedule: str, default_status: dg.DefaultScheduleStatus
) -> dg.ScheduleDefinition:
    """Return the schedule that runs the submit job, which it names."""
    names = reports.names
    return dg.ScheduleDefinition(
        name=names.of(SUBMIT_SCHEDULE),
        job_name=names.of(SUBMIT_JOB),
        cron_schedule=cron_schedule,
        execution_timezone="UTC",
        default_status=default_status,
        description="Creates the report runs of the days that are due, to land later.",
    )


def _asked(
    reports: Reports,
    context: dg.OpExecutionContext,
    stripe: StripeResource,
    given: Sequence[str] | None,
    catch_up_days: int,
) -> dict[ReportType, Sequence[date]]:
    offered = stripe.account.report_types()
    if given is None:
        now = datetime.now(UTC)
        due = due_days(reports, context.instance, offered, now, catch_up_days=catch_up_days, log=context.log)
        if not due.days:
            context.log.info(f"nothing is due: {due.why_nothing()}")
        return {reports.report_types[id_]: days for id_, days in due.days.items()}
    days = [parse_day(text) for text in given]
    if unknown := [str(day) for day in days if not reports.partitions_def.has_partition_key(str(day))]:
        raise ConfigurationError(
            f"{', '.join(unknown)}: not a partition; choose days from"
            f" {reports.partitions_def.get_first_partition_key()} on that are over"
        )
    log_not_offered(reports.report_types, offered, context.log)
    return {report_type: days for id_, report_type in reports.report_types.items() if id_ in offered}


def _log(context: dg.OpExecutionContext, submission: Submission) -> None:
    first, last = min(submission.days), max(submission.days)
    days = str(first) if first == last else f"{first} to {last}"
    match submission:
        case SubmittedRun():
            what = "adopted" if submission.adopted else "created"
            context.log.info(f"{submission.report_type.id} {days}: {what} report run {submission.report_run}")
        case LeftToLanding():
            context.log.info(
                f"{submission.report_type.id} {days}: its report runs are for single payouts, which are not"
                " known yet; they are created when the days land"
            )
        case NotSubmitted():
            context.log.error(
                f"{days}: {submission.error}" if len(submission.days) > 1 else str(submission.error)
            )


def _count(submission: Submission) -> str:
    match submission:
        case SubmittedRun():
            return "adopted" if submission.adopted else "made"
        case LeftToLanding():
            return "left_to_landing"
        case NotSubmitted():
            return "not_submitted"


def _metadata(counts: Mapping[str, int]) -> dict[str, Any]:
    """Return the counts of report runs, and of report types that were left to landing."""
    return dict(counts)


def _text(failures: Sequence[NotSubmitted]) -> str:
    errors = list(dict.fromkeys(str(failed.error) for failed in failures))
    others = "; and others, see the log" if len(errors) > _FAILURES_SHOWN else ""
    return f"could not create {len(failures)} report runs: {'; '.join(errors[:_FAILURES_SHOWN])}{others}"
