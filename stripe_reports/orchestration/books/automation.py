"""When a day of the books is made: the conditions of its assets, and the sensor that evaluates them."""

import warnings

import dagster as dg

from stripe_reports.orchestration.names import BOOKS_SENSOR, AccountNames


def books_sensor(
    names: AccountNames, selection: dg.AssetSelection, *, default_status: dg.DefaultSensorStatus
) -> dg.AutomationConditionSensorDefinition:
    """Return the sensor that requests days of these assets once all that they depend on has landed."""
    with warnings.catch_warnings():
        # A beta in Dagster 1.13. The daemon itself does not know our own condition.
        warnings.filterwarnings("ignore", message="Parameter `use_user_code_server`")
        return dg.AutomationConditionSensorDefinition(
            names.of(BOOKS_SENSOR),
            target=selection,
            default_status=default_status,
            minimum_interval_seconds=60,
            use_user_code_server=True,
            run_tags=names.tags or None,
            description="Reconciles days, and computes what rests on them, as soon as their tables have"
            " landed.",
        )


class NeverMaterialized(dg.AutomationCondition[dg.AssetKey]):
    """The condition that holds for all partitions of an asset of which none was ever materialized."""

    def evaluate(self, context: dg.AutomationContext[dg.AssetKey]) -> dg.AutomationResult[dg.AssetKey]:
        """Evaluate the condition on Dagster's records."""
        instance = context.asset_graph_view.instance
        was_materialized = instance.get_latest_materialization_event(context.key) is not None
        true_subset = context.get_empty_subset() if was_materialized else context.candidate_subset
        return dg.AutomationResult(context, true_subset)


_Condition = dg.AutomationCondition
# Dagster's eager condition, for all days rather than the newest: late and repeated days count as well.
DAY = _Condition.eager().without(_Condition.in_latest_time_window())
"""Holds for a day once all that it depends on has landed, and again when some of that landed again."""
_IS_THERE = _Condition.any_deps_match(~_Condition.missing()).with_label("any_deps_there")
_LANDS_AND_IS_MISSING = _Condition.any_deps_match(
    _Condition.missing() & ~_Condition.will_be_requested() & ~NeverMaterialized()
).with_label("any_landing_deps_missing")
DAY_THAT_MAY_LACK_REPORTS = DAY.replace("any_deps_missing", _LANDS_AND_IS_MISSING) & _IS_THERE
"""The same, without waiting for a report of which no day has ever landed, as the account may not offer it."""
