"""Asset checks of the report assets."""

import warnings
from collections.abc import Container, Iterator, Sequence
from datetime import date

import dagster as dg

from stripe_reports.catalog import ReportType
from stripe_reports.orchestration.metadata import Oddities

SCHEMA_CHECK = "schema"
PAYOUTS_CHECK = "payouts"
RESTATED_CHECK = "restated"
_DESCRIPTIONS = {
    SCHEMA_CHECK: "The day has the columns that the catalog knows, and no others.",
    PAYOUTS_CHECK: "Stripe reports on each payout of the day.",
    RESTATED_CHECK: "Where the day replaced an older table, its amounts are the same as before.",
}


def check_specs(
    report_type: ReportType, key: dg.AssetKey, partitions: dg.DailyPartitionsDefinition
) -> Sequence[dg.AssetCheckSpec]:
    """The checks of a day: `schema`; for a report on payouts `payouts`; where rows change later, `restated`.

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
    """Warnings: where Stripe sent columns that nobody expected, or did not know some that were asked for;
    where it does not report on some payout of the day, whose transactions the table then lacks; and where the
    day's amounts are others than in the table that it replaced, if it replaced one.

    Evaluations rather than results, because a result of a run over several days would belong to none of them.
    Every selected check is evaluated, `restated` also where nothing was replaced: if anything else in the run
    fails, Dagster shows a check that was planned and not evaluated as failed.
    """
    found = {
        SCHEMA_CHECK: (not oddities.of_schema, oddities.of_schema),
        PAYOUTS_CHECK: (not oddities.of_payouts, oddities.of_payouts),
        RESTATED_CHECK: (not oddities.amounts_changed, dict(oddities.changes or {})),
    }
    for name in _checks(report_type):
        if dg.AssetCheckKey(key, name) in selected:
            passed, metadata = found[name]
            yield dg.AssetCheckEvaluation(
                asset_key=key,
                check_name=name,
                partition=day.isoformat(),
                passed=passed,
                severity=dg.AssetCheckSeverity.WARN,
                description=None if passed else f"See {', '.join(metadata)}.",
                metadata=metadata,
            )


def check_outputs(context: dg.AssetExecutionContext) -> Iterator[dg.Output[None]]:
    """That the selected checks are done, which their evaluations alone do not tell Dagster."""
    step = context.op_execution_context
    of_assets = {step.output_for_asset_key(key) for key in context.selected_asset_keys}
    for name in sorted(step.selected_output_names - of_assets):
        yield dg.Output(None, output_name=name)


def _checks(report_type: ReportType) -> Sequence[str]:
    on_payouts = [PAYOUTS_CHECK] if report_type.interval == "payout" else []
    return [SCHEMA_CHECK, *on_payouts, *([RESTATED_CHECK] if report_type.rows_change else [])]
