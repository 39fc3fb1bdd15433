"""What the Dagster UI shows: a table's columns, and facts about each landed partition."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import dagster as dg

from stripe_reports.catalog import ColumnType, ReportType, amount_text, column_type
from stripe_reports.lake import LandedFile
from stripe_reports.landing import FailedDay, LandedDay
from stripe_reports.orchestration.failure import kind_of

if TYPE_CHECKING:
    from stripe_reports.lake import Difference

REPORT_TYPE = "stripe_reports/report_type"
"""Key of the metadata and of the tag that hold Stripe's id."""

FAILURES = "failures"
"""Key of the metadata of a failed step that hold each partition's failure."""
_MOST_FAILURES = 1000

_AMOUNTS_CHANGED = "amounts_changed"
_CHANGES = (
    _AMOUNTS_CHANGED,
    "rows_added",
    "rows_removed",
    "rows_changed",
    "changed_columns",
    "columns_added",
    "columns_removed",
    "compared_by",
)
"""Keys of the metadata of a table that has replaced another one; the first of them is always there."""
_PAGE = 1000
"""Of materializations, of one query."""

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


@dataclass(frozen=True, slots=True)
class Oddities:
    """What is not as the catalog would have it, by name; empty as a rule."""

    new_columns: Sequence[str] = ()
    dropped_columns: Sequence[str] = ()
    left_out_payouts: Sequence[str] = ()
    changes: Mapping[str, dg.MetadataValue[Any]] | None = None
    """From the table that the day replaced; None if it replaced none, or if that is not known."""

    @property
    def of_schema(self) -> dict[str, dg.MetadataValue[Any]]:
        """How the columns differ from those that were expected."""
        return _lists(new_columns=self.new_columns, dropped_columns=self.dropped_columns)

    @property
    def of_payouts(self) -> dict[str, dg.MetadataValue[Any]]:
        """The payouts that Stripe does not report on."""
        return _lists(left_out_payouts=self.left_out_payouts)

    @property
    def amounts_changed(self) -> bool:
        """Whether amounts are others than in the table that was replaced."""
        told = (self.changes or {}).get(_AMOUNTS_CHANGED)
        return told is not None and bool(told.value)


def oddities_of_day(landed: LandedDay) -> Oddities:
    """Those of a day as it landed."""
    return Oddities(
        landed.table.new_columns,
        landed.dropped_columns,
        landed.left_out_payouts,
        _changes(landed.difference) if landed.difference else None,
    )


def oddities_of_file(landed: LandedFile, changes: Mapping[str, dg.MetadataValue[Any]]) -> Oddities:
    """Those of a day that stands in the lake, whose file does not say what it has changed there."""
    left_out = landed.provenance.get("left_out_payouts", "")
    return Oddities(
        landed.table.new_columns,
        json.loads(landed.provenance.get("dropped_columns", "[]")),
        [payout for payout in left_out.split(",") if payout],
        changes,
    )


def recorded_changes(
    instance: dg.DagsterInstance, key: dg.AssetKey, days: Iterable[date]
) -> dict[date, Mapping[str, dg.MetadataValue[Any]]]:
    """What the newest materialization of each day that replaced an older table says; without the days of
    which none says so."""
    partitions = {day.isoformat(): day for day in days}
    found: dict[date, Mapping[str, dg.MetadataValue[Any]]] = {}
    if not partitions:
        return found
    of_days = dg.AssetRecordsFilter(asset_key=key, asset_partitions=list(partitions))
    cursor: str | None = None
    while True:  # newest first
        page = instance.fetch_materializations(of_days, limit=_PAGE, cursor=cursor)
        for record in page.records:
            told = record.asset_materialization
            if told and told.partition in partitions and _AMOUNTS_CHANGED in told.metadata:
                changes = {name: told.metadata[name] for name in _CHANGES if name in told.metadata}
                found.setdefault(partitions[told.partition], changes)
        if not page.has_more or len(found) == len(partitions):
            return found
        cursor = page.cursor


def landed_metadata(landed: LandedDay) -> Mapping[str, Any]:
    """Facts about one landed partition; numbers are plotted over the partitions by the UI."""
    table = landed.table
    oddities = oddities_of_day(landed)
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
        metadata["totals"] = _totals(landed.totals)
    return {**metadata, **oddities.of_schema, **oddities.of_payouts, **(oddities.changes or {})}


def _changes(difference: "Difference") -> dict[str, dg.MetadataValue[Any]]:
    metadata: dict[str, dg.MetadataValue[Any]] = {
        _AMOUNTS_CHANGED: dg.MetadataValue.bool(difference.amounts_changed)
    }
    if difference.unchanged:
        return metadata
    return {
        **metadata,
        "rows_added": dg.MetadataValue.int(difference.rows_added),
        "rows_removed": dg.MetadataValue.int(difference.rows_removed),
        "rows_changed": dg.MetadataValue.int(difference.rows_changed),
        "changed_columns": dg.MetadataValue.json(dict(difference.changed_columns)),
        "compared_by": dg.MetadataValue.text(", ".join(difference.key) or "whole rows"),
        **_lists(columns_added=difference.columns_added, columns_removed=difference.columns_removed),
    }


def failures_metadata(failures: Sequence[FailedDay]) -> Mapping[str, Any]:
    """What failed and why, for the failure's page and for the sensor that watches failed runs."""
    records = [
        dg.TableRecord(
            {
                "report_type": failed.report_type.id,
                "day": failed.day.isoformat(),
                "report_run": failed.error.report_run or "",
                "kind": kind_of(failed.error).value,
                "error": type(failed.error).__name__,
                "why": str(failed.error),
            }
        )
        for failed in failures[:_MOST_FAILURES]
    ]
    return {FAILURES: dg.MetadataValue.table(records), "failed": len(failures)}


def table_of(rows: Sequence[Mapping[str, str | int]]) -> dg.MetadataValue[Any]:
    """A table for the UI, also of no rows. Amounts in it are texts, because a number would be a float."""
    records = [dg.TableRecord(dict(row)) for row in rows]
    return dg.MetadataValue.table(records, None if records else dg.TableSchema(columns=[]))


def _totals(totals: Mapping[str, Mapping[str, Decimal]]) -> dg.MetadataValue[Any]:
    """A row for each currency. A report may have a row of nothing without a currency, which is not shown."""
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


def _lists(**lists: Sequence[str]) -> dict[str, dg.MetadataValue[Any]]:
    return {name: dg.MetadataValue.json(list(items)) for name, items in lists.items() if items}
