"""The daily schedule."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from stripe_reports.catalog import newest_complete_day

if TYPE_CHECKING:
    # What dg.define_asset_job returns; Dagster does not export its name.
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

JOB_NAME = "stripe_reports"
DAILY_SCHEDULE_NAME = "stripe_reports_daily"


def build_stripe_reports_job(
    assets: Sequence[dg.AssetsDefinition], *, name: str = JOB_NAME
) -> "UnresolvedAssetJobDefinition":
    """A job that materializes one day of all the given report assets."""
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*assets),
        description="One day of all selected Stripe reports.",
    )


def build_stripe_reports_daily_schedule(
    job: "UnresolvedAssetJobDefinition",
    partitions_def: dg.DailyPartitionsDefinition,
    *,
    name: str = DAILY_SCHEDULE_NAME,
) -> dg.ScheduleDefinition:
    """At 13:00 UTC, request the newest day whose data Stripe has by its documented schedule.

    In UTC that is yesterday; in another time zone it can be a day earlier, because the day reaches into a UTC
    day that is not complete yet. A day is requested once, however often the schedule ticks.
    """

    @dg.schedule(
        name=name,
        job=job,
        cron_schedule="0 13 * * *",
        execution_timezone="UTC",
        description="Lands the newest complete day of all selected reports, at 13:00 UTC.",
    )
    def daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        day = newest_complete_day(context.scheduled_execution_time, partitions_def.timezone).isoformat()
        first = partitions_def.get_first_partition_key()
        if first is None or day < first:
            return dg.SkipReason(f"{day} is the newest complete day, the partitions start later ({first})")
        return dg.RunRequest(run_key=day, partition_key=day)

    return daily
