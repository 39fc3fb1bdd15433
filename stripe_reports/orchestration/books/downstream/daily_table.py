"""A daily table of the lake that is computed from the day's reports, as an asset."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from stripe_reports.catalog import parse_day
from stripe_reports.errors import StripeReportsError
from stripe_reports.lake import Lake
from stripe_reports.orchestration.books.automation import DAY
from stripe_reports.orchestration.books.downstream.columns import Column, column_schema
from stripe_reports.orchestration.books.keys import RECONCILIATION, books_prefix
from stripe_reports.orchestration.made_partitions import MadePartitions, all_made
from stripe_reports.orchestration.names import BOOKS_GROUP
from stripe_reports.orchestration.partitioned_checks import check_outputs, partitioned_check_spec
from stripe_reports.orchestration.reports import Reports
from stripe_reports.orchestration.resource_parameters import resource_parameters
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
    """Returns what is wrong, in a sentence, or None; and metadata."""


@dataclass(frozen=True, slots=True)
class DailyTable:
    """A daily table, and how a day of it is computed."""

    name: str
    description: str
    kinds: frozenset[str]
    columns: Sequence[Column]
    reads: Sequence[Family]
    rows: Callable[[Lake, Mapping[Family, str], date], "pa.Table"]
    """Returns a day's rows, given the lake and the tables that are read."""
    metadata: Callable[["pa.Table"], Mapping[str, Any]]
    check: DayCheck | None = None
    helps: Sequence[Family] = ()
    """Families that are also read if they are selected."""


def daily_table_asset(
    reports: Reports, table: DailyTable, reads: Mapping[Family, str], *, after_reconciliation: bool
) -> dg.AssetsDefinition:
    """Return the asset, which makes each of its days alone; one run may make many.

    `reads`: the table of each family that is read.
    """
    prefix, names = books_prefix(reports), reports.names
    key = dg.AssetKey([*prefix, table.name])
    upstream = [reports.by_table[name].key for name in reads.values()]
    if after_reconciliation:
        upstream.append(dg.AssetKey([*prefix, RECONCILIATION]))
    checks = [table.check] if table.check else []

    @dg.multi_asset(
        name="__".join([*prefix, table.name]),
        specs=[
            dg.AssetSpec(
                key,
                deps=upstream,
                description=table.description,
                group_name=names.group(BOOKS_GROUP),
                automation_condition=DAY,
                kinds={"parquet", *table.kinds},
                metadata={
                    "dagster/column_schema": column_schema(table.columns),
                    "dagster/table_name": table.name,
                },
            )
        ],
        check_specs=[
            partitioned_check_spec(each.name, key, each.about, reports.partitions_def) for each in checks
        ],
        partitions_def=reports.partitions_def,
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    @resource_parameters(names)
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
            raise dg.Failure(str(error.at(account=names.account)), allow_retries=False) from None
        yield from made.rest()
        if key in context.selected_asset_keys:
            yield all_made(key)
        yield from check_outputs(context)

    return make


def _keep(lake: Lake, name: str, reads: Mapping[Family, str], day: date, rows: "pa.Table") -> str:
    """Write the day's table, whose footer says which CSVs it is computed from; return its URI."""
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
