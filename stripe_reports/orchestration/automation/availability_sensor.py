"""The sensor that requests days as soon as Stripe has their data."""

import time
from collections.abc import Mapping
from datetime import UTC, date, datetime

import dagster as dg
from pydantic import BaseModel

from stripe_reports.errors import ConfigurationError
from stripe_reports.orchestration.automation.cursor import read_cursor
from stripe_reports.orchestration.automation.due import (
    Offered,
    check_catch_up_days,
    due_days,
    log_not_offered,
    newest_available_day,
    offered_report_types,
)
from stripe_reports.orchestration.inbox_events import look_into_inbox
from stripe_reports.orchestration.jobs import AssetJob
from stripe_reports.orchestration.names import AVAILABILITY_SENSOR
from stripe_reports.orchestration.reports import Reports
from stripe_reports.orchestration.resource_parameters import resource_parameters
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource
from stripe_reports.webhook import REPORT_TYPE_UPDATED


class _Cursor(BaseModel):
    """What earlier evaluations have seen."""

    newest: dict[str, date] = {}
    """The newest day of each report type whose data Stripe has had."""
    asked_at: float = 0.0
    """When Stripe was last asked, in Unix seconds."""
    handled: list[str] = []
    """Names in the inbox to remove once this cursor is stored."""


def availability_sensor(
    reports: Reports,
    job: AssetJob,
    *,
    catch_up_days: int,
    poll_seconds: float,
    minimum_interval_seconds: int,
    default_status: dg.DefaultSensorStatus,
) -> dg.SensorDefinition:
    """Return the sensor that requests days as soon as Stripe has their data."""
    names = reports.names
    check_catch_up_days(catch_up_days)
    if poll_seconds < 0:
        raise ConfigurationError(f"poll_seconds is {poll_seconds:g}; give 0 or more")

    @dg.sensor(
        name=names.of(AVAILABILITY_SENSOR),
        job=job,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=default_status,
        description="Lands days of the selected reports as soon as Stripe has their data.",
    )
    @resource_parameters(names)
    def availability(
        context: dg.SensorEvaluationContext, stripe: StripeResource, report_lake: ReportLakeResource
    ) -> dg.SensorResult:
        cursor = read_cursor(_Cursor, context.cursor, context.log)
        kept = look_into_inbox(report_lake, REPORT_TYPE_UPDATED, cursor.handled, context.log)
        cursor.handled = list(kept.handled)
        # A newer event of a report type replaces the one before in the inbox. So what was removed may be one
        # that no evaluation has seen, and Stripe is asked once more.
        has_event = bool(kept.bodies or kept.removed)
        now = time.time()
        if not has_event and 0 <= now - cursor.asked_at < poll_seconds:
            return _skipped(
                cursor, f"Stripe is asked every {poll_seconds:g} s, or when its webhook announces new data"
            )
        cursor.asked_at = now
        offered = offered_report_types(stripe, context.log)
        if offered is None:
            return _skipped(cursor, "Stripe is unreachable; retrying at the next tick (see this tick's log)")
        cursor.handled += kept.bodies
        at = datetime.fromtimestamp(now, UTC)
        moved = _moved(reports, offered, at, cursor.newest)
        cursor.newest |= moved
        if not moved:
            return _skipped(cursor, "no selected report has a newer day")
        log_not_offered(reports.report_types, offered, context.log)
        due = due_days(
            reports,
            context.instance,
            offered,
            at,
            catch_up_days=catch_up_days,
            log=context.log,
            among=moved,
        )
        if not due.days:
            return _skipped(cursor, f"nothing is due: {due.why_nothing()}")
        requests = [
            request
            for newest in sorted(set(moved.values()))
            for request in reports.run_requests(
                {id_: days for id_, days in due.days.items() if moved[id_] == newest},
                name=f"available through {newest}",
            )
        ]
        return dg.SensorResult(run_requests=requests, cursor=cursor.model_dump_json())

    return availability


def _moved(reports: Reports, offered: Offered, now: datetime, seen: Mapping[str, date]) -> dict[str, date]:
    """Return the newest days that no evaluation has seen, also of report types that none has seen."""
    newest = {
        id_: newest_available_day(report_type, offered[id_], reports.timezone, now)
        for id_, report_type in reports.report_types.items()
        if id_ in offered
    }
    return {id_: day for id_, day in newest.items() if day and (id_ not in seen or day > seen[id_])}


def _skipped(cursor: _Cursor, why: str) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=why, cursor=cursor.model_dump_json())
