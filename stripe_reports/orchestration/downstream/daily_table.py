"""A table of the lake that is made of a day's reports, as an asset."""

import json
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from stripe_reports.catalog import parse_day
from stripe_reports.errors import StripeReportsError
from stripe_reports.lake import Lake
from stripe_reports.orchestration.books import GROUP
from stripe_reports.orchestration.checks import check_outputs
from stripe_reports.orchestration.downstream.columns import Column, column_schema
from stripe_reports.orchestration.made_partitions import MadePartitions, all_made
from stripe_reports.orchestration.resources import ReportLakeResource
from stripe_reports.reconcile import Family

if TYPE_CHECKING:
    import pyarrow as pa

_Event = dg.MaterializeResult | dg.AssetMaterialization | dg.AssetCheckEvaluation | dg.Output[None]  # type: ignore[type-arg]


@dataclass(frozen=True, slots=True)
class DayCheck:
    """A check of each day's table."""

    name: str
    about: str
    look: Callable[["pa.Table"], tuple[str | None, Mapping[str, Any]]]
    """What is wrong, in a sentence, or None; and metadata."""


@dataclass(frozen=True, slots=True)
class DailyTable:
    """What such a table is, and how a day of it is made."""

    name: str
    description: str
    kinds: frozenset[str]
    columns: Sequence[Column]
    reads: Sequence[Family]
    rows: Callable[[Lake, Mapping[Family, str], date], "pa.Table"]
    """From the lake and the tables that are read, a day's rows."""
    metadata: Callable[["pa.Table"], Mapping[str, Any]]
    check: DayCheck | None = None
    helps: Sequence[Family] = ()
    """What is read as well, where it is selected."""


def daily_table_asset(
    table: DailyTable,
    reads: Mapping[Family, str],
    *,
    key_prefix: Sequence[str],
    partitions_def: dg.DailyPartitionsDefinition,
    after: Collection[dg.AssetKey] = (),
) -> dg.AssetsDefinition:
    """The asset, which makes each of its days on its own; one run may make many."""
    key = dg.AssetKey([*key_prefix, table.name])
    checks = [table.check] if table.check else []
    with warnings.catch_warnings():
        # A preview in Dagster 1.13, as in checks.py.
        warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")
        check_specs = [
            dg.AssetCheckSpec(each.name, asset=key, description=each.about, partitions_def=partitions_def)
            for each in checks
        ]

    @dg.multi_asset(
        name="__".join([*key_prefix, table.name]),
        specs=[
            dg.AssetSpec(
                key,
                # Added to a spec afterwards, a dep orders no steps of a run.
                deps=[*(dg.AssetKey([*key_prefix, name]) for name in reads.values()), *after],
                description=table.description,
                group_name=GROUP,
                kinds={"parquet", *table.kinds},
                metadata={
                    "dagster/column_schema": column_schema(table.columns),
                    "dagster/table_name": table.name,
                },
            )
        ],
        check_specs=check_specs,
        partitions_def=partitions_def,
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def make(context: dg.AssetExecutionContext, report_lake: ReportLakeResource) -> Iterator[_Event]:
        made = MadePartitions(context)
        selected = {check.name for check in context.selected_asset_check_keys}
        try:
            lake = report_lake.lake
            for day in map(parse_day, context.partition_keys):
                rows = table.rows(lake, reads, day)
                about: Mapping[str, Any] = {}
                if key in context.selected_asset_keys:
                    uri = _keep(lake, table.name, reads, day, rows)
                    about = {"dagster/partition_row_count": rows.num_rows, "dagster/uri": uri}
                    about = {**about, **table.metadata(rows)}
                evaluations = [_evaluation(each, key, day, rows) for each in checks if each.name in selected]
                made.add(key, str(day), about, evaluations=evaluations)
                yield from made.due()
        except StripeReportsError as error:
            yield from made.rest()
            raise dg.Failure(str(error), allow_retries=False) from None
        yield from made.rest()
        if key in context.selected_asset_keys:
            yield all_made(key)
        yield from check_outputs(context)

    return make


def _keep(lake: Lake, name: str, reads: Mapping[Family, str], day: date, rows: "pa.Table") -> str:
    """Its footer says of which CSVs it is made."""
    csvs = {table: lake.provenance(table, day).get("csv_sha256", "") for table in reads.values()}
    return lake.derived.put(name, day, rows, made_from=json.dumps(csvs))


def _evaluation(check: DayCheck, key: dg.AssetKey, day: date, rows: "pa.Table") -> dg.AssetCheckEvaluation:
    wrong, metadata = check.look(rows)
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=check.name,
        partition=str(day),
        passed=wrong is None,
        severity=dg.AssetCheckSeverity.ERROR,
        description=wrong,
        metadata=metadata,
    )
