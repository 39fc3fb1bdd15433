"""The API host's objects: the fields that Stripe's OpenAPI document requires, and what is in them."""

from __future__ import annotations

from datetime import date
from typing import Any

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.sandbox import Sandbox
from stripe_reports.sandbox.reports import REPORT_BODIES
from stripe_reports_tests.sandbox.support import DAY, Client, clock_at, midnight

RUNS = "/v1/reporting/report_runs"
START, END = midnight(date(2025, 1, 1)), midnight(date(2025, 7, 2))
BALANCE = "balance.summary.1"
ACTIVITY = "balance_change_from_activity.itemized.3"


def _shaped(found: dict[str, Any], **types: Any) -> None:
    assert set(found) == set(types)
    for name, type_ in types.items():
        assert isinstance(found[name], type_), (name, found[name])


def test_a_report_type(client: Client) -> None:
    found = client.get(f"/v1/reporting/report_types/{ACTIVITY}")
    _shaped(
        found,
        id=str, object=str, data_available_start=int, data_available_end=int, default_columns=list,
        livemode=bool, name=str, updated=int, version=int,
    )  # fmt: skip
    assert found["object"] == "reporting.report_type"
    assert (found["data_available_start"], found["data_available_end"]) == (START, END)
    assert found["version"] == 3
    assert tuple(found["default_columns"]) == REPORT_TYPES[ACTIVITY].default_columns


def test_a_report_type_that_takes_no_columns_has_no_default_ones(client: Client) -> None:
    assert client.get("/v1/reporting/report_types/activity.summary.1")["default_columns"] is None


def test_the_list_of_report_types_is_what_can_be_run(client: Client) -> None:
    found = client.get("/v1/reporting/report_types")
    with_a_test_key = [id_ for id_ in REPORT_BODIES if not REPORT_TYPES[id_].live_mode_only]
    assert [each["id"] for each in found["data"]] == with_a_test_key
    assert (found["object"], found["has_more"]) == ("list", False)
    assert found["url"] == "/v1/reporting/report_types"


def test_a_report_run_and_its_result(client: Client, sandbox: Sandbox) -> None:
    created = client.create(ACTIVITY, END - DAY, END, ["net"], timezone="Asia/Tokyo", currency="eur").json()
    fields = {
        "id": str, "object": str, "created": int, "error": type(None), "livemode": bool, "parameters": dict,
        "report_type": str, "status": str,
    }  # fmt: skip
    _shaped(created, **fields, result=type(None), succeeded_at=type(None))
    assert (created["object"], created["status"]) == ("reporting.report_run", "pending")
    assert created["parameters"] == {
        "interval_start": END - DAY,
        "interval_end": END,
        "columns": ["net"],
        "timezone": "Asia/Tokyo",
        "currency": "eur",
    }
    run = client.get(f"{RUNS}/{created['id']}")
    _shaped(run, **fields, result=dict, succeeded_at=int)
    assert run["status"] == "succeeded"
    result = run["result"]
    _shaped(
        result,
        id=str, object=str, created=int, expires_at=int, filename=str, links=dict, purpose=str, size=int,
        title=str, type=str, url=str,
    )  # fmt: skip
    assert (result["object"], result["purpose"], result["type"]) == ("file", "finance_report_run", "csv")
    assert result["expires_at"] == result["created"] + 365 * DAY
    assert result["url"] == f"{sandbox.files_base}/v1/files/{result['id']}/contents"
    assert result["links"]["url"].startswith("/v1/file_links")
    assert client.get(f"/v1/files/{result['id']}") == result
    assert result in client.get("/v1/files", limit="100")["data"]


def test_a_run_in_the_list_has_its_parameters_exactly_as_they_were_sent(client: Client) -> None:
    columns = ["net", "created", "balance_transaction_id", "gross", "fee", "currency"]
    columns += ["reporting_category", "description", "source_id", "customer_id", "charge_id", "created_utc"]
    client.create(ACTIVITY, END - DAY, END, columns, timezone="America/New_York")
    client.create(BALANCE, END - DAY, END)
    snapshot = "ending_balance_reconciliation.itemized.4"
    client.create(snapshot, None, END, ["net"], timezone="Etc/UTC")
    pairs = {
        "report_type": ACTIVITY,
        "parameters[interval_start]": END - DAY,
        "parameters[interval_end]": END,
    }
    client.post(RUNS, **pairs, **{"parameters[columns][]": ["source_id", "net"]})
    newest_first = client.get(RUNS, limit="4")["data"]
    assert [run["parameters"] for run in newest_first] == [
        {"interval_start": END - DAY, "interval_end": END, "columns": ["source_id", "net"]},
        {"interval_end": END, "columns": ["net"], "timezone": "Etc/UTC"},
        {"interval_start": END - DAY, "interval_end": END},
        {
            "interval_start": END - DAY,
            "interval_end": END,
            "columns": columns,
            "timezone": "America/New_York",
        },
    ]
    for run in newest_first:
        assert run["parameters"] == client.get(f"{RUNS}/{run['id']}")["parameters"]
        assert all(type(run["parameters"][n]) is int for n in run["parameters"] if n.startswith("interval"))


def test_a_finished_run_is_announced_by_one_event(client: Client) -> None:
    run = client.create(BALANCE, END - DAY, END).json()
    events = client.get("/v1/events", type="reporting.report_run.succeeded", limit="100")["data"]
    (event,) = [e for e in events if e["data"]["object"]["id"] == run["id"]]
    _shaped(
        event,
        id=str, object=str, api_version=str, created=int, data=dict, livemode=bool, pending_webhooks=int,
        request=dict, type=str,
    )  # fmt: skip
    assert event["data"]["object"] == client.get(f"{RUNS}/{run['id']}")
    assert client.get(f"/v1/events/{event['id']}") == event
    assert event in client.get("/v1/events", **{"types[]": event["type"]}, limit="100")["data"]
    assert event in client.get("/v1/events", type="reporting.*", limit="100")["data"]
    assert client.get("/v1/events", type="charge.succeeded")["data"] == []


def test_the_account_is_the_same_for_the_same_seed(client: Client, sandbox: Sandbox) -> None:
    account = client.get("/v1/account")
    assert account["object"] == "account"
    assert account["id"] == sandbox.account == Sandbox().account != Sandbox(seed=2).account
    assert account["id"].startswith("acct_")


def test_livemode_follows_the_key() -> None:
    for key, livemode in (("sk_live_example", True), ("rk_live_example", True), ("rk_test_example", False)):
        with Sandbox(key, port=0, files_port=0, latency=0) as sandbox:
            types = Client(sandbox).get("/v1/reporting/report_types")["data"]
            assert {each["livemode"] for each in types} == {livemode}


def test_data_is_available_from_noon_of_the_next_day() -> None:
    noon = midnight(date(2025, 7, 2)) + DAY // 2
    ends = []
    for now in (noon - 1, noon):
        with Sandbox(port=0, files_port=0, now=clock_at(now)) as sandbox:
            ends.append(Client(sandbox).get(f"/v1/reporting/report_types/{BALANCE}")["data_available_end"])
    assert ends == [END - DAY, END]
