"""Report runs: one is made, whatever breaks on the way, and looked at; those that were made are found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from stripe_reports.catalog import day_interval, newest_complete_day
from stripe_reports.errors import DataNotAvailableError, StripeRequestError
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import (
    ReportRun,
    StripeApi,
    create_report_run,
    list_report_runs,
    retrieve_report_run,
)
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error
from stripe_reports_tests.waiting import until

_RUNS = "/v1/reporting/report_runs"
_PARAMETERS = {"interval_start": 0, "interval_end": 86400, "columns": ["net", "currency"]}


def _run(status: str = "pending", **more: Any) -> dict[str, Any]:
    result = {
        "object": "file", "id": "file_1", "size": 3, "created": 5, "filename": "x.csv",
        "purpose": "finance_report_run",
    }  # fmt: skip
    return {
        "object": "reporting.report_run", "id": "frr_1", "report_type": "balance.summary.1", "status": status,
        "livemode": False, "created": 7, "error": None, "parameters": {}, "succeeded_at": None,
        "result": result if status == "succeeded" else None,
    } | more  # fmt: skip


def test_columns_and_interval_are_sent_as_stripe_takes_them(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("POST", _RUNS, Answer(_run()))
    run = create_report_run(api, "balance.summary.1", _PARAMETERS, "key")
    assert (run.id, run.status, run.result) == ("frr_1", "pending", None)
    assert server.asked[0].form == {
        "report_type": ["balance.summary.1"],
        "parameters[interval_start]": ["0"],
        "parameters[interval_end]": ["86400"],
        "parameters[columns][0]": ["net"],
        "parameters[columns][1]": ["currency"],
    }


def test_a_run_may_come_back_succeeded_at_once(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("POST", _RUNS, Answer(_run("succeeded")))
    run = create_report_run(api, "balance.summary.1", _PARAMETERS, "key")
    assert run.result
    assert (run.status, run.result.id) == ("succeeded", "file_1")


def test_a_lost_answer_is_asked_for_again_under_the_same_idempotency_key(
    api: StripeApi, server: ScriptedServer
) -> None:
    server.answers("POST", _RUNS, Answer(reset=True), Answer(_run()))
    create_report_run(api, "balance.summary.1", _PARAMETERS, "key")
    keys = [asked.headers["Idempotency-Key"] for asked in server.asked_for("POST", _RUNS)]
    assert len(keys) == 2
    assert keys[0] == keys[1], "another key would make a second report run"


def test_a_stored_500_is_left_behind_with_a_new_idempotency_key(
    api: StripeApi, server: ScriptedServer
) -> None:
    trouble = Answer(stripe_error("Sorry.", "api_error"), 500)
    server.answers("POST", _RUNS, trouble, trouble, Answer(_run()))
    assert create_report_run(api, "balance.summary.1", _PARAMETERS, "key").id == "frr_1"
    keys = [asked.headers["Idempotency-Key"] for asked in server.asked_for("POST", _RUNS)]
    assert keys[0] == keys[1] != keys[2]


def test_a_limit_that_stripe_keeps_under_its_key_is_left_behind_with_a_new_one(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    full = Answer(stripe_error("Too many report runs."), 400)
    server.answers("POST", _RUNS, full, full, Answer(_run()))
    assert create_report_run(api, "balance.summary.1", _PARAMETERS, "key").id == "frr_1"
    assert len({asked.headers["Idempotency-Key"] for asked in server.asked_for("POST", _RUNS)}) == 3


def test_too_fast_is_asked_again_under_the_same_key(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    server.answers("POST", _RUNS, *[Answer(stripe_error("Slow."), 429)] * 2, Answer(_run()))
    create_report_run(api, "balance.summary.1", _PARAMETERS, "key")
    assert len({asked.headers["Idempotency-Key"] for asked in server.asked_for("POST", _RUNS)}) == 1


def test_lasting_trouble_ends_after_bounded_attempts(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("POST", _RUNS, Answer(stripe_error("Sorry.", "api_error"), 500))
    with pytest.raises(StripeRequestError, match="Stripe is unavailable"):
        create_report_run(api, "balance.summary.1", _PARAMETERS, "key")
    assert len(server.asked) == 6, "three keys, each asked twice"


@pytest.mark.parametrize(("key", "other", "equal"), [("a", "a", True), ("a", "b", False)])
def test_the_key_says_which_run_is_meant(
    api: StripeApi, server: ScriptedServer, key: str, other: str, equal: bool
) -> None:
    server.answers("POST", _RUNS, Answer(_run()))
    create_report_run(api, "balance.summary.1", _PARAMETERS, key)
    create_report_run(api, "balance.summary.1", _PARAMETERS, other)
    first, second = [asked.headers["Idempotency-Key"] for asked in server.asked]
    assert (first == second) is equal


def test_a_run_is_told_as_it_is_now(api: StripeApi, server: ScriptedServer) -> None:
    failed = _run("failed", error="An internal error.")
    server.answers("GET", f"{_RUNS}/frr_1", Answer(_run()), Answer(failed), Answer(_run("succeeded")))
    runs = [retrieve_report_run(api, "frr_1") for _ in range(3)]
    assert [run.status for run in runs] == ["pending", "failed", "succeeded"]
    assert [run.error for run in runs] == [None, "An internal error.", None]
    assert [run.result and run.result.id for run in runs] == [None, None, "file_1"]


def _page(ids: range, has_more: bool) -> Answer:
    data = [_run(id=f"frr_{n}", created=n) for n in ids]
    return Answer({"object": "list", "url": _RUNS, "has_more": has_more, "data": data})


def test_runs_are_listed_a_hundred_at_a_time_from_a_second_on() -> None:
    now = [1_800_000_000]
    with Sandbox(port=0, files_port=0, latency=0, now=lambda: now[0]) as sandbox:
        api = StripeApi(sandbox.key, api_base=sandbox.api_base, calls_per_second=1000)
        end = sandbox.data_available_end
        interval = {"interval_start": end - 86400, "interval_end": end}
        made = []
        for number in range(111):
            made.append(create_report_run(api, "balance.summary.1", interval, f"key-{number}"))
            now[0] += 1
        found = list(list_report_runs(api, created_from=made[1].created))
        assert [run.id for run in found] == [run.id for run in made[:0:-1]], "newest first, but the oldest"
        assert sandbox.calls["GET", _RUNS] == 2, "110 of them"


def test_no_more_is_asked_for_than_is_looked_at(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", _RUNS, _page(range(300, 200, -1), True))
    assert next(list_report_runs(api, created_from=0)).id == "frr_300"
    assert len(server.asked) == 1


def test_a_page_without_runs_is_the_last_whatever_is_said_of_more(
    api: StripeApi, server: ScriptedServer
) -> None:
    server.answers("GET", _RUNS, _page(range(0), True))
    assert list(list_report_runs(api, created_from=0)) == []
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("next_page", "says"),
    [
        (_page(range(300, 200, -1), True), "its next page repeats frr_300"),
        (_page(range(201, 101, -1), True), "its next page repeats frr_201"),
        (_page(range(700, 600, -1), True), "its next page, with frr_601, goes forward in time"),
    ],
)
def test_a_list_that_does_not_go_back_in_time_ends(
    api: StripeApi, server: ScriptedServer, next_page: Answer, says: str
) -> None:
    server.answers("GET", _RUNS, _page(range(300, 200, -1), True), next_page)
    with pytest.raises(StripeRequestError, match=says) as error:
        list(list_report_runs(api, created_from=0))
    assert error.value.passes
    assert len(server.asked) == 2


def test_a_list_without_an_end_has_one(
    api: StripeApi, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stripe_reports.stripe_api.pages.MOST_PAGES", 5)
    at = iter(range(1000, 0, -10))
    server.answers("GET", _RUNS, lambda _: _page(range(first := next(at), first - 10, -1), True))
    with pytest.raises(StripeRequestError, match="its list has more than 5 pages of 100"):
        list(list_report_runs(api, created_from=0))
    assert len(server.asked) == 5


def _real_run(sandbox: Sandbox, key: str, **parameters: Any) -> tuple[StripeApi, ReportRun, dict[str, Any]]:
    api = StripeApi(sandbox.key, api_base=sandbox.api_base, files_base=sandbox.files_base)
    interval = day_interval(newest_complete_day(datetime.now(UTC)))
    sent = {"interval_start": interval.start, "interval_end": interval.end} | parameters
    return api, create_report_run(api, "balance_change_from_activity.itemized.3", sent, key), sent


def test_a_real_run_comes_to_a_result(sandbox: Sandbox) -> None:
    api, run, _ = _real_run(sandbox, uuid4().hex)
    until(lambda: retrieve_report_run(api, run.id).status != "pending")
    run = retrieve_report_run(api, run.id)
    assert run.result
    assert run.result.size > 0
    assert run.result.id.startswith("file_")


def test_a_real_run_is_listed_with_the_parameters_that_were_sent(sandbox: Sandbox) -> None:
    columns = ["net", "currency"]
    api, run, sent = _real_run(sandbox, uuid4().hex, columns=columns, timezone="Asia/Tokyo", currency="usd")
    listed = {each.id: each for each in list_report_runs(api, created_from=run.created)}
    assert dict(listed[run.id].parameters) == dict(run.parameters) == sent
    assert listed[run.id].created == run.created
    assert list(list_report_runs(api, created_from=run.created + 3600)) == []


def test_stripes_own_word_on_missing_data_is_told_as_such(sandbox: Sandbox) -> None:
    api = StripeApi(sandbox.key, api_base=sandbox.api_base, files_base=sandbox.files_base)
    with pytest.raises(DataNotAvailableError, match="only available starting at"):
        create_report_run(api, "balance.summary.1", {"interval_start": 86400, "interval_end": 172800}, "key")
