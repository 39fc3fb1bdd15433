"""Keeping tables: CSV to typed Parquet, committed whole, and reading back. Knows no Dagster and no Stripe."""

from stripe_reports.lake.lake import Lake
from stripe_reports.lake.landed_file import LandedFile
from stripe_reports.lake.landed_table import LandedTable
from stripe_reports.lake.offered import OfferedReports
from stripe_reports.lake.opening import open_existing_lake, open_lake
from stripe_reports.lake.source import Csv, DayColumn, ExpectedColumns
from stripe_reports.lake.table_settings import TableSettings

__all__ = [
    "Csv",
    "DayColumn",
    "ExpectedColumns",
    "Lake",
    "LandedFile",
    "LandedTable",
    "OfferedReports",
    "TableSettings",
    "open_existing_lake",
    "open_lake",
]
