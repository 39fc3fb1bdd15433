"""All builders together: the definitions of a code location."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import dagster as dg

from stripe_reports.errors import ConfigurationError
from stripe_reports.landing import ReportRequest
from stripe_reports.orchestration.assets import (
    IO_MANAGER_KEY,
    START_DATE,
    build_stripe_report_assets,
    daily_partitions,
)
from stripe_reports.orchestration.automation import (
    DAILY_SCHEDULE_NAME,
    build_stripe_reports_daily_schedule,
    build_stripe_reports_job,
)
from stripe_reports.orchestration.availability import SENSOR_NAME as AVAILABILITY
from stripe_reports.orchestration.availability import build_stripe_reports_availability_sensor
from stripe_reports.orchestration.due import CATCH_UP_DAYS
from stripe_reports.orchestration.failed_runs import (
    REQUEST_AGAIN_AFTER,
    WEBSERVER_URL,
    Alert,
    build_stripe_reports_failed_runs_sensor,
)
from stripe_reports.orchestration.failed_runs import SENSOR_NAME as FAILED_RUNS
from stripe_reports.orchestration.io_manager import ReportLakeIOManager
from stripe_reports.orchestration.pickup import SENSOR_NAME as PICKUP
from stripe_reports.orchestration.pickup import build_stripe_reports_pickup_sensor
from stripe_reports.orchestration.repull import SCHEDULE_NAME as REPULL
from stripe_reports.orchestration.repull import build_stripe_reports_repull_schedule
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource
from stripe_reports.orchestration.submit import SCHEDULE_NAME as SUBMIT
from stripe_reports.orchestration.submit import (
    build_stripe_reports_submit_job,
    build_stripe_reports_submit_schedule,
)

AUTOMATION = (DAILY_SCHEDULE_NAME, AVAILABILITY, FAILED_RUNS, PICKUP, SUBMIT, REPULL)
"""Names of the schedules and sensors."""


def build_stripe_reports_definitions(
    *,
    stripe: StripeResource,
    report_lake: ReportLakeResource,
    select: str | Iterable[str] = "core",
    start_date: str = START_DATE,
    timezone: str = "UTC",
    requests: Mapping[str, ReportRequest] | None = None,
    catch_up_days: int = CATCH_UP_DAYS,
    alert_url: str | None = None,
    alert: Callable[[Alert], None] | None = None,
    webserver_url: str = WEBSERVER_URL,
    request_again_after: Sequence[float] = REQUEST_AGAIN_AFTER,
    running: Iterable[str] = (),
) -> dg.Definitions:
    """Assets, jobs, schedules, sensors, resources and IO manager for one Stripe account.

    `select`, `start_date`, `timezone` and `requests` are those of `build_stripe_report_assets`;
    `catch_up_days` is of the schedules and of the availability sensor, the next four are those of
    `build_stripe_reports_failed_runs_sensor`. `running`: names of the schedules and sensors that run from the
    start, unless they are switched in the UI.

    Raises UnknownReportTypeError, ConfigurationError or DayError for what makes no sense.
    """
    partitions_def = daily_partitions(start_date, timezone)
    assets = build_stripe_report_assets(select, partitions_def=partitions_def, requests=requests)
    job = build_stripe_reports_job(assets)
    submit_job = build_stripe_reports_submit_job(assets, requests=requests, catch_up_days=catch_up_days)
    status = _Status(running)
    return dg.Definitions(
        assets=assets,
        jobs=[job, submit_job],
        schedules=[
            build_stripe_reports_daily_schedule(
                assets,
                job,
                catch_up_days=catch_up_days,
                default_status=status.of_schedule(DAILY_SCHEDULE_NAME),
            ),
            build_stripe_reports_submit_schedule(submit_job, default_status=status.of_schedule(SUBMIT)),
            build_stripe_reports_repull_schedule(assets, job, default_status=status.of_schedule(REPULL)),
        ],
        sensors=[
            build_stripe_reports_failed_runs_sensor(
                assets,
                job,
                alert_url=alert_url,
                alert=alert,
                webserver_url=webserver_url,
                request_again_after=request_again_after,
                default_status=status.of_sensor(FAILED_RUNS),
            ),
            build_stripe_reports_availability_sensor(
                assets, job, catch_up_days=catch_up_days, default_status=status.of_sensor(AVAILABILITY)
            ),
            build_stripe_reports_pickup_sensor(
                assets, job, requests=requests, default_status=status.of_sensor(PICKUP)
            ),
        ],
        resources={
            "stripe": stripe,
            "report_lake": report_lake,
            IO_MANAGER_KEY: ReportLakeIOManager(lake=report_lake),
        },
    )


class _Status:
    """Which schedules and sensors run from the start. Raises ConfigurationError for a name of none."""

    def __init__(self, running: Iterable[str]) -> None:
        self._running = set(running)
        if unknown := sorted(self._running.difference(AUTOMATION)):
            raise ConfigurationError(
                f"there is no schedule or sensor {unknown[0]!r}; there are {', '.join(AUTOMATION)}"
            )

    def of_schedule(self, name: str) -> dg.DefaultScheduleStatus:
        """RUNNING or STOPPED."""
        status = dg.DefaultScheduleStatus
        return status.RUNNING if name in self._running else status.STOPPED

    def of_sensor(self, name: str) -> dg.DefaultSensorStatus:
        """RUNNING or STOPPED."""
        status = dg.DefaultSensorStatus
        return status.RUNNING if name in self._running else status.STOPPED
