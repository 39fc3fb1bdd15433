"""The schedule that lands days once more, because Stripe changes rows after the fact."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

import dagster as dg

from stripe_reports.catalog import ReportType, select_report_types
from stripe_reports.errors import ConfigurationError
from stripe_reports.orchestration.automation.due import newest_available_day
from stripe_reports.orchestration.jobs import AssetJob
from stripe_reports.orchestration.names import REPULL_SCHEDULE
from stripe_reports.orchestration.reports import Reports

REPULL_CRON = "0 15 * * 1"
"""Mondays, in UTC: when the daily schedule's runs have ended."""
WINDOW_DAYS = 35
_TAG = "stripe_reports/repull"


def repull_schedule(
    reports: Reports,
    job: AssetJob,
    *,
    window_days: int,
    cron_schedule: str,
    select: str | Iterable[str] | None,
    default_status: dg.DefaultScheduleStatus,
) -> dg.ScheduleDefinition:
    """Return the schedule that lands the newest days of each report once more, from new report runs."""
    if window_days < 1:
        raise ConfigurationError(f"window_days is {window_days}; give 1 or more")
    report_types = _selected(reports, select)
    name = reports.names.of(REPULL_SCHEDULE)

    @dg.schedule(
        name=name,
        job=job,
        cron_schedule=cron_schedule,
        execution_timezone="UTC",
        default_status=default_status,
        description=f"Lands the newest {window_days} days of reports whose rows Stripe changes once more.",
    )
    def repull(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        if not report_types:
            return dg.SkipReason("no selected report is one whose rows change")
        now = context.scheduled_execution_time
        windows = {
            id_: _window(report_type, reports.timezone, now, window_days)
            for id_, report_type in report_types.items()
        }
        wanted = {id_: reports.landed(context.instance, id_, days) for id_, days in windows.items()}
        if not any(wanted.values()):
            return dg.SkipReason(
                f"nothing to land once more: each of the newest {window_days} days of each report has not"
                " landed yet, or a run is landing it"
            )
        return reports.run_requests(
            wanted,
            name=f"{name} {now.isoformat()}",
            config={"force_new_report_run": True},  # existing ones are up to a week old
            tags={_TAG: "true"},
        )

    return repull


def _selected(reports: Reports, select: str | Iterable[str] | None) -> Mapping[str, ReportType]:
    if select is None:
        return {id_: each for id_, each in reports.report_types.items() if each.rows_change}
    asked = {report_type.id for report_type in select_report_types(select)}
    if not asked & reports.report_types.keys():
        raise ConfigurationError(f"{select!r} selects none of the selected report types")
    return {id_: each for id_, each in reports.report_types.items() if id_ in asked}


def _window(report_type: ReportType, timezone: str, now: datetime, days: int) -> Sequence[date]:
    newest = newest_available_day(report_type, None, timezone, now)
    return [newest - timedelta(days=back) for back in range(days)] if newest else []
