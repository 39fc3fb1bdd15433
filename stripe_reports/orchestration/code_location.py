"""All builders together: the definitions of a code location."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

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
from stripe_reports.orchestration.books import SENSOR_NAME as BOOKS
from stripe_reports.orchestration.books import (
    build_stripe_reports_books_sensor,
    build_stripe_reports_reconcile_job,
    with_automation,
)
from stripe_reports.orchestration.downstream import build_stripe_reports_downstream_assets
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
from stripe_reports.orchestration.reconciliation import Severity, build_stripe_reports_reconciliation
from stripe_reports.orchestration.repull import SCHEDULE_NAME as REPULL
from stripe_reports.orchestration.repull import build_stripe_reports_repull_schedule
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource
from stripe_reports.orchestration.submit import SCHEDULE_NAME as SUBMIT
from stripe_reports.orchestration.submit import (
    build_stripe_reports_submit_job,
    build_stripe_reports_submit_schedule,
)
from stripe_reports.reconcile import reconciled_tables

if TYPE_CHECKING:
    # What dg.define_asset_job returns; Dagster does not export its name.
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

AUTOMATION = (DAILY_SCHEDULE_NAME, AVAILABILITY, FAILED_RUNS, PICKUP, SUBMIT, REPULL, BOOKS)
"""Names of the schedules and sensors."""


def build_stripe_reports_definitions(
    *,
    stripe: StripeResource,
    report_lake: ReportLakeResource,
    select: str | Iterable[str] = "core",
    start_date: str = START_DATE,
    timezone: str = "UTC",
    requests: Mapping[str, ReportRequest] | None = None,
    reconciliation: Severity | Mapping[str, Severity] | None = Severity.ERROR,
    downstream: Iterable[str] = (),
    catch_up_days: int = CATCH_UP_DAYS,
    alert_url: str | None = None,
    alert: Callable[[Alert], None] | None = None,
    webserver_url: str = WEBSERVER_URL,
    request_again_after: Sequence[float] = REQUEST_AGAIN_AFTER,
    running: Iterable[str] = (),
) -> dg.Definitions:
    """Assets, jobs, schedules, sensors, resources and IO manager for one Stripe account.

    `select`, `start_date`, `timezone` and `requests` are those of `build_stripe_report_assets`.
    `reconciliation`: how severe a broken identity is, as `severity` of `build_stripe_reports_reconciliation`,
    or None to reconcile nothing; there is nothing to reconcile either where no report of the core is
    selected. `downstream`: names of the assets that `build_stripe_reports_downstream_assets` makes, or `all`;
    they come after the reconciliation, where there is one. `catch_up_days` is of the schedules and of the
    availability sensor, the next four are those of `build_stripe_reports_failed_runs_sensor`. `running`:
    names of the schedules and sensors that run from the start, unless they are switched in the UI.

    Raises UnknownReportTypeError, ConfigurationError or DayError for what makes no sense.
    """
    partitions_def = daily_partitions(start_date, timezone)
    assets = build_stripe_report_assets(select, partitions_def=partitions_def, requests=requests)
    job = build_stripe_reports_job(assets)
    books = _books(assets, partitions_def, reconciliation, downstream)
    submit_job = build_stripe_reports_submit_job(assets, requests=requests, catch_up_days=catch_up_days)
    status = _Status(running)
    return dg.Definitions(
        assets=[*assets, *books],
        jobs=[job, submit_job, *_reconcile_jobs(books, partitions_def)],
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
                books=books,
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
            *(
                [build_stripe_reports_books_sensor(books, default_status=status.of_sensor(BOOKS))]
                if books
                else []
            ),
        ],
        resources={
            "stripe": stripe,
            "report_lake": report_lake,
            IO_MANAGER_KEY: ReportLakeIOManager(lake=report_lake),
        },
    )


def _reconcile_jobs(
    books: Sequence[dg.AssetsDefinition], partitions_def: dg.DailyPartitionsDefinition
) -> Sequence["UnresolvedAssetJobDefinition"]:
    of_days = [each for each in books if each.partitions_def == partitions_def]
    return [build_stripe_reports_reconcile_job(of_days)] if of_days else []


def _books(
    assets: Sequence[dg.AssetsDefinition],
    partitions_def: dg.DailyPartitionsDefinition,
    reconciliation: Severity | Mapping[str, Severity] | None,
    downstream: Iterable[str],
) -> Sequence[dg.AssetsDefinition]:
    """The reconciliation, and what is computed from the landed tables once the books agree."""
    tables = [key.path[-1] for each in assets for key in each.keys]
    books = []
    if reconciliation is not None and reconciled_tables(tables):
        reconciled = build_stripe_reports_reconciliation(assets, severity=reconciliation)
        books.append(with_automation(reconciled, partitions_def, may_lack_reports=True))
    if downstream:
        after = [key for each in books for key in each.keys]
        made = build_stripe_reports_downstream_assets(
            downstream, partitions_def=partitions_def, tables=tables, after=after
        )
        books += [with_automation(each, partitions_def) for each in made]
    return books


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
