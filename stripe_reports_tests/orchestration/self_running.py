"""A code location whose schedules and sensors run, with short pauses, so that a test can watch them."""

import os

import dagster as dg

from stripe_reports import (
    ReportLakeIOManager,
    ReportLakeResource,
    StripeResource,
    build_stripe_report_assets,
    build_stripe_reports_availability_sensor,
    build_stripe_reports_daily_schedule,
    build_stripe_reports_failed_runs_sensor,
    build_stripe_reports_job,
    build_stripe_reports_pickup_sensor,
    build_stripe_reports_repull_schedule,
    build_stripe_reports_submit_job,
    build_stripe_reports_submit_schedule,
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
    assets = build_stripe_report_assets(
        os.environ["STRIPE_REPORTS_SELECT"], start_date=os.environ["STRIPE_REPORTS_START_DATE"]
    )
    job = build_stripe_reports_job(assets)
    submit = build_stripe_reports_submit_job(assets)
    lake = ReportLakeResource(uri=os.environ["STRIPE_REPORTS_LAKE"])
    return dg.Definitions(
        assets=assets,
        jobs=[job, submit],
        schedules=[
            build_stripe_reports_daily_schedule(
                assets, job, cron_schedule=_EVERY_MINUTE, default_status=_schedule("daily")
            ),
            build_stripe_reports_submit_schedule(
                submit, cron_schedule=_EVERY_MINUTE, default_status=_schedule("submit")
            ),
            build_stripe_reports_repull_schedule(
                assets, job, cron_schedule=_EVERY_MINUTE, default_status=_schedule("repull")
            ),
        ],
        sensors=[
            build_stripe_reports_availability_sensor(
                assets,
                job,
                poll_seconds=5,
                minimum_interval_seconds=1,
                default_status=_sensor("availability"),
            ),
            build_stripe_reports_failed_runs_sensor(
                assets,
                job,
                alert_url=os.environ["STRIPE_REPORTS_ALERT_URL"],
                request_again_after=(5, 5, 5),
                minimum_interval_seconds=1,
                default_status=_sensor("failed_runs"),
            ),
            build_stripe_reports_pickup_sensor(
                assets,
                job,
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
