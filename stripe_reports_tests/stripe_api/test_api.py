"""Every refusal of Stripe becomes one clear line, and the key is in none of them."""

from __future__ import annotations

from typing import Any

import pytest

from stripe_reports.errors import ConfigurationError, StripeReportsError, StripeRequestError
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import API_BASE, FILES_BASE, Account, StripeApi
from stripe_reports.stripe_api.refusal import retry_after
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error
from stripe_reports_tests.stripe_api.conftest import KEY

_TYPE = "/v1/reporting/report_types/balance.summary.1"
_BALANCE = {
    "object": "reporting.report_type",
    "id": "balance.summary.1",
    "data_available_start": 1,
    "data_available_end": 2,
    "livemode": False,
}


def _ask(api: StripeApi) -> object:
    return api.call(lambda client: client.v1.reporting.report_types.retrieve("balance.summary.1"))


@pytest.mark.parametrize("key", ["", "   "])
def test_without_a_key_it_says_what_to_set_and_where_to_find_it(key: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"set STRIPE_API_KEY .* https://dashboard\.stripe\.com/apikeys"
    ):
        StripeApi(key)


@pytest.mark.parametrize("key", ["sk_test_a b", "sk_test_a\n", "sk_test_…"])
def test_a_key_that_was_copied_badly_is_refused_before_it_is_sent(key: str) -> None:
    with pytest.raises(ConfigurationError, match="copy it again") as refused:
        StripeApi(key)
    assert key not in str(refused.value)


def test_the_repr_does_not_show_the_key() -> None:
    assert KEY not in repr(StripeApi(KEY))


@pytest.mark.parametrize("base", ["STRIPE_API_BASE", "STRIPE_FILES_BASE"])
def test_a_base_that_is_not_given_is_the_environments(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = base.removeprefix("STRIPE_").lower()
    assert getattr(StripeApi(KEY), name).endswith(".stripe.com")
    monkeypatch.setenv(base, "http://127.0.0.1:7")
    assert getattr(StripeApi(KEY), name) == "http://127.0.0.1:7"
    given: Any = {name: "http://127.0.0.1:8"}
    assert getattr(StripeApi(KEY, **given), name) == "http://127.0.0.1:8"


_HERE = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("key", "api_base", "files_base", "words"),
    [
        ("sk_live_x", API_BASE, FILES_BASE, "Stripe, live mode"),
        ("rk_live_x", f"{API_BASE}/", FILES_BASE, "Stripe, live mode"),
        ("sk_test_x", API_BASE, FILES_BASE, "Stripe, test mode"),
        ("sk_x", API_BASE, FILES_BASE, "Stripe, a key of unknown mode"),
        ("sk_test_x", _HERE, _HERE, f"sandbox at {_HERE}"),
        ("sk_live_x", _HERE, _HERE, f"sandbox at {_HERE}, live mode"),
        ("sk_test_x", _HERE, FILES_BASE, f"sandbox at {_HERE}; files from {FILES_BASE}"),
        ("rk_test_x", "https://me:pw@x.example/y", _HERE, "another server at https://x.example, test mode"),
    ],
)
def test_it_says_which_stripe_it_is(key: str, api_base: str, files_base: str, words: str) -> None:
    assert StripeApi(key, api_base, files_base).which == words


def test_what_stripe_does_not_have_is_told_apart(
    api: StripeApi, server: ScriptedServer, no_pauses: None
) -> None:
    refusals = []
    for status in (404, 400):
        server.forget()
        server.answers("GET", _TYPE, Answer(stripe_error("No such thing."), status))
        with pytest.raises(StripeRequestError) as refused:
            _ask(api)
        refusals.append(refused.value.gone)
    assert refusals == [True, False]


