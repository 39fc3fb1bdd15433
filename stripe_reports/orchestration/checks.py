"""Asset checks of the report assets."""

import warnings
from collections.abc import Sequence

import dagster as dg

from stripe_reports.catalog import ReportType
from stripe_reports.landing import LandedDay
from stripe_reports.orchestration.metadata import left_out_metadata, schema_metadata

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


def check_results(landed: LandedDay) -> Sequence[dg.AssetCheckResult]:
    """Warnings: where Stripe sent columns that nobody expected, or did not know some that were asked for; and
    where it does not report on some payout of the day, whose transactions the table then lacks."""
    found = {SCHEMA_CHECK: schema_metadata(landed), PAYOUTS_CHECK: left_out_metadata(landed)}
    return [
        dg.AssetCheckResult(
            check_name=name,
            passed=not found[name],
            severity=dg.AssetCheckSeverity.WARN,
            description=f"See {', '.join(found[name])}." if found[name] else None,
            metadata=found[name],
        )
        for name in _checks(landed.report_type)
    ]


def _checks(report_type: ReportType) -> Sequence[str]:
    return [SCHEMA_CHECK, PAYOUTS_CHECK] if report_type.interval == "payout" else [SCHEMA_CHECK]
