"""A call whose answer is unusable is made again, a limited number of times."""

from __future__ import annotations

import pytest

from stripe_reports.errors import StripeRequestError
from stripe_reports.stripe_api import Account, StripeApi, create_report_run
from stripe_reports_tests.scripted_server import Answer, ScriptedServer
from stripe_reports_tests.stripe_api.answers import (
    BESIDE,
    CALLS,
    RUN,
    RUNS,
    TYPE,
    TYPES,
    Call,
    each_call,
    listed,
)
from stripe_reports_tests.stripe_api.conftest import KEY


@each_call
@pytest.mark.parametrize(
    "trouble",
    [Answer(b"<html>"), Answer(b"null"), Answer(b'{"a": 1}', cut=4), Answer(status=302), Answer(reset=True)],
    ids=["HTML", "null", "cut", "a redirect", "a reset"],
)
def test_one_answer_that_is_none_costs_nothing(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, call: Call, trouble: Answer
) -> None:
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0.001)
    api = StripeApi(KEY, server.base, server.base, max_network_retries=1, calls_per_second=10_000)
    server.answers(call.method, call.path, trouble, Answer(call.good))
    if call.name in BESIDE:
        method, path, body = BESIDE[call.name]
        server.answers(method, path, Answer(body))
    assert call.make(api)


@pytest.mark.parametrize("call", CALLS[:3], ids=lambda call: call.name)
@pytest.mark.parametrize("trouble", [Answer(b"<html>"), Answer({"object": "x"}), Answer(reset=True)], ids=str)
def test_account_and_report_types_are_asked_for_again(
    server: ScriptedServer, no_pauses: None, call: Call, trouble: Answer
) -> None:
    api = StripeApi(KEY, server.base, server.base, max_network_retries=0, calls_per_second=10_000)
    if call.name in BESIDE:
        method, path, body = BESIDE[call.name]
        server.answers(method, path, Answer(body))
    server.answers(call.method, call.path, *[trouble] * 4, Answer(call.good))
    assert call.make(api)
    assert len(server.asked_for(call.method, call.path)) == 5


@pytest.mark.parametrize("call", CALLS[:3], ids=lambda call: call.name)
def test_trouble_that_stays_ends(server: ScriptedServer, no_pauses: None, call: Call) -> None:
    api = StripeApi(KEY, server.base, server.base, max_network_retries=0, calls_per_second=10_000)
    if call.name in BESIDE:
        method, path, body = BESIDE[call.name]
        server.answers(method, path, Answer(body))
    server.answers(call.method, call.path, Answer(b"<html>"))
    with pytest.raises(StripeRequestError, match="it is HTML"):
        call.make(api)
    assert len(server.asked_for(call.method, call.path)) == 5


def test_trouble_with_the_list_is_waited_for_once(server: ScriptedServer, no_pauses: None) -> None:
    now = [0.0]
    api = StripeApi(KEY, server.base, server.base, max_network_retries=0, calls_per_second=10_000)
    server.answers("GET", TYPES, Answer(b"<html>"))
    account = Account(api, clock=lambda: now[0])
    for id_ in ("a.1", "b.1"):
        with pytest.raises(StripeRequestError) as error:
            account.report_type(id_)
        assert str(error.value.at(report_type=id_)).startswith(f"{id_}: ")
    assert len(server.asked_for("GET", TYPES)) == 5
    now[0] = 60.0
    server.forget()
    server.answers("GET", TYPES, Answer(listed(TYPE)))
    assert account.report_type("a.1")


@pytest.mark.parametrize("body", [b"null", b"<html>", b"{}"])
def test_a_lost_answer_to_a_new_run_is_asked_for_under_the_same_key(
    once: StripeApi, server: ScriptedServer, body: bytes
) -> None:
    server.answers("POST", RUNS, Answer(body), Answer(RUN))
    with pytest.raises(StripeRequestError):
        create_report_run(once, "a.1", {}, "key")
    assert create_report_run(once, "a.1", {}, "key").id == "frr_1"
    assert len({asked.headers["Idempotency-Key"] for asked in server.asked}) == 1
