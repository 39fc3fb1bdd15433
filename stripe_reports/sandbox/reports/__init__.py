"""The ledger as report bodies: rows by column name, and Stripe's CSV."""

from stripe_reports.sandbox.reports.csv_file import csv_chunks
from stripe_reports.sandbox.reports.played import PLAYED, ReportBody
from stripe_reports.sandbox.reports.query import Query, Row, utc_stamp

__all__ = ["PLAYED", "Query", "ReportBody", "Row", "csv_chunks", "utc_stamp"]
