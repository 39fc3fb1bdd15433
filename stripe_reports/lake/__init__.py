"""Keeping tables: CSV to typed Parquet, committed whole, and reading back. Knows no Dagster and no Stripe."""

from stripe_reports.lake.lake import Lake, LandedTable
from stripe_reports.lake.source import Csv, ExpectedColumns

__all__ = ["Csv", "ExpectedColumns", "Lake", "LandedTable"]
