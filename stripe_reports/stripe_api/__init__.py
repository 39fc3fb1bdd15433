"""Asking Stripe: accounts, report types, report runs, result files. No Dagster, no Parquet."""

from stripe_reports.stripe_api.account import Account
from stripe_reports.stripe_api.api import API_BASE, FILES_BASE, StripeApi
from stripe_reports.stripe_api.report_run import (
    Polling,
    ReportRun,
    ResultFile,
    RunParameters,
    create_report_run,
    wait_for,
)
from stripe_reports.stripe_api.report_type import OfferedReportType, check_available
from stripe_reports.stripe_api.result_file import open_result

__all__ = [
    "API_BASE",
    "FILES_BASE",
    "Account",
    "OfferedReportType",
    "Polling",
    "ReportRun",
    "ResultFile",
    "RunParameters",
    "StripeApi",
    "check_available",
    "create_report_run",
    "open_result",
    "wait_for",
]
