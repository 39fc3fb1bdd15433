"""The bodies of reports, made from the ledger: rows by column name, and Stripe's CSV."""

from stripe_reports.sandbox.reports.bodies import REPORT_BODIES, ReportBody
from stripe_reports.sandbox.reports.csv_file import csv_chunks
from stripe_reports.sandbox.reports.profile import ACCOUNT_PROFILES, AccountProfile, is_enabled
from stripe_reports.sandbox.reports.query import Query, Row, utc_stamp
from stripe_reports.sandbox.reports.report_columns import columns_of

__all__ = [
    "ACCOUNT_PROFILES",
    "REPORT_BODIES",
    "AccountProfile",
    "Query",
    "ReportBody",
    "Row",
    "columns_of",
    "csv_chunks",
    "is_enabled",
    "utc_stamp",
]
