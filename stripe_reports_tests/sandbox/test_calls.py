"""What was asked for is counted."""

from __future__ import annotations

import threading

import httpx
import pytest

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.support import DAY, START, Client, midnight

RUNS = "/v1/reporting/report_runs"
BALANCE = "balance.summary.1"
FIRST = midnight(START)


def test_requests_to_both_hosts_are_counted_by_method_and_path_without_ids(
    faulty: Sandbox, asking: Client
) -> None:
    assert faulty.calls == {}
    for _ in range(2):
        asking.report(BALANCE, FIRST, FIRST + DAY)
    asking.get("/v1/reporting/report_types")
    for id_ in (BALANCE, "payouts.summary.1", "tax.transactions.itemized.2"):
        asking.http.get(f"/v1/reporting/report_types/{id_}")
    file = asking.get(RUNS, limit="1")["data"][0]["result"]["id"]
    link = asking.post("/v1/file_links", file=file)
    asking.files.get(link["url"])
    event = asking.get("/v1/events")["data"][0]["id"]
    asking.get(f"/v1/events/{event}")
    assert faulty.calls == {
        ("POST", RUNS): 2,
        ("GET", RUNS): 1,
        ("GET", f"{RUNS}/{{id}}"): 2,
        ("GET", "/v1/files/{id}/contents"): 2,
        ("GET", "/v1/reporting/report_types"): 1,
        ("GET", "/v1/reporting/report_types/{id}"): 3,
        ("POST", "/v1/file_links"): 1,
        ("GET", "/links/{token}"): 1,
        ("GET", "/v1/events"): 1,
        ("GET", "/v1/events/{id}"): 1,
    }


def test_requests_that_are_refused_count_too(faulty: Sandbox, asking: Client) -> None:
    asking.http.get(f"{RUNS}/frr_nope")
    asking.http.get(RUNS, auth=("sk_test_wrong", ""))
    asking.http.delete(f"{RUNS}/frr_nope")
    asking.http.get("/v1/nothing/here")
    asking.files.get("/v1/files/file_nope/contents")
    assert faulty.calls == {
        ("GET", f"{RUNS}/{{id}}"): 1,
        ("GET", RUNS): 1,
        ("DELETE", f"{RUNS}/{{id}}"): 1,
        ("GET", "/v1/nothing/here"): 1,
        ("GET", "/v1/files/{id}/contents"): 1,
    }


@pytest.mark.parametrize("when", ["before", "after"])
def test_requests_that_a_fault_spoils_count_too(faulty: Sandbox, asking: Client, when: str) -> None:
    url = asking.get(f"{RUNS}/{asking.create(BALANCE, FIRST, FIRST + DAY).json()['id']}")["result"]["url"]
    before = faulty.calls
    faulty.fault("status", code=429, count=2, method="POST", when=when)
    faulty.fault("reset", count=1, path="/v1/files/*", when=when)
    for _ in range(3):
        asking.create(BALANCE, FIRST, FIRST + DAY)
    with pytest.raises(httpx.TransportError):
        asking.files.get(url)
    asking.files.get(url)
    after = faulty.calls
    assert after["POST", RUNS] - before["POST", RUNS] == 3
    assert after["GET", "/v1/files/{id}/contents"] == 2


def test_calls_about_faults_are_none_of_stripes(faulty: Sandbox, asking: Client) -> None:
    asking.http.get("/_faults")
    asking.http.post("/_faults", json={"kind": "failed"})
    asking.http.delete("/_faults")
    assert faulty.calls == {}


def test_what_was_counted_is_a_copy(faulty: Sandbox, asking: Client) -> None:
    before = faulty.calls
    asking.get(RUNS)
    assert before == {}
    assert faulty.calls == {("GET", RUNS): 1}


def test_no_request_of_many_at_once_is_missed(faulty: Sandbox) -> None:
    def ask() -> None:
        client = Client(faulty)
        for _ in range(20):
            client.get(RUNS)
        client.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faulty.calls == {("GET", RUNS): 120}
