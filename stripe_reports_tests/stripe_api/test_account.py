"""The account behind a key: its id is read once, its report types every minute."""

from __future__ import annotations

import pytest

from stripe_reports.errors import StripeRequestError
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account, StripeApi
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error

_TYPES = "/v1/reporting/report_types"


def _listed(*ids: str, end: int = 2) -> Answer:
    data = [
        {
            "object": "reporting.report_type", "id": id_, "name": id_, "livemode": False, "version": 1,
            "updated": 1, "data_available_start": 1, "data_available_end": end, "default_columns": ["a"],
        }
        for id_ in ids
    ]  # fmt: skip
    return Answer({"object": "list", "url": _TYPES, "has_more": False, "data": data})


def test_the_account_is_read_once(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", "/v1/account", Answer({"object": "account", "id": "acct_1"}))
    account = Account(api)
    assert (account.id, account.id) == ("acct_1", "acct_1")
    assert len(server.asked_for("GET", "/v1/account")) == 1


@pytest.mark.parametrize("status", [400, 403, 404])
@pytest.mark.parametrize("body", [stripe_error("No."), b"not found"], ids=["an error", "no JSON"])
def test_a_key_that_may_not_read_the_account_leaves_it_unknown(
    api: StripeApi, server: ScriptedServer, status: int, body: object
) -> None:
    server.answers("GET", "/v1/account", Answer(body, status))
    assert Account(api).id is None


@pytest.mark.parametrize("status", [401, 500])
def test_trouble_on_reading_the_account_is_not_taken_for_not_allowed(
    api: StripeApi, server: ScriptedServer, no_pauses: None, status: int
) -> None:
    server.answers("GET", "/v1/account", Answer(stripe_error("No."), status))
    with pytest.raises(StripeRequestError):
        _ = Account(api).id


def test_report_types_are_listed_once_a_minute(api: StripeApi, server: ScriptedServer) -> None:
    now = [0.0]
    server.answers("GET", _TYPES, _listed("a.1", end=2), _listed("a.1", end=3))
    account = Account(api, clock=lambda: now[0])
    assert [account.report_type("a.1").data_available_end for _ in range(3)] == [2, 2, 2]
    assert len(server.asked_for("GET", _TYPES)) == 1
    now[0] = 60
    assert account.report_type("a.1").data_available_end == 3


def test_a_report_type_that_is_not_listed_is_asked_for_by_its_id(
    api: StripeApi, server: ScriptedServer
) -> None:
    server.answers("GET", _TYPES, _listed("a.1"))
    server.answers("GET", f"{_TYPES}/b.1", Answer(stripe_error("No such report type: b.1"), 404))
    with pytest.raises(StripeRequestError, match=r"No such report type: b\.1"):
        Account(api).report_type("b.1")


def test_what_the_account_offers_is_read_as_stripe_says_it(sandbox: Sandbox) -> None:
    api = StripeApi(sandbox.key, api_base=sandbox.api_base, files_base=sandbox.files_base)
    found = Account(api).report_type("balance.summary.1")
    assert found.data_available_start < found.data_available_end
    assert found.default_columns == ("category", "description", "net_amount", "currency")
    assert not found.livemode
