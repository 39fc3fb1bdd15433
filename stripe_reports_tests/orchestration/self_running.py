"""A code location whose schedules and sensors run, with short pauses, so that a test can watch them."""

import os

import dagster as dg

from stripe_reports import (
    ReportLakeIOManager,
    ReportLakeResource,
    StripeReports,
    StripeResource,
)

_RUNNING = set(os.environ["RUNNING"].split(","))
_EVERY_MINUTE = "* * * * *"


def _schedule(name: str) -> dg.DefaultScheduleStatus:
    status = dg.DefaultScheduleStatus
    return status.RUNNING if name in _RUNNING else status.STOPPED


def _sensor(name: str) -> dg.DefaultSensorStatus:
    status = dg.DefaultSensorStatus
    return status.RUNNING if name in _RUNNING else status.STOPPED


@dg.definitions
def defs() -> dg.Definitions:
    """From the variables of the test."""
    reports = StripeReports(
        os.environ["STRIPE_REPORTS_SELECT"], start_date=os.environ["STRIPE_REPORTS_START_DATE"]
    )
    lake = ReportLakeResource(uri=os.environ["STRIPE_REPORTS_LAKE"])
    return dg.Definitions(
        assets=reports.assets,
        jobs=[reports.job, reports.submit_job()],
        schedules=[
            reports.daily_schedule(cron_schedule=_EVERY_MINUTE, default_status=_schedule("daily")),
            reports.submit_schedule(cron_schedule=_EVERY_MINUTE, default_status=_schedule("submit")),
            reports.repull_schedule(cron_schedule=_EVERY_MINUTE, default_status=_schedule("repull")),
        ],
        sensors=[
            reports.availability_sensor(
                poll_seconds=5,
                minimum_interval_seconds=1,
                default_status=_sensor("availability"),
            ),
            reports.failed_runs_sensor(
                alert_url=os.environ["STRIPE_REPORTS_ALERT_URL"],
                request_again_after=(5, 5, 5),
                minimum_interval_seconds=1,
                default_status=_sensor("failed_runs"),
            ),
            reports.pickup_sensor(
                poll_seconds=float(os.environ["POLL_SECONDS"]),
                minimum_interval_seconds=1,
                default_status=_sensor("pickup"),
            ),
        ],
        resources={
            "stripe": StripeResource(
                api_key=dg.EnvVar("STRIPE_API_KEY"),
                api_base=os.environ["STRIPE_API_BASE"],
                files_base=os.environ["STRIPE_FILES_BASE"],
                poll_initial_seconds=0.05,
            ),
            "report_lake": lake,
            "report_lake_io_manager": ReportLakeIOManager(lake=lake),
        },
    )