def test_a_wrong_key_gives_stripes_message_and_what_to_check(sandbox: Sandbox) -> None:
    api = StripeApi("sk_test_wrongwrongwrong", api_base=sandbox.api_base, files_base=sandbox.files_base)
    with pytest.raises(StripeRequestError, match=r"Invalid API Key.*check that STRIPE_API_KEY") as refused:
        _ask(api)
    assert "sk_test_wrongwrongwrong" not in str(refused.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_a_server_that_repeats_the_key_does_not_make_us_repeat_it(
    api: StripeApi, server: ScriptedServer, no_pauses: None, status: int
) -> None:
    server.answers("GET", _TYPE, Answer(stripe_error(f"No, {KEY}!"), status))
    with pytest.raises(StripeReportsError) as refused:
        _ask(api)
    assert KEY not in str(refused.value)
    assert "No, sk_test_…!" in str(refused.value)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "Stripe refused the key"),
        (403, "a restricted key needs Reporting: write, Files: read"),
        (404, "Stripe refused the request"),
        (429, "Stripe limited the rate"),
        (503, "Stripe is unavailable"),
    ],
)
def test_each_kind_of_refusal_says_what_to_do(
    api: StripeApi, server: ScriptedServer, no_pauses: None, status: int, says: str
) -> None:
    server.answers("GET", _TYPE, Answer(stripe_error("Because."), status, {"Request-Id": "req_77"}))
    with pytest.raises(StripeRequestError, match=says) as refused:
        _ask(api)
    assert "Because. (request req_77)" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_server_that_is_not_there_is_named() -> None:
    api = StripeApi(KEY, api_base="http://127.0.0.1:9", max_network_retries=0)
    with pytest.raises(
        StripeRequestError, match=r"no answer from http://127\.0\.0\.1:9.*STRIPE_API_BASE"
    ) as refused:
        _ask(api)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("code", ["rate_limit", "lock_timeout"])
def test_too_fast_is_repeated_until_it_is_not(
    api: StripeApi, server: ScriptedServer, no_pauses: None, code: str
) -> None:
    too_fast = Answer(stripe_error("Too fast.", code=code), 429, {"Retry-After": "1"})
    server.answers("GET", _TYPE, too_fast, too_fast, too_fast, Answer(_BALANCE))
    assert _ask(api)
    assert len(server.asked_for("GET", _TYPE)) == 4


_LIMITS = {
    "too many report runs": (400, stripe_error("Too many report runs are pending.")),
    "rate_limit": (400, stripe_error("Slow down.", code="rate_limit")),
    "lock_timeout": (409, stripe_error("This object is locked.", code="lock_timeout")),
    "a limit by another status": (403, stripe_error("No.", code="rate_limit")),
    "concurrent": (400, stripe_error("Only 6 concurrent report runs are allowed.")),
    "exceeded": (400, stripe_error("You exceeded the limit of runs.")),
}


@pytest.mark.parametrize(("status", "body"), _LIMITS.values(), ids=_LIMITS)
def test_a_limit_is_waited_for_whatever_its_status(
    server: ScriptedServer, no_pauses: None, status: int, body: dict[str, Any]
) -> None:
    api = StripeApi(KEY, server.base, server.base, max_network_retries=0, calls_per_second=1000)
    server.answers("GET", _TYPE, *[Answer(body, status)] * 3, Answer(_BALANCE))
    assert _ask(api)
    server.forget()
    server.answers("GET", _TYPE, Answer(body, status))
    with pytest.raises(StripeRequestError, match="Stripe limited the rate 8 times in a row: ") as error:
        _ask(api)
    assert error.value.passes


@pytest.mark.parametrize(
    "refusal",
    [
        stripe_error("Too many columns.", param="parameters[columns]"),
        stripe_error("Too many report runs in it.", param="report_run"),
        stripe_error("The limit must be between 1 and 100.", param="limit"),
        stripe_error("Unknown column."),
    ],
)
def test_what_is_wrong_with_the_request_is_no_limit(
    api: StripeApi, server: ScriptedServer, refusal: dict[str, Any]
) -> None:
    server.answers("GET", _TYPE, Answer(refusal, 400))
    with pytest.raises(StripeRequestError, match="Stripe refused the request") as error:
        _ask(api)
    assert not error.value.passes
    assert len(server.asked) == 1


def test_what_broke_on_the_way_is_repeated(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", _TYPE, Answer(reset=True), Answer(_BALANCE))
    assert _ask(api)


def test_acting_as_a_connected_account_sends_its_header_with_every_call(server: ScriptedServer) -> None:
    api = StripeApi(KEY, api_base=server.base, files_base=server.base, stripe_account="acct_9")
    server.answers("GET", _TYPE, Answer(_BALANCE))
    _ask(api)
    assert server.asked[0].headers["Stripe-Account"] == "acct_9"
    assert Account(api).id == "acct_9"


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("3", 3.0),
        ("0.5", 0.5),
        ("0", 0.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("-1", None),
        ("86400", None),
    ],
)
def test_a_pause_that_a_server_asks_for_is_taken_if_it_is_sensible(header: str, pause: float | None) -> None:
    assert retry_after({"Retry-After": header}) == pause


def test_a_server_may_ask_for_no_pause() -> None:
    assert retry_after({}) is None
