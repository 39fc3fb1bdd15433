"""The schedule that requests the newest day, and those that are missing of the days before it."""

import dagster as dg

from stripe_reports.orchestration.automation.due import check_catch_up_days, due_days, offered_report_types
from stripe_reports.orchestration.jobs import AssetJob
from stripe_reports.orchestration.names import DAILY_SCHEDULE
from stripe_reports.orchestration.reports import Reports
from stripe_reports.orchestration.resource_parameters import resource_parameters
from stripe_reports.orchestration.resources import StripeResource

DAILY_CRON = "0 13 * * *"
"""In UTC: an hour after Stripe has the data of the day before
(https://docs.stripe.com/reports/api#data-availability)."""


def daily_schedule(
    reports: Reports,
    job: AssetJob,
    *,
    catch_up_days: int,
    cron_schedule: str,
    default_status: dg.DefaultScheduleStatus,
) -> dg.ScheduleDefinition:
    """Return the schedule that requests the newest day whose data Stripe has, and the days before it."""
    check_catch_up_days(catch_up_days)
    names = reports.names

    @dg.schedule(
        name=names.of(DAILY_SCHEDULE),
        job=job,
        cron_schedule=cron_schedule,
        execution_timezone="UTC",
        default_status=default_status,
        description="Lands the newest day whose data Stripe has, of each selected report, and what is"
        f" missing of the {catch_up_days} days before.",
    )
    @resource_parameters(names)
    def daily(
        context: dg.ScheduleEvaluationContext, stripe: StripeResource
    ) -> list[dg.RunRequest] | dg.SkipReason:
        now = context.scheduled_execution_time
        offered = offered_report_types(stripe, context.log)
        due = due_days(reports, context.instance, offered, now, catch_up_days=catch_up_days, log=context.log)
        if not due.days:
            return dg.SkipReason(f"nothing is due: {due.why_nothing()}")
        return reports.run_requests(due.days, name=now.isoformat())

    return daily
