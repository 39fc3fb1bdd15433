"""The asset `reconciliation`: a table of outcomes, and a check for each identity between the reports."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

import dagster as dg

from stripe_reports.catalog import parse_day
from stripe_reports.errors import ConfigurationError, StripeReportsError
from stripe_reports.lake import Lake
from stripe_reports.orchestration.books.all_days import ALL_DAYS_CHECK, all_days_evaluation
from stripe_reports.orchestration.books.all_days import DESCRIPTION as ALL_DAYS
from stripe_reports.orchestration.books.automation import DAY_THAT_MAY_LACK_REPORTS
from stripe_reports.orchestration.books.keys import RECONCILIATION as TABLE
from stripe_reports.orchestration.books.keys import books_prefix
from stripe_reports.orchestration.books.outcomes import (
    OUTCOMES_SCHEMA,
    chain_evaluation,
    identity_evaluation,
    outcomes_metadata,
    outcomes_table,
)
from stripe_reports.orchestration.made_partitions import MadePartitions, all_made
from stripe_reports.orchestration.names import BOOKS_GROUP
from stripe_reports.orchestration.partitioned_checks import (
    check_outputs,
    partitioned_check_spec,
    with_targets,
)
from stripe_reports.orchestration.reports import Reports
from stripe_reports.orchestration.resource_parameters import resource_parameters
from stripe_reports.orchestration.resources import ReportLakeResource
from stripe_reports.reconcile import (
    IDENTITIES,
    Chain,
    Outcome,
    Selected,
    chain,
    reconcile,
    reconciled_tables,
    select_identities,
    unknown_identity,
)

CHAIN_CHECK = "chain"

_LOGGED_EVERY = 30
"""Days between two lines of progress in the run's log."""

Severity = dg.AssetCheckSeverity

_Event = dg.MaterializeResult | dg.AssetMaterialization | dg.AssetCheckEvaluation | dg.Output[None]  # type: ignore[type-arg]


