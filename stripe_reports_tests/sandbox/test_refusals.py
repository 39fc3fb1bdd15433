"""What the API host refuses, and in which words."""

from __future__ import annotations

from datetime import date

import httpx
import pytest

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.support import DAY, Client, midnight, refusal

RUNS = "/v1/reporting/report_runs"
START, END = midnight(date(2025, 1, 1)), midnight(date(2025, 7, 2))
BALANCE = "balance.summary.1"
ACTIVITY = "balance_change_from_activity.itemized.3"


@pytest.mark.parametrize("path", ["/v1/reporting/report_types", RUNS, "/v1/account"])
def test_nothing_without_the_key(sandbox: Sandbox, path: str) -> None:
    none = httpx.get(sandbox.api_base + path)
    assert "You did not provide an API key" in refusal(none, 401)["message"]
    wrong = httpx.get(sandbox.api_base + path, auth=("sk_test_wrong", ""))
    assert refusal(wrong, 401)["message"] == "Invalid API Key provided: sk_test_****rong"


def test_a_refused_key_is_not_shown(sandbox: Sandbox) -> None:
    for key in ("sk_live_abcdefghijklmnop", "abc", "sk_test_abcd"):
        message = refusal(httpx.get(f"{sandbox.api_base}/v1/account", auth=(key, "")), 401)["message"]
        assert key not in message


def test_the_key_as_bearer_token(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    assert httpx.get(f"{sandbox.api_base}/v1/account", headers=headers).status_code == 200


def test_the_account_header_must_name_the_keys_account(client: Client, sandbox: Sandbox) -> None:
    own, other = (
        client.http.get("/v1/account", headers={"Stripe-Account": account})
        for account in (sandbox.account, "acct_other")
    )
    assert own.status_code == 200
    assert refusal(other, 403)["code"] == "account_invalid"


def test_data_too_early_and_too_late(client: Client) -> None:
    error = refusal(client.create(BALANCE, START - 1, END))
    assert error["param"] == "parameters.interval_start"
    assert error["message"] == (
        "Data for the report type balance.summary.1 is only available starting at 2025-01-01 00:00:00 UTC;"
        " you requested `interval_start` = 2024-12-31 23:59:59 UTC."
    )
    error = refusal(client.create(BALANCE, START, END + 1))
    assert error["param"] == "parameters.interval_end"
    assert "is only available through 2025-07-02 00:00:00 UTC" in error["message"]
    assert "code" not in error


def test_both_ends_of_the_available_data_are_included(client: Client) -> None:
    assert client.create(BALANCE, START, END).status_code == 200


@pytest.mark.parametrize(("start", "end"), [(END, END), (END - 5, END - DAY)])
def test_an_interval_must_go_forward(client: Client, start: int, end: int) -> None:
    assert "interval" in refusal(client.create(BALANCE, start, end))["param"]


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({"parameters[interval_start]": "soon"}, "parameters[interval_start]"),
        ({"parameters[interval_start]": "1e9"}, "parameters[interval_start]"),
        ({"parameters[interval_end]": ""}, "parameters[interval_end]"),
        ({"parameters[columns][0]": "no_such_column"}, "parameters[columns]"),
        ({"parameters[columns][0]": "payment_metadata"}, "parameters[columns]"),
        ({"parameters[columns][0]": "customer_metadata[a]"}, "parameters[columns]"),
        ({"parameters[columns]": "net"}, "parameters[columns]"),
        ({"parameters[colour]": "red"}, "parameters[colour]"),
        ({"parameters[payout]": "po_1"}, "parameters[payout]"),
        ({"parameters[timezone]": "Mars/Olympus"}, "parameters[timezone]"),
        ({"parameters[currency]": "dollars"}, "parameters[currency]"),
        ({"parameters[decimal_separator]": ";"}, "parameters[decimal_separator]"),
        ({"parameters[currency][0]": "usd"}, "parameters[currency]"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_parameter_is_named(client: Client, parameters: dict[str, str], param: str) -> None:
    good = {"report_type": ACTIVITY} | {
        f"parameters[interval_{end}]": str(at) for end, at in (("start", START), ("end", END))
    }
    assert client.http.post(RUNS, data=good).status_code == 200
    assert refusal(client.http.post(RUNS, data=good | parameters))["param"] == param


def test_what_is_missing_is_named(client: Client) -> None:
    assert refusal(client.http.post(RUNS))["param"] == "report_type"
    assert refusal(client.create(BALANCE, None, END))["param"] == "parameters[interval_start]"
    assert refusal(client.create(BALANCE, START))["param"] == "parameters[interval_end]"
    by_id = client.create("payout_reconciliation.by_id.summary.1")
    assert refusal(by_id)["param"] == "parameters[payout]"


def test_a_snapshot_needs_its_end_only(client: Client) -> None:
    assert client.create("ending_balance_reconciliation.itemized.4", None, END).status_code == 200


def test_a_report_type_that_the_account_does_not_have(client: Client) -> None:
    id_ = "no.such.report"
    assert refusal(client.create(id_, START, END))["param"] == "report_type"
    error = refusal(client.http.get(f"/v1/reporting/report_types/{id_}"), 404)
    assert error["code"] == "resource_missing"


def test_a_live_only_report_type_with_a_test_key(client: Client) -> None:
    error = refusal(client.create("all_fees.incurred_at.itemized.2", START, END), 404)
    assert "requires a live mode key" in error["message"]


@pytest.mark.parametrize(
    "path", [f"{RUNS}/frr_nope", "/v1/files/file_nope", "/v1/events/evt_nope", "/v1/file_links/link_nope"]
)
def test_an_id_that_is_not_there(client: Client, path: str) -> None:
    error = refusal(client.http.get(path), 404)
    assert error["code"] == "resource_missing"
    assert path.rpartition("/")[2] in error["message"]


def test_an_unknown_payout(client: Client) -> None:
    refused = client.create("payout_reconciliation.by_id.summary.1", payout="po_nope")
    assert refusal(refused)["param"] == "parameters[payout]"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/nope"), ("DELETE", f"{RUNS}/frr_1"), ("POST", f"{RUNS}/frr_1/cancel"), ("GET", "/")],
)
def test_a_path_that_is_not_there(client: Client, method: str, path: str) -> None:
    message = refusal(client.http.request(method, path), 404)["message"]
    assert message.startswith(f"Unrecognized request URL ({method}: {path})")


def test_a_mistake_of_the_sandbox_is_a_500_of_stripe(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stripe_reports.sandbox.http.form.only", lambda *_: 1 / 0)
    answer = httpx.get(f"{sandbox.api_base}/v1/account", auth=(sandbox.key, ""))
    refusal(answer, 500, "api_error")
