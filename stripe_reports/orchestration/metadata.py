"""What the Dagster UI shows: a table's columns, and facts about each landed partition."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from stripe_reports.catalog import ColumnType, ReportType, column_type
from stripe_reports.errors import StripeReportsError
from stripe_reports.landing import LandedDay

REPORT_TYPE = "stripe_reports/report_type"
"""Key of the metadata and of the tag that hold Stripe's id."""

_SHOWN_TYPE = {
    ColumnType.DECIMAL: "decimal(38, 18)",
    ColumnType.INTEGER: "int64",
    ColumnType.TIMESTAMP: "timestamp",
    ColumnType.TIMESTAMP_UTC: "timestamp, UTC",
}
_ABOUT = {
    "range": "Rows of one day: from its first instant to that of the next day.",
    "as_of_end": "A snapshot as of the end of the day.",
    "payout": "Rows of all payouts that were effective on one day, from a report run for each.",
}


def column_schema(report_type: ReportType) -> dg.TableSchema:
    """The columns that the catalog knows, as the asset's page shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                type=_SHOWN_TYPE.get(kind := column_type(name), kind.value),
                constraints=dg.TableColumnConstraints(nullable=name not in report_type.never_null),
            )
            for name in report_type.columns
        ]
    )


def description(report_type: ReportType) -> str:
    """Markdown for the asset's page."""
    lines = [f"{report_type.name} (`{report_type.id}`). {_ABOUT[report_type.interval]}"]
    if report_type.day_column:
        lines.append(f"A row belongs to the day of its `{report_type.day_column}`.")
    lines += [f"[Stripe's documentation]({page})" for page in report_type.source]
    return "\n\n".join(lines)


def landed_metadata(landed: LandedDay) -> Mapping[str, Any]:
    """Facts about one landed partition; numbers are plotted over the partitions by the UI."""
    table = landed.table
    metadata: dict[str, Any] = {
        "dagster/partition_row_count": table.rows,
        "dagster/uri": table.uri,
        "report_run": ",".join(landed.report_runs),
        "result_file": ",".join(result.id for result in landed.results),
        "csv_bytes": table.csv_bytes,
        "csv_sha256": table.csv_sha256,
        "parquet_bytes": table.parquet_bytes,
        "waited_seconds": round(landed.waited_seconds, 3),
        "landed_seconds": round(landed.landed_seconds, 3),
    }
    if landed.results:
        oldest = min(result.created for result in landed.results)
        metadata["result_created"] = dg.MetadataValue.timestamp(float(oldest))
    return metadata | schema_metadata(landed) | left_out_metadata(landed)


def schema_metadata(landed: LandedDay) -> dict[str, Any]:
    """How the columns differ from those that were expected, if they do."""
    differences = {"new_columns": landed.table.new_columns, "dropped_columns": landed.dropped_columns}
    return {name: dg.MetadataValue.json(list(columns)) for name, columns in differences.items() if columns}


def left_out_metadata(landed: LandedDay) -> dict[str, Any]:
    """The payouts that Stripe does not report on, if there are any."""
    if not landed.left_out_payouts:
        return {}
    return {"left_out_payouts": dg.MetadataValue.json(list(landed.left_out_payouts))}


def failure_metadata(error: StripeReportsError) -> Mapping[str, Any]:
    """Where it went wrong, for the failure's page and for the sensor that watches failed runs."""
    facts = {
        "report_type": error.report_type,
        "day": error.day and error.day.isoformat(),
        "report_run": error.report_run,
        "error": type(error).__name__,
    }
    return {name: fact for name, fact in facts.items() if fact}
