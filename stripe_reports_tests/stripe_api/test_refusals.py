"""Refusals, Stripe's and others', are one line without the key."""

from __future__ import annotations

from typing import Any

import pytest

from stripe_reports.errors import StripeReportsError, StripeRequestError
from stripe_reports.stripe_api import StripeApi, create_report_run
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error
from stripe_reports_tests.stripe_api.answers import CALLS, RUN, RUNS, Call, answered, is_one_line
from stripe_reports_tests.stripe_api.conftest import KEY

_NESTED = b'{"object":"account","id":"x","data":' + b'{"a":' * 400 + b"1" + b"}" * 401


@pytest.mark.parametrize("call", CALLS[1:-1], ids=lambda call: call.name)
@pytest.mark.parametrize("status", [401, 404, 409, 418])
def test_a_refusal_that_is_not_stripes_is_none(
    once: StripeApi, server: ScriptedServer, call: Call, status: int
) -> None:
    page = Answer(b"<html>" + b"x" * 10_000, status)
    with pytest.raises(StripeRequestError, match=f"it is HTML, not JSON, with HTTP status {status}") as error:
        answered(once, server, call, page)
    assert error.value.passes
    assert not error.value.gone
    assert is_one_line(error.value)


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
        answered(once, server, CALLS[4], Answer(body, status))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 5000


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
