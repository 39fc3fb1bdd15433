"""Asset checks of the report assets."""

import warnings
from collections.abc import Container, Iterator, Sequence
from datetime import date

import dagster as dg

from stripe_reports.catalog import ReportType
from stripe_reports.orchestration.metadata import Oddities

SCHEMA_CHECK = "schema"
PAYOUTS_CHECK = "payouts"
_DESCRIPTIONS = {
    SCHEMA_CHECK: "The day has the columns that the catalog knows, and no others.",
    PAYOUTS_CHECK: "Stripe reports on each payout of the day.",
}


def check_specs(
    report_type: ReportType, key: dg.AssetKey, partitions: dg.DailyPartitionsDefinition
) -> Sequence[dg.AssetCheckSpec]:
    """The checks of a day: `schema`, and for a report on payouts `payouts`.

    Partitioned, because a check without partitions would stay planned for each day that is materialized.
    """
    with warnings.catch_warnings():
        # A preview in Dagster 1.13: our tests hold its behaviour, so that not every load has to warn.
        warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")
        return [
            dg.AssetCheckSpec(name, asset=key, description=_DESCRIPTIONS[name], partitions_def=partitions)
            for name in _checks(report_type)
        ]


def check_evaluations(
    report_type: ReportType,
    key: dg.AssetKey,
    day: date,
    oddities: Oddities,
    selected: Container[dg.AssetCheckKey],
) -> Iterator[dg.AssetCheckEvaluation]:
    """Warnings: where Stripe sent columns that nobody expected, or did not know some that were asked for; and
    where it does not report on some payout of the day, whose transactions the table then lacks.

    Evaluations rather than results, because a result of a run over several days would belong to none of them.
    """
    found = {SCHEMA_CHECK: oddities.of_schema, PAYOUTS_CHECK: oddities.of_payouts}
    for name in _checks(report_type):
        if dg.AssetCheckKey(key, name) in selected:
            yield dg.AssetCheckEvaluation(
                asset_key=key,
                check_name=name,
                partition=day.isoformat(),
                passed=not found[name],
                severity=dg.AssetCheckSeverity.WARN,
                description=f"See {', '.join(found[name])}." if found[name] else None,
                metadata=found[name],
            )


def check_outputs(context: dg.AssetExecutionContext) -> Iterator[dg.Output[None]]:
    """That the selected checks are done, which their evaluations alone do not tell Dagster."""
    step = context.op_execution_context
    of_assets = {step.output_for_asset_key(key) for key in context.selected_asset_keys}
    for name in sorted(step.selected_output_names - of_assets):
        yield dg.Output(None, output_name=name)


def _checks(report_type: ReportType) -> Sequence[str]:
    return [SCHEMA_CHECK, PAYOUTS_CHECK] if report_type.interval == "payout" else [SCHEMA_CHECK]
