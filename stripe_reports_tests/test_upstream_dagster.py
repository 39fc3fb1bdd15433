"""What is relied on in Dagster, so that an upgrade fails as "Dagster changed"."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

_DAYS = dg.DailyPartitionsDefinition("2026-01-01")


@dg.multi_asset(
    name="wing__table",
    specs=[dg.AssetSpec(["wing", "table"]).with_io_manager_key("reader")],
    partitions_def=_DAYS,
)
def table(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    if context.partition_key == "2026-01-02":
        raise dg.Failure("one line", metadata={"day": context.partition_key}, allow_retries=False) from None
    return dg.MaterializeResult(metadata={"rows": 1})


class _Reader(dg.ConfigurableIOManager):
    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        raise AssertionError("a MaterializeResult without a value is not stored")

    def load_input(self, context: dg.InputContext) -> Any:
        return context.asset_key.path, context.asset_partition_keys


def _materialize(day: str, **more: Any) -> tuple[dg.DagsterInstance, dg.ExecuteInProcessResult]:
    instance = dg.DagsterInstance.ephemeral()
    return instance, dg.materialize(
        [table],
        partition_key=day,
        instance=instance,
        resources={"reader": _Reader()},
        raise_on_error=False,
        **more,
    )


def test_dagster_a_result_without_a_value_passes_by_the_io_manager() -> None:
    _, result = _materialize("2026-01-01")
    assert result.success
    (event,) = result.get_asset_materialization_events()
    assert event.partition == "2026-01-01"


def test_dagster_an_io_manager_can_load_what_it_never_stored() -> None:
    got: list[Any] = []

    @dg.asset(ins={"table": dg.AssetIn(["wing", "table"])}, partitions_def=_DAYS)
    def downstream(table) -> None:
        got.append(table)

    dg.materialize(
        [table, downstream],
        selection=["downstream"],
        partition_key="2026-01-03",
        resources={"reader": _Reader()},
    )
    assert got == [(["wing", "table"], ["2026-01-03"])]


def test_dagster_a_failure_keeps_its_text_and_metadata() -> None:
    _, result = _materialize("2026-01-02")
    (event,) = result.get_step_failure_events()
    given = event.step_failure_data.user_failure_data
    assert given is not None
    assert given.description == "one line"
    assert given.metadata["day"].value == "2026-01-02"
    assert event.node_name == "wing__table"


def test_dagster_a_planned_materialization_names_its_partition() -> None:
    instance, result = _materialize("2026-01-02")
    planned = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    (record,) = instance.get_records_for_run(result.run_id, of_type=planned).records
    event = record.event_log_entry.dagster_event
    assert event is not None
    assert (event.asset_key, event.partition) == (dg.AssetKey(["wing", "table"]), "2026-01-02")


def test_dagster_an_interruption_between_events_drops_the_step_but_tears_its_resources_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[str] = []
    stored = dg.DagsterInstance.handle_new_event

    def handle_new_event(self: dg.DagsterInstance, event: dg.EventLogEntry, **more: Any) -> None:
        stored(self, event, **more)
        if event.dagster_event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(dg.DagsterInstance, "handle_new_event", handle_new_event)

    class Closing(dg.ConfigurableResource[Any]):
        def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
            ended.append("torn down")

    @dg.op
    def step(context: dg.OpExecutionContext, closing: Closing) -> Iterator[Any]:
        yield dg.AssetMaterialization("one")
        ended.append("gone on")
        yield dg.Output(None)

    @dg.job(resource_defs={"closing": Closing()})
    def job() -> None:
        step()

    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    assert ended == ["torn down"]
