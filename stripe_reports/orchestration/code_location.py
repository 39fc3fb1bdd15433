"""All builders together: the definitions of a code location."""

from collections.abc import Iterable, Mapping

import dagster as dg

from stripe_reports.landing import ReportRequest
from stripe_reports.orchestration.assets import (
    IO_MANAGER_KEY,
    START_DATE,
    build_stripe_report_assets,
    daily_partitions,
)
from stripe_reports.orchestration.automation import (
    build_stripe_reports_daily_schedule,
    build_stripe_reports_job,
)
from stripe_reports.orchestration.failed_runs import build_stripe_reports_failed_runs_sensor
from stripe_reports.orchestration.io_manager import ReportLakeIOManager
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource


def build_stripe_reports_definitions(
    *,
    stripe: StripeResource,
    report_lake: ReportLakeResource,
    select: str | Iterable[str] = "core",
    start_date: str = START_DATE,
    timezone: str = "UTC",
    requests: Mapping[str, ReportRequest] | None = None,
    alert_url: str | None = None,
) -> dg.Definitions:
    """Assets, job, schedule, sensor, resources and IO manager for one Stripe account.

    `select`, `start_date`, `timezone` and `requests` are those of `build_stripe_report_assets`.

    Raises UnknownReportTypeError, ConfigurationError or DayError for what makes no sense.
    """
    partitions_def = daily_partitions(start_date, timezone)
    assets = build_stripe_report_assets(select, partitions_def=partitions_def, requests=requests)
    job = build_stripe_reports_job(assets)
    return dg.Definitions(
        assets=assets,
        jobs=[job],
        schedules=[build_stripe_reports_daily_schedule(job, partitions_def)],
        sensors=[build_stripe_reports_failed_runs_sensor(assets, alert_url=alert_url)],
        resources={
            "stripe": stripe,
            "report_lake": report_lake,
            IO_MANAGER_KEY: ReportLakeIOManager(lake=report_lake),
        },
    )
