"""All parts of one account's `StripeReports` together: the definitions of a code location."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from stripe_reports.errors import ConfigurationError
from stripe_reports.orchestration.books import Severity, books_sensor
from stripe_reports.orchestration.io_manager import ReportLakeIOManager
from stripe_reports.orchestration.jobs import reconcile_job
from stripe_reports.orchestration.names import (
    AUTOMATION,
    AVAILABILITY_SENSOR,
    BOOKS_SENSOR,
    DAILY_SCHEDULE,
    FAILED_RUNS_SENSOR,
    PICKUP_SENSOR,
    REPULL_SCHEDULE,
    SUBMIT_SCHEDULE,
    AccountNames,
)
from stripe_reports.orchestration.reports import Reports
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource
from stripe_reports.reconcile import reconciled_tables

if TYPE_CHECKING:
    from stripe_reports.orchestration.stripe_reports import StripeReports


def code_location(
    parts: "StripeReports",
    reports: Reports,
    *,
    resources: Mapping[str, Any],
    reconciliation: Severity | Mapping[str, Severity] | None,
    downstream: str | Iterable[str],
    catch_up_days: int,
    failed_runs: Callable[..., dg.SensorDefinition],
    running: Iterable[str],
) -> dg.Definitions:
    """Return the definitions. `failed_runs` makes that sensor, given its `default_status`."""
    started, names = _Started(running), reports.names
    on_reports: list[dg.AssetsDefinition] = []
    if reconciliation is not None and reconciled_tables(reports.by_table):
        on_reports.append(parts.reconciliation(severity=reconciliation))
    if downstream:
        on_reports += parts.downstream(downstream, after_reconciliation=bool(on_reports))
    daily = [each for each in on_reports if each.partitions_def == parts.partitions_def]
    # By their keys: a selection of what exists takes a hundred accounts seconds to resolve.
    days = dg.AssetSelection.assets(*daily)
    return dg.Definitions(
        assets=[*parts.assets, *on_reports],
        jobs=[
            parts.job,
            parts.submit_job(catch_up_days=catch_up_days),
            *([reconcile_job(names, days)] if daily else []),
        ],
        schedules=[
            parts.daily_schedule(
                catch_up_days=catch_up_days, default_status=started.schedule(DAILY_SCHEDULE)
            ),
            parts.submit_schedule(default_status=started.schedule(SUBMIT_SCHEDULE)),
            parts.repull_schedule(default_status=started.schedule(REPULL_SCHEDULE)),
        ],
        sensors=[
            failed_runs(default_status=started.sensor(FAILED_RUNS_SENSOR)),
            parts.availability_sensor(
                catch_up_days=catch_up_days, default_status=started.sensor(AVAILABILITY_SENSOR)
            ),
            parts.pickup_sensor(default_status=started.sensor(PICKUP_SENSOR)),
            *([books_sensor(names, days, default_status=started.sensor(BOOKS_SENSOR))] if daily else []),
        ],
        resources=resources,
    )


def account_resources(
    names: AccountNames, stripe: StripeResource, report_lake: ReportLakeResource
) -> Mapping[str, Any]:
    """Return the resources of an account and their IO manager, by their keys."""
    return {
        names.stripe: stripe,
        names.report_lake: report_lake,
        names.io_manager: ReportLakeIOManager(lake=report_lake),
    }


class _Started:
    """The schedules and sensors that run from the start. Raises ConfigurationError for an unknown name."""

    def __init__(self, running: Iterable[str]) -> None:
        self._running = set(running)
        if unknown := sorted(self._running.difference(AUTOMATION)):
            raise ConfigurationError(
                f"there is no schedule or sensor {unknown[0]!r}; there are {', '.join(AUTOMATION)}"
            )

    def schedule(self, name: str) -> dg.DefaultScheduleStatus:
        status = dg.DefaultScheduleStatus
        return status.RUNNING if name in self._running else status.STOPPED

    def sensor(self, name: str) -> dg.DefaultSensorStatus:
        status = dg.DefaultSensorStatus
        return status.RUNNING if name in self._running else status.STOPPED
