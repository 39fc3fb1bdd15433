"""Dagster: resources, assets, schedules, sensors, webhook. The only wing that imports dagster."""

from stripe_reports.orchestration.assets import build_stripe_report_assets, stripe_report_spec
from stripe_reports.orchestration.automation import (
    build_stripe_reports_daily_schedule,
    build_stripe_reports_job,
)
from stripe_reports.orchestration.availability import build_stripe_reports_availability_sensor
from stripe_reports.orchestration.books import (
    build_stripe_reports_books_sensor,
    build_stripe_reports_reconcile_job,
)
from stripe_reports.orchestration.code_location import build_stripe_reports_definitions
from stripe_reports.orchestration.downstream import build_stripe_reports_downstream_assets
from stripe_reports.orchestration.failed_runs import Alert, build_stripe_reports_failed_runs_sensor
from stripe_reports.orchestration.io_manager import ReportLakeIOManager
from stripe_reports.orchestration.pickup import build_stripe_reports_pickup_sensor
from stripe_reports.orchestration.reconciliation import build_stripe_reports_reconciliation
from stripe_reports.orchestration.repull import build_stripe_reports_repull_schedule
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource
from stripe_reports.orchestration.submit import (
    build_stripe_reports_submit_job,
    build_stripe_reports_submit_schedule,
)

__all__ = [
    "Alert",
    "ReportLakeIOManager",
    "ReportLakeResource",
    "StripeResource",
    "build_stripe_report_assets",
    "build_stripe_reports_availability_sensor",
    "build_stripe_reports_books_sensor",
    "build_stripe_reports_daily_schedule",
    "build_stripe_reports_definitions",
    "build_stripe_reports_downstream_assets",
    "build_stripe_reports_failed_runs_sensor",
    "build_stripe_reports_job",
    "build_stripe_reports_pickup_sensor",
    "build_stripe_reports_reconcile_job",
    "build_stripe_reports_reconciliation",
    "build_stripe_reports_repull_schedule",
    "build_stripe_reports_submit_job",
    "build_stripe_reports_submit_schedule",
    "stripe_report_spec",
]
