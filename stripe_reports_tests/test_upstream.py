"""What is relied on in Dagster and the Stripe SDK, so that an upgrade fails as "Dagster changed"."""

from typing import Any

import dagster as dg
import pytest
import stripe

from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error

_DAYS = dg.DailyPartitionsDefinition("2026-01-01")
_RUNS = "/v1/reporting/report_runs"


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


def _client(server: ScriptedServer, retries: int) -> stripe.StripeClient:
    return stripe.StripeClient(
        "sk_test_x", base_addresses={"api": server.base, "files": server.base}, max_network_retries=retries
    )


@pytest.mark.parametrize("code", ["rate_limit", "lock_timeout"])
def test_stripe_429_is_a_rate_limit_error_that_the_sdk_does_not_repeat(
    server: ScriptedServer, code: str
) -> None:
    server.answers("GET", _RUNS, Answer(stripe_error("slow", code=code), 429, {"Retry-After": "3"}))
    with pytest.raises(stripe.RateLimitError) as error:
        _client(server, 3).v1.reporting.report_runs.list()
    assert len(server.asked) == 1
    assert (error.value.headers or {})["Retry-After"] == "3"


def test_stripe_5xx_is_an_api_error_that_the_sdk_repeats_under_one_idempotency_key(
    server: ScriptedServer,
) -> None:
    server.answers("POST", _RUNS, Answer(stripe_error("oh", "api_error"), 500))
    with pytest.raises(stripe.APIError):
        _client(server, 1).v1.reporting.report_runs.create({"report_type": "x"}, {"idempotency_key": "k"})  # type: ignore[typeddict-item]
    assert [asked.headers["Idempotency-Key"] for asked in server.asked] == ["k", "k"]


def test_stripe_parameters_that_the_sdk_does_not_know_pass_through(server: ScriptedServer) -> None:
    server.answers("POST", _RUNS, Answer({"object": "reporting.report_run", "id": "frr_1"}))
    params: Any = {"report_type": "x", "parameters": {"decimal_separator": "dot"}}
    _client(server, 0).v1.reporting.report_runs.create(params)
    assert server.asked[0].form["parameters[decimal_separator]"] == ["dot"]
