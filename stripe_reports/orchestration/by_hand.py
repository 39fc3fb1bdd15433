"""Recording a day in Dagster that landed from a person's file, without a run."""

from typing import Any

import dagster as dg

from stripe_reports.lake import Lake
from stripe_reports.landing import HandLanded
from stripe_reports.orchestration.assets.checks import all_checks, check_evaluations
from stripe_reports.orchestration.assets.day_warnings import changes_of, warnings_of_file
from stripe_reports.orchestration.assets.metadata import totals_table
from stripe_reports.orchestration.made_partitions import DATA_VERSION
from stripe_reports.orchestration.partitioned_checks import with_targets


def record_by_hand(instance: dg.DagsterInstance, key: dg.AssetKey, landed: HandLanded, lake: Lake) -> bool:
    """Record the day as a materialization with its checks, unless Dagster's newest one is of the same CSV.

    Returns whether it was recorded now.
    """
    partition, table = landed.day.isoformat(), landed.file.table
    if _newest_version(instance, key, partition) == table.csv_sha256:
        return False
    changes = changes_of(landed.difference) if landed.difference else {}
    warnings = warnings_of_file(landed.file, changes)
    metadata: dict[str, Any] = {
        "dagster/partition_row_count": table.rows,
        "dagster/uri": table.uri,
        "given_by_hand": True,
        "given_file": landed.file.provenance.get("given_file", ""),
        "csv_bytes": table.csv_bytes,
        "csv_sha256": table.csv_sha256,
        "parquet_bytes": table.parquet_bytes,
        "totals": totals_table(lake.totals(landed.report_type.table, landed.day)),
        **warnings.in_columns,
        **changes,
    }
    instance.report_runless_asset_event(
        dg.AssetMaterialization(
            key, partition=partition, metadata=metadata, tags={DATA_VERSION: table.csv_sha256}
        )
    )
    selected = all_checks(landed.report_type, key)
    evaluations = list(check_evaluations(landed.report_type, key, landed.day, warnings, selected))
    for evaluation in with_targets(instance, evaluations):
        instance.report_runless_asset_event(evaluation)
    return True


def _newest_version(instance: dg.DagsterInstance, key: dg.AssetKey, partition: str) -> str | None:
    newest = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[partition])
    records = instance.fetch_materializations(newest, limit=1).records
    event = records[0].asset_materialization if records else None
    return (event.tags or {}).get(DATA_VERSION) if event else None
