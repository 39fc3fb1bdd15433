"""Whatever comes instead of Stripe's answer is one clear line, for each call."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_reports.errors import StripeRequestError
from stripe_reports.stripe_api import Account, StripeApi
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, scripted_server
from stripe_reports_tests.stripe_api.answers import (
    CALLS,
    EVENT,
    RUN,
    TYPE,
    TYPES,
    Call,
    answered,
    each_call,
    is_one_line,
    listed,
)
from stripe_reports_tests.stripe_api.conftest import KEY, api_that_asks_once

_DEEP = b'{"object":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
_NO_JSON = {
    "HTML": b"<!DOCTYPE html>\n<html>\n<p>Please log in</p></html>",
    "empty": b"",
    "blank": b" \n",
    "no UTF-8": b'{"object": "\xff\xfe"}',
    "cut": b'{"object": "list", "da',
    "deep": _DEEP,
    "a number too long": b'{"object": ' + b"1" * 5000 + b"}",
    "half a pair": b'{"object": "\\ud800"}',
}
_OTHER_JSON = {
    "null": None,
    "a list": [RUN],
    "no elements": [],
    "a text": "ok",
    "a number": 7,
    "true": True,
    "an object": {},
    "an error": {"error": {"type": "api_error", "message": f"No, {KEY}"}},
    "an error in words": {"error": "No."},
    "a list without data": {"object": "list", "has_more": False},
    "data null": listed() | {"data": None},
    "data an object": listed() | {"data": {}},
    "data of nulls": listed(None),
    "data of texts": listed("frr_1"),
    "data of lists": listed([[]]),
    "no kind": {"id": "x"},
    "a kind that is a list": {"object": [], "id": []},
    "a kind that is an object": {"object": {"object": None}},
    "another object": {"object": "charge", "id": "ch_1"},
    "a deleted one": {"object": "account", "id": None, "deleted": True},
}


@pytest.fixture(scope="module")
def shared_server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


def _outcome(call: Call, server: ScriptedServer, answer: Answer) -> tuple[object, StripeRequestError | None]:
    try:
        return answered(api_that_asks_once(server), server, call, answer), None
    except StripeRequestError as error:
        return None, error


@each_call
def test_the_answer_that_stripe_documents_is_read(
    once: StripeApi, server: ScriptedServer, call: Call
) -> None:
    assert answered(once, server, call, Answer(call.good))


@each_call
@pytest.mark.parametrize("body", [*_NO_JSON.values(), *_OTHER_JSON.values()], ids=[*_NO_JSON, *_OTHER_JSON])
def test_what_is_not_stripes_answer_passes(
    once: StripeApi, server: ScriptedServer, call: Call, body: Any
) -> None:
    with pytest.raises(StripeRequestError, match=r"^Stripe's answer is not as documented: ") as error:
        answered(once, server, call, Answer(body))
    assert error.value.passes
    assert is_one_line(error.value)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>", "it is HTML, not JSON; check which server answers at http"),
        (b"", "it is empty; check"),
        (b"\xff", "it is not UTF-8; check"),
        (b"{", "it is not JSON; check"),
        (_DEEP, "it is nested too deeply; check"),
        (None, "it is null, not an object; check"),
        ([], "it is a list, not an object; check"),
        ({}, "it is not a report run"),
        (RUN | {"created": -1}, "its created is out of range"),
        (RUN | {"created": 10**300}, "its created is out of range"),
        (RUN | {"created": True}, "its created is true or false, not a whole number"),
        (RUN | {"id": "frr_1\n2"}, "its id is not made of letters"),
        (RUN | {"result": {"id": "file_1"}}, "its size is null, not a whole number"),
    ],
)
def test_it_says_what_came_instead(once: StripeApi, server: ScriptedServer, body: Any, says: str) -> None:
    with pytest.raises(StripeRequestError) as error:
        answered(once, server, CALLS[3], Answer(body))
    assert f"Stripe's answer is not as documented: {says}" in str(error.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("data_available_end", None),
        ("data_available_start", "1"),
        ("data_available_end", 1 << 60),
        ("livemode", "false"),
        ("default_columns", "net"),
        ("default_columns", [None]),
        ("updated", 1.5),
        ("id", None),
    ],
)
def test_a_damaged_report_type_is_named_by_its_field(
    once: StripeApi, server: ScriptedServer, field: str, value: object
) -> None:
    for call in CALLS[1:3]:
        body = TYPE | {field: value}
        with pytest.raises(StripeRequestError, match=f"not as documented: its {field} "):
            answered(once, server, call, Answer(listed(body) if call.name == "list types" else body))


def test_a_damaged_report_type_costs_no_other(once: StripeApi, server: ScriptedServer) -> None:
    damaged = TYPE | {"id": "b.1", "data_available_end": None}
    server.answers("GET", TYPES, Answer(listed(TYPE, damaged)))
    server.answers("GET", f"{TYPES}/a.1", Answer(TYPE))
    server.answers("GET", f"{TYPES}/b.1", Answer(damaged))
    account = Account(once)
    assert account.report_type("a.1").id == "a.1"
    with pytest.raises(StripeRequestError, match="its data_available_end is null"):
        account.report_type("b.1")


def test_another_report_type_than_the_one_asked_for_is_refused(
    once: StripeApi, server: ScriptedServer
) -> None:
    with pytest.raises(StripeRequestError, match=r"it is the report type b\.1 instead of a\.1"):
        answered(once, server, CALLS[2], Answer(TYPE | {"id": "b.1"}))


_JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*place, step)
        yield from _places(inner, (*place, step))


@st.composite
def _damaged(draw: st.DrawFn) -> tuple[Call, Any]:
    """A call with its good answer, in which one value is another one or is gone."""
    call = draw(st.sampled_from(CALLS))
    body = copy.deepcopy(call.good)
    *way, last = draw(st.sampled_from(list(_places(body))))
    inside: Any = body
    for step in way:
        inside = inside[step]
    if draw(st.booleans()):
        inside[last] = draw(_JSON)
    else:
        del inside[last]
    return call, body


@settings(max_examples=40, deadline=None)
@given(damaged=_damaged())
def test_any_damage_is_read_or_refused(shared_server: ScriptedServer, damaged: tuple[Call, Any]) -> None:
    call, body = damaged
    _, error = _outcome(call, shared_server, Answer(json.dumps(body).encode()))
    assert error is None or (error.passes and is_one_line(error))


@settings(max_examples=40, deadline=None)
@given(call=st.sampled_from(CALLS), body=st.binary(max_size=40), status=st.sampled_from([200, 201, 400, 500]))
def test_any_bytes_are_refused(shared_server: ScriptedServer, call: Call, body: bytes, status: int) -> None:
    found, error = _outcome(call, shared_server, Answer(body, status))
    if error is None:  # a server that does not let the key read it
        assert (found, call.name, status) == (None, "account", 400)
    else:
        assert error.passes
        assert is_one_line(error)


def test_an_event_that_is_read_has_its_run(once: StripeApi, server: ScriptedServer) -> None:
    (run,) = answered(once, server, CALLS[-1], Answer(listed(EVENT)))  # type: ignore[misc]
    assert run.id == RUN["id"]
