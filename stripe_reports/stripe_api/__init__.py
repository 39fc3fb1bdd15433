"""Asking Stripe: report types, report runs, result files. No Dagster, no Parquet."""

from stripe_reports.stripe_api.api import API_BASE, FILES_BASE, StripeApi
from stripe_reports.stripe_api.report_run import (
    Polling,
    ReportRun,
    ResultFile,
    RunParameters,
    create_report_run,
    wait_for,
)
from stripe_reports.stripe_api.report_type import Availability, check_available, retrieve_availability
from stripe_reports.stripe_api.result_file import open_result

__all__ = [
    "API_BASE",
    "FILES_BASE",
    "Availability",
    "Polling",
    "ReportRun",
    "ResultFile",
    "RunParameters",
    "StripeApi",
    "check_available",
    "create_report_run",
    "open_result",
    "retrieve_availability",
    "wait_for",
]
