"""The HTTP client of the API: redirects, answers without an end, and slow ones."""

from __future__ import annotations

from typing import Literal

import pytest

from stripe_reports.errors import StripeRequestError
from stripe_reports.stripe_api import StripeApi, retrieve_report_run
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, scripted_server
from stripe_reports_tests.stripe_api.answers import CALLS, RUN, RUNS, Call, answered, each_call, is_one_line
from stripe_reports_tests.stripe_api.conftest import KEY


@each_call
@pytest.mark.parametrize("status", [301, 302, 308])
def test_a_redirect_is_not_followed(once: StripeApi, server: ScriptedServer, call: Call, status: int) -> None:
    with scripted_server() as elsewhere:
        location = elsewhere.base.replace("127.0.0.1", "localhost") + call.path
        elsewhere.answers(call.method, call.path, Answer(call.good))
        with pytest.raises(StripeRequestError) as error:
            answered(once, server, call, Answer(call.good, status, {"Location": location}))
        assert elsewhere.asked == [], "the key goes to no other host"
    assert "it is a redirect to localhost, which is not followed" in str(error.value)
    assert error.value.passes


@pytest.mark.parametrize("location", ["", "http://[::1", f"https://{KEY}@x y/", "//\x00"])
def test_a_redirect_to_nowhere_is_not_repeated(
    once: StripeApi, server: ScriptedServer, location: str
) -> None:
    with pytest.raises(StripeRequestError, match="it is a redirect") as error:
        answered(once, server, CALLS[0], Answer({}, 302, {"Location": location}))
    assert is_one_line(error.value)


@each_call
def test_a_flood_is_not_kept(
    once: StripeApi, server: ScriptedServer, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stripe_reports.stripe_api.http_client.MOST_BYTES", 1 << 20)
    with pytest.raises(StripeRequestError, match="it has more than 1 MiB") as error:
        answered(once, server, call, Answer(b'"' + b"a" * (4 << 20) + b'"'))
    assert error.value.passes


@pytest.mark.parametrize("drips", ["body", "all"])
def test_an_answer_that_drips_has_a_bound(server: ScriptedServer, drips: Literal["body", "all"]) -> None:
    api = StripeApi(KEY, server.base, server.base, max_network_retries=0, timeout_seconds=0.5)
    server.answers("GET", f"{RUNS}/frr_1", Answer(RUN, drip=20, drips=drips))
    with pytest.raises(StripeRequestError, match=r"the answer did not arrive within 0\.5 s; check") as error:
        retrieve_report_run(api, "frr_1")
    assert error.value.passes
