"""What is relied on in the Stripe SDK, and in `requests` beneath it, so that an upgrade fails by name."""

from typing import Any

import pytest
import requests
import stripe

from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error

_RUNS = "/v1/reporting/report_runs"


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
