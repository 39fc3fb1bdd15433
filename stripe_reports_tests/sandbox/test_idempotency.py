"""The same POST again under the same Idempotency-Key."""

from __future__ import annotations

from datetime import date
from threading import Barrier, Thread
from typing import Any

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.support import Client, midnight, refusal
from stripe_reports_tests.waiting import PATIENCE

RUNS = "/v1/reporting/report_runs"
START, END = midnight(date(2025, 1, 1)), midnight(date(2025, 7, 2))
BALANCE = "balance.summary.1"


def test_the_same_request_again_under_the_same_key_makes_no_second_run(
    client: Client, sandbox: Sandbox
) -> None:
    data = {"report_type": BALANCE, "parameters[interval_start]": START, "parameters[interval_end]": END}
    before = sandbox.report_runs_created
    headers = {"Idempotency-Key": "one key"}
    first, again = (client.http.post(RUNS, data=data, headers=headers) for _ in range(2))
    assert again.json() == first.json(), "the first body, still pending"
    assert sandbox.report_runs_created == before + 1
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    other = client.http.post(RUNS, data=data | {"parameters[interval_start]": START + 1}, headers=headers)
    assert "one key" in refusal(other, 400, "idempotency_error")["message"]
    without = client.http.post(RUNS, data=data)
    assert without.json()["id"] != first.json()["id"]


def test_the_same_key_from_two_threads_at_the_same_time_makes_one_run(sandbox: Sandbox) -> None:
    data = {"report_type": BALANCE, "parameters[interval_start]": START, "parameters[interval_end]": END}
    before = sandbox.report_runs_created
    rounds = 20
    together = Barrier(2)
    answers: list[tuple[int, Any]] = []

    def ask() -> None:
        client = Client(sandbox)
        client.get("/v1/account")  # connected, so that both are as fast
        for number in range(rounds):
            together.wait(timeout=PATIENCE)
            answer = client.http.post(RUNS, data=data, headers={"Idempotency-Key": f"both {number}"})
            answers.append((number, answer.json()))
        client.close()

    threads = [Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 2 * rounds
    for number in range(rounds):
        one, other = (body for key, body in answers if key == number)
        assert one == other
        assert one["status"] == "pending", one
    assert sandbox.report_runs_created == before + rounds


def test_a_refused_request_leaves_its_key_free(client: Client) -> None:
    headers = {"Idempotency-Key": "another key"}
    refusal(client.http.post(RUNS, data={"report_type": BALANCE}, headers=headers))
    data = {"report_type": BALANCE, "parameters[interval_start]": START, "parameters[interval_end]": END}
    assert client.http.post(RUNS, data=data, headers=headers).status_code == 200


def test_a_key_can_be_too_long(client: Client) -> None:
    answer = client.http.post(RUNS, headers={"Idempotency-Key": "k" * 256})
    refusal(answer, 400, "idempotency_error")
