"""Whatever comes instead of Stripe's answer is one clear line, for each call, and is asked for again."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_reports.errors import StripeReportsError, StripeRequestError
from stripe_reports.stripe_api import Account, StripeApi, create_report_run, retrieve_report_run
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, scripted_server, stripe_error
from stripe_reports_tests.stripe_api.answers import BESIDE, CALLS, EVENT, RUN, RUNS, TYPE, TYPES, Call, listed
from stripe_reports_tests.stripe_api.conftest import KEY

_each_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)

_DEEP = b'{"object":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
_NESTED = b'{"object":"account","id":"x","data":' + b'{"a":' * 400 + b"1" + b"}" * 401
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


@pytest.fixture
def once(server: ScriptedServer) -> StripeApi:
    """A door through which nothing is asked twice."""
    return _once(server)


@pytest.fixture(scope="module")
def shared_server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


def _once(server: ScriptedServer) -> StripeApi:
    return _door(server.base)


@cache
def _door(base: str) -> StripeApi:
    return StripeApi(KEY, base, base, max_network_retries=0, trouble_attempts=1, calls_per_second=10_000)


def _make(api: StripeApi, server: ScriptedServer, call: Call, answer: Answer) -> object:
    server.forget()
    server.answers(call.method, call.path, answer)
    if call.name in BESIDE:
        method, path, body = BESIDE[call.name]
        server.answers(method, path, Answer(body))
    return call.make(api)


def _outcome(call: Call, server: ScriptedServer, answer: Answer) -> tuple[object, StripeRequestError | None]:
    try:
        return _make(_once(server), server, call, answer), None
    except StripeRequestError as error:
        return None, error


def _is_one_line(error: StripeReportsError) -> bool:
    text = str(error)
    return "\n" not in text and KEY not in text and len(text) < 600


@_each_call
def test_the_answer_that_stripe_documents_is_read(
    once: StripeApi, server: ScriptedServer, call: Call
) -> None:
    assert _make(once, server, call, Answer(call.good))


@_each_call
@pytest.mark.parametrize("body", [*_NO_JSON.values(), *_OTHER_JSON.values()], ids=[*_NO_JSON, *_OTHER_JSON])
def test_what_is_not_stripes_answer_passes(
    once: StripeApi, server: ScriptedServer, call: Call, body: Any
) -> None:
    with pytest.raises(StripeRequestError, match=r"^Stripe's answer is not as documented: ") as error:
        _make(once, server, call, Answer(body))
    assert error.value.passes
    assert _is_one_line(error.value)


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
        _make(once, server, CALLS[3], Answer(body))
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
            _make(once, server, call, Answer(listed(body) if call.name == "list types" else body))


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
        _make(once, server, CALLS[2], Answer(TYPE | {"id": "b.1"}))


@_each_call
@pytest.mark.parametrize("status", [301, 302, 308])
def test_a_redirect_is_not_followed(once: StripeApi, server: ScriptedServer, call: Call, status: int) -> None:
    with scripted_server() as elsewhere:
        location = elsewhere.base.replace("127.0.0.1", "localhost") + call.path
        elsewhere.answers(call.method, call.path, Answer(call.good))
        with pytest.raises(StripeRequestError) as error:
            _make(once, server, call, Answer(call.good, status, {"Location": location}))
        assert elsewhere.asked == [], "the key goes to no other host"
    assert "it is a redirect to localhost, which is not followed" in str(error.value)
    assert error.value.passes


@pytest.mark.parametrize("location", ["", "http://[::1", f"https://{KEY}@x y/", "//\x00"])
def test_a_redirect_to_nowhere_is_not_repeated(
    once: StripeApi, server: ScriptedServer, location: str
) -> None:
    with pytest.raises(StripeRequestError, match="it is a redirect") as error:
        _make(once, server, CALLS[0], Answer({}, 302, {"Location": location}))
    assert _is_one_line(error.value)


@_each_call
def test_a_flood_is_not_kept(
    once: StripeApi, server: ScriptedServer, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stripe_reports.stripe_api.http_client.MOST_BYTES", 1 << 20)
    with pytest.raises(StripeRequestError, match="it has more than 1 MiB") as error:
        _make(once, server, call, Answer(b'"' + b"a" * (4 << 20) + b'"'))
    assert error.value.passes


@pytest.mark.parametrize("call", CALLS[1:-1], ids=lambda call: call.name)
@pytest.mark.parametrize("status", [401, 404, 409, 418])
def test_a_refusal_that_is_not_stripes_is_none(
    once: StripeApi, server: ScriptedServer, call: Call, status: int
) -> None:
    page = Answer(b"<html>" + b"x" * 10_000, status)
    with pytest.raises(StripeRequestError, match=f"it is HTML, not JSON, with HTTP status {status}") as error:
        _make(once, server, call, page)
    assert error.value.passes
    assert not error.value.gone
    assert _is_one_line(error.value)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
@pytest.mark.parametrize(
    "body",
    [
        {"error": {"type": 7, "message": {"a": 1}}},
        {"error": []},
        {"error": "invalid_grant", "error_description": ["x"]},
        {"error": {"type": "api_error", "message": ["x"], "param": [], "code": {}}},
        {"error": {"type": "x", "message": "x" * 100_000, "param": "y" * 9_000}},
        [],
        None,
        b"",
        _NESTED,
    ],
    ids=["numbers", "a list", "OAuth", "no texts", "too long", "JSON list", "null", "empty", "nested"],
)
def test_an_odd_refusal_is_one_line(
    once: StripeApi, server: ScriptedServer, no_pauses: None, status: int, body: Any
) -> None:
    with pytest.raises(StripeReportsError) as error:
        _make(once, server, CALLS[4], Answer(body, status))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 5000


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


@settings(max_examples=100, deadline=None)
@given(damaged=_damaged())
def test_any_damage_is_read_or_refused(shared_server: ScriptedServer, damaged: tuple[Call, Any]) -> None:
    call, body = damaged
    _, error = _outcome(call, shared_server, Answer(json.dumps(body).encode()))
    assert error is None or (error.passes and _is_one_line(error))


@settings(max_examples=40, deadline=None)
@given(call=st.sampled_from(CALLS), body=st.binary(max_size=40), status=st.sampled_from([200, 201, 400, 500]))
def test_any_bytes_are_refused(shared_server: ScriptedServer, call: Call, body: bytes, status: int) -> None:
    found, error = _outcome(call, shared_server, Answer(body, status))
    if error is None:  # a server that does not let the key read it
        assert (found, call.name, status) == (None, "account", 400)
    else:
        assert error.passes
        assert _is_one_line(error)


@_each_call
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


def test_a_request_id_that_is_none_is_left_out(once: StripeApi, server: ScriptedServer) -> None:
    for said, shown in [("req_7a", True), (f"req_{KEY}", False), ("req_7 a<b>", False), ("7", False)]:
        server.forget()
        server.answers("POST", RUNS, Answer(stripe_error("No."), 404, {"Request-Id": said}))
        with pytest.raises(StripeRequestError) as error:
            create_report_run(once, "a.1", {}, "key")
        assert (said in str(error.value)) is shown
        assert KEY not in str(error.value)


@pytest.mark.parametrize("field", ["message", "param", "code", "type"])
def test_the_key_in_any_field_of_a_refusal_is_left_out(
    once: StripeApi, server: ScriptedServer, field: str
) -> None:
    refusal = {"error": {"type": "x", "message": "No.", "param": "p"} | {field: f"<{KEY}>"}}
    server.answers("POST", RUNS, Answer(refusal, 400))
    with pytest.raises(StripeRequestError) as error:
        create_report_run(once, "a.1", {}, "key")
    assert KEY not in f"{error.value} {error.value.param}"


def test_a_key_at_the_end_of_what_is_shown_is_not_shown_in_part(
    once: StripeApi, server: ScriptedServer
) -> None:
    for length in range(3980, 4000, 5):
        server.forget()
        server.answers("POST", RUNS, Answer(stripe_error("." * length + KEY), 404))
        with pytest.raises(StripeRequestError) as error:
            create_report_run(once, "a.1", {}, "key")
        assert "SECR" not in str(error.value)


def test_the_key_is_in_no_log(
    once: StripeApi,
    server: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    too_fast = Answer(stripe_error(f"No, {KEY}"), 429, {"Retry-After": "0.01"})
    server.answers("POST", RUNS, too_fast, Answer(RUN))
    with caplog.at_level("INFO"):
        create_report_run(once, "a.1", {}, "key")
    said = caplog.text + "".join(capsys.readouterr())
    assert "sk_test_…" in said, "what is repeated is logged"
    assert KEY not in said


@pytest.mark.parametrize("drips", ["body", "all"])
def test_an_answer_that_drips_has_a_bound(server: ScriptedServer, drips: Literal["body", "all"]) -> None:
    api = StripeApi(KEY, server.base, server.base, max_network_retries=0, timeout_seconds=0.5)
    server.answers("GET", f"{RUNS}/frr_1", Answer(RUN, drip=20, drips=drips))
    with pytest.raises(StripeRequestError, match=r"the answer did not arrive within 0\.5 s; check") as error:
        retrieve_report_run(api, "frr_1")
    assert error.value.passes


def test_an_event_that_is_read_has_its_run(once: StripeApi, server: ScriptedServer) -> None:
    (run,) = _make(once, server, CALLS[-1], Answer(listed(EVENT)))  # type: ignore[misc]
    assert run.id == RUN["id"]
