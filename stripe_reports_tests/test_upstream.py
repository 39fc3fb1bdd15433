"""What is relied on in Dagster and the Stripe SDK, so that an upgrade fails as "Dagster changed"."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
import pytest
import requests
import stripe

from stripe_reports.orchestration.made_partitions import DATA_VERSION, all_made
from stripe_reports.orchestration.partitioned_checks import with_targets
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


class _Own(stripe.APIConnectionError):
    """As `http_client.UnusableAnswerError`."""


class _OwnClient(stripe.HTTPClient):
    name = "own"

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **_: Any) -> Any:
        self.keys.append(headers["Idempotency-Key"])
        raise _Own("not so", http_status=200, should_retry=True)  # type: ignore[no-untyped-call]


def test_stripe_an_error_of_our_http_client_is_repeated_under_one_key_and_comes_out_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0.001)
    own = _OwnClient()
    client = stripe.StripeClient("sk_test_x", http_client=own, max_network_retries=2)
    with pytest.raises(_Own) as error:
        client.v1.reporting.report_runs.create({"report_type": "x"}, {"idempotency_key": "k"})  # type: ignore[typeddict-item]
    assert (error.value.user_message, error.value.http_status) == ("not so", 200)
    assert own.keys == ["k", "k", "k"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, stripe.InvalidRequestError), (403, stripe.PermissionError), (409, stripe.APIError)],
)
def test_stripe_a_code_is_in_the_error_object_whatever_the_status(
    server: ScriptedServer, status: int, kind: type[stripe.StripeError]
) -> None:
    server.answers("GET", _RUNS, Answer(stripe_error("busy", code="lock_timeout"), status))
    with pytest.raises(kind) as error:
        _client(server, 0).v1.reporting.report_runs.list()
    assert error.value.error
    assert error.value.error.code == "lock_timeout"


@pytest.mark.parametrize("body", [b"null", b"[]", b'"x"'])
def test_stripe_an_answer_that_is_no_object_is_no_error_of_the_sdk(
    server: ScriptedServer, body: bytes
) -> None:
    server.answers("GET", _RUNS, Answer(body))
    found = _client(server, 0).v1.reporting.report_runs.list()
    assert not isinstance(found, stripe.StripeObject), "that is why our HTTP client looks at the body first"


def test_requests_follows_no_redirect_without_a_target(server: ScriptedServer) -> None:
    class NoTarget(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> None:
            """Nowhere."""

    for location in ("/elsewhere", "http://[::1"):
        server.answers("GET", "/here", Answer(b"", 302, {"Location": location}))
        assert NoTarget().get(f"{server.base}/here", timeout=30).status_code == 302
    assert not server.asked_for("GET", "/elsewhere")
