"""What is relied on in Dagster's runs over a range of days, so that an upgrade fails as "Dagster changed"."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg

from stripe_reports.orchestration.made_partitions import DATA_VERSION, all_made
from stripe_reports.orchestration.partitioned_checks import with_targets

_DAYS = dg.DailyPartitionsDefinition("2026-01-01")
_RANGE = {
    "dagster/asset_partition_range_start": "2026-01-01",
    "dagster/asset_partition_range_end": "2026-01-03",
}
_RANGE_DAYS = ["2026-01-01", "2026-01-02", "2026-01-03"]


def _range_run(
    *events: Callable[[dg.AssetExecutionContext], Any], selection: Any = None
) -> tuple[dg.DagsterInstance, dg.ExecuteInProcessResult]:
    """A run over three days of a subsettable multi-asset of `one` and `two`, which does these things."""

    @dg.multi_asset(
        specs=[dg.AssetSpec("one"), dg.AssetSpec("two")],
        check_specs=[dg.AssetCheckSpec("fine", asset="one", partitions_def=_DAYS)],
        partitions_def=_DAYS,
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def both(context: dg.AssetExecutionContext) -> Iterator[Any]:
        assert context.partition_keys == _RANGE_DAYS
        for event in events:
            if (made := event(context)) is not None:
                yield made

    instance = dg.DagsterInstance.ephemeral()
    return instance, dg.materialize(
        [both], tags=_RANGE, instance=instance, raise_on_error=False, selection=selection
    )


def _recorded(result: dg.ExecuteInProcessResult) -> list[tuple[str, str | None, dict[str, Any]]]:
    return [
        (
            event.asset_key.to_user_string(),
            event.partition,
            {name: value.value for name, value in event.materialization.metadata.items()},
        )
        for event in result.get_asset_materialization_events()
        if event.asset_key
    ]


def _check_rows(instance: dg.DagsterInstance) -> list[tuple[str | None, str]]:
    key = dg.AssetCheckKey(dg.AssetKey("one"), "fine")
    records = instance.event_log_storage.get_asset_check_execution_history(key, limit=50)
    return sorted((record.partition, record.status.value) for record in records)


def _fail(_: dg.AssetExecutionContext) -> None:
    raise dg.Failure("the rest did not come")


def test_dagster_a_result_in_a_range_marks_each_day_with_the_metadata_of_that_day() -> None:
    def add(context: dg.AssetExecutionContext) -> None:
        for day in context.partition_keys:
            context.add_asset_metadata({"day": day}, asset_key="one", partition_key=day)

    instance, result = _range_run(add, lambda _: dg.MaterializeResult(asset_key="one"))
    assert result.success
    assert _recorded(result) == [("one", day, {"day": day}) for day in _RANGE_DAYS]
    assert instance.get_materialized_partitions(dg.AssetKey("one")) == set(_RANGE_DAYS)


def test_dagster_outputs_that_a_subsettable_asset_does_not_yield_do_not_fail_the_step() -> None:
    _, result = _range_run(lambda _: dg.AssetMaterialization("one", partition="2026-01-02"))
    assert result.success
    assert _recorded(result) == [("one", "2026-01-02", {})]


def test_dagster_materializations_that_came_before_a_failure_stay_recorded() -> None:
    instance, result = _range_run(
        lambda _: dg.MaterializeResult(asset_key="two"),
        lambda _: dg.AssetMaterialization("one", partition="2026-01-02", metadata={"rows": 2}),
        _fail,
    )
    assert not result.success
    assert _recorded(result) == [
        *[("two", day, {}) for day in _RANGE_DAYS],
        ("one", "2026-01-02", {"rows": 2}),
    ]
    assert instance.get_materialized_partitions(dg.AssetKey("one")) == {"2026-01-02"}


def _fine(day: str) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey("one"), check_name="fine", partition=day, passed=True
    )


def test_dagster_an_evaluation_with_a_partition_updates_the_row_that_was_planned() -> None:
    events = [lambda _, day=day: _fine(day) for day in _RANGE_DAYS[:2]]
    instance, result = _range_run(lambda _: dg.MaterializeResult(asset_key="one"), *events)
    assert result.success
    assert _check_rows(instance) == [
        ("2026-01-01", "SUCCEEDED"),
        ("2026-01-02", "SUCCEEDED"),
        ("2026-01-03", "PLANNED"),
    ]


def _is_current(instance: dg.DagsterInstance) -> dict[str | None, bool]:
    """Whether the Partitions tab of the check shows the day's evaluation; it shows others as missing."""
    key = dg.AssetCheckKey(dg.AssetKey("one"), "fine")
    found = instance.event_log_storage.get_asset_check_partition_info([key])
    return {info.partition_key: info.is_current for info in found}


