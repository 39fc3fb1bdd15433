"""Dagster: resources, assets, schedule and sensor. The only wing that imports dagster."""

from stripe_reports.orchestration.assets import build_stripe_report_assets, stripe_report_spec
from stripe_reports.orchestration.automation import (
    build_stripe_reports_daily_schedule,
    build_stripe_reports_job,
)
from stripe_reports.orchestration.code_location import build_stripe_reports_definitions
from stripe_reports.orchestration.failed_runs import build_stripe_reports_failed_runs_sensor
from stripe_reports.orchestration.io_manager import ReportLakeIOManager
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource

__all__ = [
    "ReportLakeIOManager",
    "ReportLakeResource",
    "StripeResource",
    "build_stripe_report_assets",
    "build_stripe_reports_daily_schedule",
    "build_stripe_reports_definitions",
    "build_stripe_reports_failed_runs_sensor",
    "build_stripe_reports_job",
    "stripe_report_spec",
]
