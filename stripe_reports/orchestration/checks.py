"""Asset checks of the report assets."""

import warnings

import dagster as dg

from stripe_reports.landing import LandedDay
from stripe_reports.orchestration.metadata import schema_metadata

SCHEMA_CHECK = "schema"


def schema_check_spec(key: dg.AssetKey, partitions: dg.DailyPartitionsDefinition) -> dg.AssetCheckSpec:
    """The check `schema`: does a day have the columns that were expected, and no others?

    Partitioned, because a check without partitions would stay planned for each day that is materialized.
    """
    with warnings.catch_warnings():
        # A preview in Dagster 1.13: our tests hold its behaviour, so that not every load has to warn.
        warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")
        return dg.AssetCheckSpec(
            SCHEMA_CHECK,
            asset=key,
            description="The day has the columns that the catalog knows, and no others.",
            partitions_def=partitions,
        )


def schema_check_result(landed: LandedDay) -> dg.AssetCheckResult:
    """A warning where Stripe sent columns that nobody expected, or did not know some that were asked for."""
    differences = schema_metadata(landed)
    return dg.AssetCheckResult(
        check_name=SCHEMA_CHECK,
        passed=not differences,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"Differs in {', '.join(differences)}." if differences else None,
        metadata=differences,
    )
