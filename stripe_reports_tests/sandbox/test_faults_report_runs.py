"""Faults of report runs: data that is late, runs that do not end well, results that are not what they say."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest
import stripe

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.support import DAY, NOW, Client, midnight, refusal
from stripe_reports_tests.waiting import until

END = midnight(date(2025, 7, 2))
"""How far data goes at NOW."""
ACTIVITY = "balance_change_from_activity.itemized.3"
BALANCE = "balance.summary.1"
RUNS = "/v1/reporting/report_runs"


def _run(client: Client, report_type: str, start: int = END - DAY, end: int = END) -> Any:
    created = client.create(report_type, start, end)
    assert created.status_code == 200, created.text
    return client.get(f"{RUNS}/{created.json()['id']}")


def _end(client: Client, report_type: str) -> int:
    found: int = client.get(f"/v1/reporting/report_types/{report_type}")["data_available_end"]
    return found


def test_late_data_is_not_there_and_asking_for_it_is_refused(faulty: Sandbox, asking: Client) -> None:
    faulty.fault("late", seconds=DAY + 3600, report_type="balance_change*")
    assert _end(asking, ACTIVITY) == END - DAY - 3600
    assert _end(asking, BALANCE) == END
    error = refusal(asking.create(ACTIVITY, END - 2 * DAY, END))
    assert error["param"] == "parameters.interval_end"
    assert "is only available through 2025-06-30 23:00:00 UTC" in error["message"]
    assert asking.create(BALANCE, END - 2 * DAY, END).status_code == 200
    assert asking.create(ACTIVITY, END - 3 * DAY, END - 2 * DAY).status_code == 200


def test_late_data_arrives_after_so_many_looks(faulty: Sandbox, asking: Client) -> None:
    faulty.fault("late", count=2)
    assert [_end(asking, BALANCE) for _ in range(3)] == [END - DAY, END - DAY, END]


def test_a_run_beyond_late_data_may_succeed_with_short_data(faulty: Sandbox, asking: Client) -> None:
    def days() -> set[str]:
        rows = asking.report(ACTIVITY, END - 2 * DAY, END, columns=["created_utc"]).rows
        return {row["created_utc"][:10] for row in rows}

    assert days() == {"2025-06-30", "2025-07-01"}
    faulty.fault("late", beyond="short")
    assert _end(asking, ACTIVITY) == END - DAY
    assert days() == {"2025-06-30"}
    assert asking.report(ACTIVITY, END - DAY // 2, END).rows == []


def test_a_run_beyond_late_data_may_fail(faulty: Sandbox, asking: Client) -> None:
    faulty.fault("late", beyond="failed")
    run = _run(asking, BALANCE)
    assert (run["status"], run["result"], run["succeeded_at"]) == ("failed", None, None)
    assert "ends at 2025-07-01 00:00:00 UTC" in run["error"]
    assert _run(asking, BALANCE, END - 2 * DAY, END - DAY)["status"] == "succeeded"


def test_pending_forever_or_longer(faulty: Sandbox, asking: Client) -> None:
    faulty.fault("pending", count=1)
    stuck = asking.create(BALANCE, END - DAY, END).json()["id"]
    assert _run(asking, BALANCE)["status"] == "succeeded"
    faulty.fault("pending", seconds=0.3, count=1)
    began = time.monotonic()
    slow = asking.create(BALANCE, END - DAY, END).json()["id"]
    until(lambda: asking.get(f"{RUNS}/{slow}")["status"] != "pending", every=0.01)
    assert time.monotonic() - began >= 0.3
    assert asking.get(f"{RUNS}/{slow}")["status"] == "succeeded"
    assert asking.get(f"{RUNS}/{stuck}")["status"] == "pending"


def test_a_failed_run_has_its_error_and_an_event(faulty: Sandbox, asking: Client) -> None:
    faulty.fault("failed", error="Something, somewhere", count=1, report_type="balance.*")
    assert _run(asking, ACTIVITY)["status"] == "succeeded"
    run = _run(asking, BALANCE)
    assert (run["status"], run["error"]) == ("failed", "Something, somewhere")
    assert (run["result"], run["succeeded_at"]) == (None, None)
    (event,) = asking.get("/v1/events", type="reporting.report_run.failed")["data"]
    assert event["data"]["object"] == run
    assert _run(asking, BALANCE)["status"] == "succeeded"


def test_a_cached_result_is_there_at_once_and_older_than_the_run(faulty: Sandbox) -> None:
    sdk = stripe.StripeClient(faulty.key, base_addresses={"api": faulty.api_base, "files": faulty.files_base})
    faulty.fault("cached", seconds=7200)
    run = sdk.v1.reporting.report_runs.create(
        {"report_type": BALANCE, "parameters": {"interval_start": END - DAY, "interval_end": END}}
    )
    assert run.status == "succeeded"
    assert run.result
    assert run.result.created == run.created - 7200 == int(NOW) - 7200
    assert run.result.filename
    assert run.result.filename.startswith("frr_")
    assert run.id not in run.result.filename


def test_a_cached_result_holds_what_an_equal_run_held_before(faulty: Sandbox, asking: Client) -> None:
    before = asking.report(ACTIVITY, END - DAY, END)
    faulty.fault("restated", day="2025-07-01")
    faulty.fault("cached", count=1)
    assert asking.report(ACTIVITY, END - DAY, END).content == before.content
    assert asking.report(ACTIVITY, END - DAY, END).content != before.content


def test_an_expired_file_has_no_contents(faulty: Sandbox, asking: Client) -> None:
    faulty.fault("expired", count=1)
    result = _run(asking, BALANCE)["result"]
    assert result["expires_at"] == result["created"]
    error = refusal(asking.files.get(result["url"]), 404)
    assert error["code"] == "resource_missing"
    assert asking.get(f"/v1/files/{result['id']}") == result
    link = asking.post("/v1/file_links", file=result["id"])["url"]
    refusal(asking.files.get(link), 404)
    assert asking.files.get(_run(asking, BALANCE)["result"]["url"]).status_code == 200


@pytest.mark.parametrize("difference", [1, -2])
def test_a_wrong_size(faulty: Sandbox, asking: Client, difference: int) -> None:
    faulty.fault("wrong_size", bytes=difference)
    result = _run(asking, BALANCE)["result"]
    contents = asking.files.get(result["url"])
    assert int(contents.headers["Content-Length"]) == len(contents.content)
    assert result["size"] == len(contents.content) + difference
