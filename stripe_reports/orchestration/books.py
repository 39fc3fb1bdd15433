"""When the books are done: a sensor for what is computed from landed tables, and the job that reconciles."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    # What dg.define_asset_job returns; Dagster does not export its name.
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

GROUP = "books"
"""Of the assets that are computed from landed tables."""
JOB_NAME = "stripe_reports_reconcile"
SENSOR_NAME = "stripe_reports_books"


def build_stripe_reports_reconcile_job(
    assets: Sequence[dg.AssetsDefinition], *, name: str = JOB_NAME
) -> "UnresolvedAssetJobDefinition":
    """A job that reconciles the days of a run, and makes what is built on them. `assets`: of days."""
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*assets),
        description="Holds the identities between Stripe's reports against the landed tables of these days,"
        " and makes the tables that are built on them.",
    )


def with_automation(
    assets: dg.AssetsDefinition, partitions_def: dg.DailyPartitionsDefinition
) -> dg.AssetsDefinition:
    """The same, to be requested by the sensor whenever what a partition rests on has landed, or again; unless
    they have other partitions than these days. A month is for people to close."""
    if assets.partitions_def != partitions_def:
        return assets
    return assets.map_asset_specs(lambda spec: spec.replace_attributes(automation_condition=_CONDITION))


def after_others(assets: dg.AssetsDefinition, keys: Collection[dg.AssetKey]) -> dg.AssetsDefinition:
    """The same, to be materialized after these, where it is not said already."""

    def after(spec: dg.AssetSpec) -> dg.AssetSpec:
        known = {dep.asset_key for dep in spec.deps}
        return spec.replace_attributes(deps=[*spec.deps, *(key for key in keys if key not in known)])

    return assets.map_asset_specs(after)


def build_stripe_reports_books_sensor(
    assets: Sequence[dg.AssetsDefinition],
    *,
    default_status: dg.DefaultSensorStatus = dg.DefaultSensorStatus.STOPPED,
    name: str = SENSOR_NAME,
) -> dg.AutomationConditionSensorDefinition:
    """Requests each partition of these assets once all that it rests on has landed, and again whenever one of
    those landed again, on whichever day; those of one day in one run.

    `assets`: the reconciliation and the downstream assets. One without an automation condition, such as
    `month_end_close`, is left to people.
    """
    return dg.AutomationConditionSensorDefinition(
        name,
        target=dg.AssetSelection.assets(*assets),
        default_status=default_status,
        minimum_interval_seconds=60,
        description="Reconciles days, and computes what rests on them, as soon as their tables have landed.",
    )


# Dagster's eager condition, for all days rather than the newest: late and repeated days count as well.
_CONDITION = dg.AutomationCondition.eager().without(dg.AutomationCondition.in_latest_time_window())
