"""What a closing rests on: the CSVs of Stripe's that its tables were landed from."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from stripe_reports.close.month import Month
from stripe_reports.lake import Lake

Evidence = Mapping[str, Mapping[str, str]]
"""{table: {day: SHA-256 of its CSV}}."""


def read_evidence(lake: Lake, month: Month, tables: Collection[str]) -> Evidence:
    """Of every day of these tables, which must have landed.

    Not the ids of the report runs: Stripe gives out others for the same bytes. `Lake.provenance` of a day
    says them, and `Lake.kept_csv` has the bytes.
    """
    return {
        table: {str(day): lake.provenance(table, day).get("csv_sha256", "") for day in month.days}
        for table in sorted(tables)
    }
