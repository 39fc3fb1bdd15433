"""What the UI shows of a landed partition."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import dagster as dg

from stripe_reports.catalog import amount_text
from stripe_reports.landing import LandedDay
from stripe_reports.orchestration.assets.day_warnings import warnings_of_day
from stripe_reports.orchestration.assets.preview import preview_metadata
from stripe_reports.orchestration.ui_table import table_of


def landed_metadata(landed: LandedDay) -> Mapping[str, Any]:
    """Return facts about one landed partition; the UI plots the numbers over the partitions."""
    table = landed.table
    warnings = warnings_of_day(landed)
    metadata: dict[str, Any] = {
        "dagster/partition_row_count": table.rows,
        "dagster/uri": table.uri,
        "report_run": ",".join(landed.report_runs),
        "adopted": landed.adopted,
        "unchanged": landed.unchanged or (landed.difference is not None and landed.difference.unchanged),
        "result_file": ",".join(result.id for result in landed.results),
        "csv_bytes": table.csv_bytes,
        "csv_sha256": table.csv_sha256,
        "parquet_bytes": table.parquet_bytes,
        "waited_seconds": round(landed.waited_seconds, 3),
        "landed_seconds": round(landed.landed_seconds, 3),
    }
    metadata["data_available_end"] = dg.MetadataValue.timestamp(float(landed.data_available_end))
    if landed.results:
        oldest = min(result.created for result in landed.results)
        metadata["result_created"] = dg.MetadataValue.timestamp(float(oldest))
    if table.quoted_empties:
        metadata["quoted_empties"] = dict(table.quoted_empties)
    if landed.totals:
        metadata["totals"] = totals_table(landed.totals)
    metadata |= preview_metadata(table)
    return {**metadata, **warnings.in_columns, **warnings.in_payouts, **(warnings.changes or {})}


def totals_table(totals: Mapping[str, Mapping[str, Decimal]]) -> dg.MetadataValue[Any]:
    """Return a row for each currency. A report may have a row of zeros without a currency, which is not
    shown."""
    shown = {currency: sums for currency, sums in totals.items() if currency or any(sums.values())}
    names = dict.fromkeys(name for sums in shown.values() for name in sums)
    return table_of(
        [
            {
                "currency": currency,
                **{name: amount_text(sums[name], currency) if name in sums else "" for name in names},
            }
            for currency, sums in shown.items()
        ]
    )