def reconciliation_asset(
    reports: Reports,
    *,
    identities: Iterable[str] | None,
    severity: Severity | Mapping[str, Severity],
    blocking: bool,
    backfill_policy: dg.BackfillPolicy | None,
) -> dg.AssetsDefinition:
    """Return the asset that evaluates the identities between Stripe's reports on the landed tables."""
    tables = reconciled_tables(reports.by_table)
    if not tables:
        raise ConfigurationError(
            "there is nothing to reconcile: none of the selected reports is one of balance, payouts, payout"
            " reconciliation; select core"
        )
    severities = _severities(severity)
    wanted = [each.name for each in select_identities(identities) if each.is_applicable(tables)]
    key = dg.AssetKey([*books_prefix(reports), TABLE])
    names = reports.names
    partitions = reports.partitions_def
    specs = [
        partitioned_check_spec(name, key, about, partitions, blocking=blocking)
        for name, about in _checks(wanted, tables).items()
    ]
    specs.append(dg.AssetCheckSpec(ALL_DAYS_CHECK, asset=key, description=ALL_DAYS))

    @dg.multi_asset(
        name="__".join(["reconcile", *key.path[:-1]]),
        specs=[
            dg.AssetSpec(
                key,
                deps=[reports.by_table[table].key for table in tables],
                description="Whether Stripe's reports agree with each other, to the cent: a row for each"
                " identity and currency.",
                group_name=names.group(BOOKS_GROUP),
                automation_condition=DAY_THAT_MAY_LACK_REPORTS,
                kinds={"duckdb", "parquet"},
                metadata={"dagster/column_schema": OUTCOMES_SCHEMA, "dagster/table_name": TABLE},
            )
        ],
        check_specs=specs,
        partitions_def=partitions,
        can_subset=True,
        backfill_policy=backfill_policy,
    )
    @resource_parameters(names)
    def reconcile_reports(
        context: dg.AssetExecutionContext, report_lake: ReportLakeResource
    ) -> Iterator[_Event]:
        days = [parse_day(partition) for partition in context.partition_keys]
        made = MadePartitions(context)
        selected = {check.name for check in context.selected_asset_check_keys}
        done: dict[date, Sequence[Outcome]] = {}
        try:
            lake = report_lake.lake
        except StripeReportsError as error:
            raise dg.Failure(str(error.at(account=names.account)), allow_retries=False) from None
        landed: Mapping[str, Collection[date]] = {}
        failed: StripeReportsError | None = None
        links: Chain | None = None
        complete: Collection[date] = ()
        try:
            offered = Selected.of(lake, tables)
            if not_proven := offered.not_proven(select_identities(wanted)):
                context.log.warning(not_proven)
            landed = {table: frozenset(lake.days(table)) for table in tables}
            complete = _complete_days(landed, offered.tables.values())
            found = reconcile(lake, days, tables=tables, timezone=reports.timezone, identities=wanted)
            for day, of_day in groupby(found, key=lambda outcome: outcome.day):
                done[day] = outcomes = list(of_day)
                metadata: Mapping[str, Any] = {}
                if key in context.selected_asset_keys:
                    metadata = outcomes_metadata(outcomes, _keep(lake, day, outcomes, landed))
                evaluations = [
                    identity_evaluation(
                        key,
                        name,
                        str(day),
                        [each for each in outcomes if each.identity == name],
                        severity=severities.get(name, Severity.ERROR),
                        blocking=blocking,
                    )
                    for name in wanted
                    if name in selected
                ]
                made.add(key, str(day), metadata, evaluations=evaluations)
                yield from made.due()
                if len(done) % _LOGGED_EVERY == 0:
                    context.log.info(f"{len(done)} of {len(days)} days are reconciled")
            if CHAIN_CHECK in selected:
                links = chain(lake, tables=tables, timezone=reports.timezone)
        except StripeReportsError as error:
            failed = error
        yield from made.rest()
        over_days = []
        if links is not None:
            over_days += [
                chain_evaluation(
                    key,
                    CHAIN_CHECK,
                    str(day),
                    links,
                    severity=severities.get(CHAIN_CHECK, Severity.ERROR),
                    blocking=blocking,
                )
                for day in done
            ]
        if ALL_DAYS_CHECK in selected:
            first = partitions.start.date()
            over_days.append(
                all_days_evaluation(
                    lake, key, done, [day for day in complete if day >= first], severities=severities
                )
            )
        yield from with_targets(context.instance, over_days)
        if failed:
            raise dg.Failure(str(failed.at(account=names.account)), allow_retries=False) from None
        if key in context.selected_asset_keys:
            yield all_made(key)
        yield from check_outputs(context)

    return reconcile_reports


def _severities(given: Severity | Mapping[str, Severity]) -> Mapping[str, Severity]:
    names = [*IDENTITIES, CHAIN_CHECK]
    if isinstance(given, Severity):
        return dict.fromkeys(names, given)
    for name in given:
        if name not in names:
            raise ConfigurationError(f"cannot set a severity: {unknown_identity(name, names)}")
    return given


def _checks(identities: Sequence[str], tables: Collection[str]) -> Mapping[str, str]:
    """Return the description of each check, by name."""
    checks = {name: IDENTITIES[name].statement for name in identities}
    if IDENTITIES["balance_continues"].is_applicable(tables):
        checks[CHAIN_CHECK] = (
            "Over all landed days, each starts with the balance with which the one before ended."
        )
    return checks


def _complete_days(landed: Mapping[str, Collection[date]], tables: Iterable[str]) -> Collection[date]:
    """Return the days on which all of these tables have landed."""
    days = [set(landed[table]) for table in tables]
    return set.intersection(*days) if days else ()


def _keep(lake: Lake, day: date, outcomes: Sequence[Outcome], landed: Mapping[str, Collection[date]]) -> str:
    """Write the day's table, whose footer says which CSVs were compared; return its URI."""
    evidence = {
        table: lake.provenance(table, day).get("csv_sha256", "")
        for table, days in landed.items()
        if day in days
    }
    return lake.derived.put(TABLE, day, outcomes_table(outcomes), made_from=json.dumps(evidence))
