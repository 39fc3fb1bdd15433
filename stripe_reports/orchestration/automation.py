"""The job of all reports, and the daily schedule that catches up."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from stripe_reports.orchestration.due import (
    CATCH_UP_DAYS,
    check_catch_up_days,
    due_days,
    offered_report_types,
)
from stripe_reports.orchestration.resources import StripeResource
from stripe_reports.orchestration.watched import WatchedReports

if TYPE_CHECKING:
    # What dg.define_asset_job returns; Dagster does not export its name.
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

JOB_NAME = "stripe_reports"
DAILY_SCHEDULE_NAME = "stripe_reports_daily"
DAILY_CRON = "0 13 * * *"
"""In UTC: an hour after the data of the day before are there
(https://docs.stripe.com/reports/api#data-availability)."""


def build_stripe_reports_job(
    assets: Sequence[dg.AssetsDefinition], *, name: str = JOB_NAME
) -> "UnresolvedAssetJobDefinition":
    """A job that materializes one day of all the given report assets, or what a run asks for of them."""
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*assets),
        description="One day of all selected Stripe reports.",
    )


def build_stripe_reports_daily_schedule(
    assets: Sequence[dg.AssetsDefinition],
    job: "UnresolvedAssetJobDefinition",
    *,
    catch_up_days: int = CATCH_UP_DAYS,
    cron_schedule: str = DAILY_CRON,
    default_status: dg.DefaultScheduleStatus = dg.DefaultScheduleStatus.STOPPED,
    name: str = DAILY_SCHEDULE_NAME,
) -> dg.ScheduleDefinition:
    """At 13:00 UTC, request of each report type the newest day whose data Stripe has, and the `catch_up_days`
    days before it; without those that have landed or are on their way.

    Stripe is asked how far its data go, in one call; where it cannot be asked, its documented delays decide.
    A day that has failed is requested again by the next day's tick, as long as it is among these. A tick that
    is repeated starts its runs once.

    It needs the resource `stripe`. `job` is one of all these assets, as `build_stripe_reports_job` makes it.
    Raises ConfigurationError for what makes no sense.
    """
    watched = WatchedReports(assets)
    check_catch_up_days(catch_up_days)

    @dg.schedule(
        name=name,
        job=job,
        cron_schedule=cron_schedule,
        execution_timezone="UTC",
        default_status=default_status,
        description="Lands the newest day whose data Stripe has, of each selected report, and what is"
        f" missing of the {catch_up_days} days before.",
    )
    def daily(
        context: dg.ScheduleEvaluationContext, stripe: StripeResource
    ) -> list[dg.RunRequest] | dg.SkipReason:
        now = context.scheduled_execution_time
        offered = offered_report_types(stripe, context.log)
        due = due_days(watched, context.instance, offered, now, catch_up_days=catch_up_days, log=context.log)
        if not due.days:
            return dg.SkipReason(f"nothing is due: {due.why_nothing()}")
        return watched.run_requests(due.days, name=now.isoformat())

    return daily
