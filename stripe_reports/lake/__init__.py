"""Keeping tables: CSVs become typed Parquet files, committed whole, and are read back. No Dagster, no Stripe.

The folders show the paths through a lake:

- `storage` keeps bytes on a disk or in a bucket, whole or not at all.
- `parsing` turns the bytes of a CSV into typed Arrow tables.
- `writing` turns CSVs into committed Parquet files.
- `reading` turns landed files into rows, facts, sums and differences.
- `documents` keeps the small files beside the tables.
- `proving` compares landed days with their kept CSVs, without the code that landed them.

`lake.py` puts them together.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from stripe_reports.lake.documents.inbox import Inbox
from stripe_reports.lake.documents.table_settings import TableSettings
from stripe_reports.lake.lake import Lake
from stripe_reports.lake.offered_reports import OfferedReports
from stripe_reports.lake.opening import local_path, open_existing_lake, open_lake
from stripe_reports.lake.parsing.header import take_header
from stripe_reports.lake.parsing.source import Csv, DayColumn, ExpectedColumns
from stripe_reports.lake.pii import POLICIES, Pii, check_pii
from stripe_reports.lake.storage.landed_table import LandedFile, LandedTable
from stripe_reports.lake.writing.derived import MADE_FROM

if TYPE_CHECKING:
    from stripe_reports.lake.parsing.schema import ARROW_TYPES, DECIMAL
    from stripe_reports.lake.proving.verification import VerifiedDay
    from stripe_reports.lake.reading.dataset import Rows
    from stripe_reports.lake.reading.difference import Difference
    from stripe_reports.lake.storage.object_files import read_errors

__all__ = [
    "ARROW_TYPES",
    "DECIMAL",
    "MADE_FROM",
    "POLICIES",
    "Csv",
    "DayColumn",
    "Difference",
    "ExpectedColumns",
    "Inbox",
    "Lake",
    "LandedFile",
    "LandedTable",
    "OfferedReports",
    "Pii",
    "Rows",
    "TableSettings",
    "VerifiedDay",
    "check_pii",
    "local_path",
    "open_existing_lake",
    "open_lake",
    "read_errors",
    "take_header",
]

# Lazy, because these import pyarrow, which a process that only opens a lake does without.
_LAZY = {
    "ARROW_TYPES": "parsing.schema",
    "DECIMAL": "parsing.schema",
    "Difference": "reading.difference",
    "Rows": "reading.dataset",
    "VerifiedDay": "proving.verification",
    "read_errors": "storage.object_files",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