def test_dagster_shows_an_evaluation_only_if_its_target_is_the_newest_materialization() -> None:
    def some(context: dg.AssetExecutionContext) -> dg.AssetMaterialization:
        return dg.AssetMaterialization("one", partition="2026-01-02")

    def with_target(context: dg.AssetExecutionContext) -> dg.AssetCheckEvaluation:
        (evaluation,) = with_targets(context.instance, [_fine("2026-01-02")])
        return evaluation

    without, _ = _range_run(some, lambda _: _fine("2026-01-02"))
    assert not _is_current(without)["2026-01-02"]
    targeted, _ = _range_run(some, with_target)
    assert _is_current(targeted)["2026-01-02"]
    older, _ = _range_run(some, with_target, some)
    assert not _is_current(older)["2026-01-02"], "a newer one is not checked yet"


def test_dagster_an_output_with_this_metadata_starts_what_depends_on_it_and_records_no_partition() -> None:
    started: list[str] = []

    @dg.multi_asset(
        specs=[dg.AssetSpec("one")],
        partitions_def=_DAYS,
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def upstream(context: dg.AssetExecutionContext) -> Iterator[Any]:
        for day in context.partition_keys:
            yield dg.AssetMaterialization("one", partition=day, tags={DATA_VERSION: "v1"})
        yield all_made(dg.AssetKey("one"))

    @dg.asset(deps=["one"], partitions_def=_DAYS, backfill_policy=dg.BackfillPolicy.single_run())
    def downstream() -> None:
        started.append("downstream")

    result = dg.materialize([upstream, downstream], tags=_RANGE, instance=dg.DagsterInstance.ephemeral())
    assert started == ["downstream"]
    events = [e for e in result.get_asset_materialization_events() if e.asset_key == dg.AssetKey("one")]
    assert [event.partition for event in events] == _RANGE_DAYS
    assert {event.materialization.tags[DATA_VERSION] for event in events} == {"v1"}


def test_dagster_an_output_of_a_check_is_no_second_evaluation() -> None:
    told: list[set[str]] = []

    def output(context: dg.AssetExecutionContext) -> dg.Output[None]:
        step = context.op_execution_context
        outputs = step.selected_output_names - {
            step.output_for_asset_key(key) for key in context.selected_asset_keys
        }
        told.append(set(outputs))
        return dg.Output(None, output_name=next(iter(outputs)))

    events = [lambda _, day=day: _fine(day) for day in _RANGE_DAYS]
    instance, result = _range_run(lambda _: dg.MaterializeResult(asset_key="one"), *events, output)
    assert result.success
    assert told == [{"one_fine"}]
    assert _check_rows(instance) == [(day, "SUCCEEDED") for day in _RANGE_DAYS]
    said = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert not [text for text in said if "one_fine" in text and "did not yield" in text]


def test_dagster_an_interruption_in_a_step_lets_it_tell_the_rest_before_it_ends() -> None:
    def interrupted(_: dg.AssetExecutionContext) -> dg.AssetMaterialization:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(10)
        except dg.DagsterExecutionInterruptedError:
            return dg.AssetMaterialization("one", partition="2026-01-01")
        raise AssertionError("it was not interrupted")

    def ends(_: dg.AssetExecutionContext) -> None:
        raise dg.DagsterExecutionInterruptedError

    _, result = _range_run(interrupted, ends)
    assert not result.success
    assert _recorded(result) == [("one", "2026-01-01", {})]
