"""When the books are done: a sensor for what is computed from landed tables, and the job that reconciles."""

import warnings
from collections.abc import Sequence
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
    assets: dg.AssetsDefinition,
    partitions_def: dg.DailyPartitionsDefinition,
    *,
    may_lack_reports: bool = False,
) -> dg.AssetsDefinition:
    """The same, to be requested by the sensor whenever what a partition rests on has landed, or again; unless
    they have other partitions than these days. A month is for people to close.

    Assets that `may_lack_reports` do not wait for a report of which no day has ever landed, as the account
    may not offer it.
    """
    if assets.partitions_def != partitions_def:
        return assets
    condition = _WITHOUT_SOME_REPORTS if may_lack_reports else _CONDITION
    return assets.map_asset_specs(lambda spec: spec.replace_attributes(automation_condition=condition))


def build_stripe_reports_books_sensor(
    assets: Sequence[dg.AssetsDefinition],
    *,
    default_status: dg.DefaultSensorStatus = dg.DefaultSensorStatus.STOPPED,
    name: str = SENSOR_NAME,
) -> dg.AutomationConditionSensorDefinition:
    """Requests each partition of these assets once all that it rests on has landed, and again whenever one of
    those landed again, on whichever day; those of one day in one run. A report of which no day has ever
    landed is not waited for by the reconciliation.

    `assets`: the reconciliation and the downstream assets. One without an automation condition, such as
    `month_end_close`, is left to people.
    """
    with warnings.catch_warnings():
        # A beta in Dagster 1.13. The daemon itself does not know our own condition.
        warnings.filterwarnings("ignore", message="Parameter `use_user_code_server`")
        return dg.AutomationConditionSensorDefinition(
            name,
            target=dg.AssetSelection.assets(*assets),
            default_status=default_status,
            minimum_interval_seconds=60,
            use_user_code_server=True,
            description="Reconciles days, and computes what rests on them, as soon as their tables have"
            " landed.",
        )


class NeverMaterialized(dg.AutomationCondition[dg.AssetKey]):
    """True of all partitions of an asset of which none was ever materialized."""

    def evaluate(self, context: dg.AutomationContext[dg.AssetKey]) -> dg.AutomationResult[dg.AssetKey]:
        """Look at Dagster's records."""
        instance = context.asset_graph_view.instance
        was_materialized = instance.get_latest_materialization_event(context.key) is not None
        true_subset = context.get_empty_subset() if was_materialized else context.candidate_subset
        return dg.AutomationResult(context, true_subset)


_Condition = dg.AutomationCondition
# Dagster's eager condition, for all days rather than the newest: late and repeated days count as well.
_CONDITION = _Condition.eager().without(_Condition.in_latest_time_window())
_IS_THERE = _Condition.any_deps_match(~_Condition.missing()).with_label("any_deps_there")
_LANDS_AND_IS_MISSING = _Condition.any_deps_match(
    _Condition.missing() & ~_Condition.will_be_requested() & ~NeverMaterialized()
).with_label("any_landing_deps_missing")
_WITHOUT_SOME_REPORTS = _CONDITION.replace("any_deps_missing", _LANDS_AND_IS_MISSING) & _IS_THERE
