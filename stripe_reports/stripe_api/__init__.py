"""Requests to Stripe: accounts, report types, report runs, result files. No Dagster, no Parquet."""

from stripe_reports.stripe_api.account import Account
from stripe_reports.stripe_api.api import API_BASE, CALLS_PER_SECOND, FILES_BASE, StripeApi
from stripe_reports.stripe_api.api_key import kind_of, mode_of, redact
from stripe_reports.stripe_api.clock import ClockLead, clock_lead
from stripe_reports.stripe_api.event import Event, parse_event, read_event
from stripe_reports.stripe_api.events import EndedRuns, FeedCursor, ended_report_runs
from stripe_reports.stripe_api.pages import list_report_runs
from stripe_reports.stripe_api.reads import may_read, reach_files_host
from stripe_reports.stripe_api.refusal import is_replayed
from stripe_reports.stripe_api.repeat import until_it_passes
from stripe_reports.stripe_api.report_run import (
    ReportRun,
    ResultFile,
    RunParameters,
    create_report_run,
    retrieve_report_run,
)
from stripe_reports.stripe_api.report_type import OfferedReportType, check_available
from stripe_reports.stripe_api.result_file import open_result
from stripe_reports.stripe_api.run_request import check_answers_request, request_text

__all__ = [
    "API_BASE",
    "CALLS_PER_SECOND",
    "FILES_BASE",
    "Account",
    "ClockLead",
    "EndedRuns",
    "Event",
    "FeedCursor",
    "OfferedReportType",
    "ReportRun",
    "ResultFile",
    "RunParameters",
    "StripeApi",
    "check_answers_request",
    "check_available",
    "clock_lead",
    "create_report_run",
    "ended_report_runs",
    "is_replayed",
    "kind_of",
    "list_report_runs",
    "may_read",
    "mode_of",
    "open_result",
    "parse_event",
    "reach_files_host",
    "read_event",
    "redact",
    "request_text",
    "retrieve_report_run",
    "until_it_passes",
]
