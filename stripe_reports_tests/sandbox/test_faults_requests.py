"""Faults of single requests: refusals, trouble, lost connections, damaged downloads, events out of order."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import pytest
import stripe

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.support import DAY, Client, midnight, refusal

END = midnight(date(2025, 7, 2))
BALANCE = "balance.summary.1"
ACTIVITY = "balance_change_from_activity.itemized.3"
RUNS = "/v1/reporting/report_runs"
RUN: stripe.params.reporting.ReportRunCreateParams = {
    "report_type": BALANCE,
    "parameters": {"interval_start": END - DAY, "interval_end": END},
}


@pytest.fixture
def sdk(faulty: Sandbox) -> Callable[[int], stripe.StripeClient]:
    """Stripe's library with so many retries."""

    def client(retries: int) -> stripe.StripeClient:
        return stripe.StripeClient(
            faulty.key,
            base_addresses={"api": faulty.api_base, "files": faulty.files_base},
            max_network_retries=retries,
        )

    return client


Sdk = Callable[[int], stripe.StripeClient]


@pytest.mark.parametrize(
    ("code", "error", "stripes_code"),
    [
        (400, stripe.InvalidRequestError, None),
        (401, stripe.AuthenticationError, None),
        (403, stripe.PermissionError, None),
        (404, stripe.InvalidRequestError, "resource_missing"),
        (429, stripe.RateLimitError, "rate_limit"),
        (500, stripe.APIError, None),
        (502, stripe.APIError, None),
        (503, stripe.APIError, None),
        (504, stripe.APIError, None),
    ],
)
def test_a_status_is_the_librarys_error(
    faulty: Sandbox, sdk: Sdk, code: int, error: type[stripe.StripeError], stripes_code: str | None
) -> None:
    faulty.fault("status", code=code, method="POST", path=RUNS)
    with pytest.raises(stripe.StripeError) as raised:
        sdk(0).v1.reporting.report_runs.create(RUN)
    assert type(raised.value) is error
    assert raised.value.http_status == code
    assert raised.value.json_body["error"].get("code") == stripes_code
    assert raised.value.request_id
    assert "Retry-After" not in raised.value.headers
    assert faulty.report_runs_created == 0


def test_lock_timeout_and_retry_after(faulty: Sandbox, asking: Client) -> None:
    faulty.fault("status", code=429, error_code="lock_timeout", retry_after=1.5)
    answer = asking.http.get("/v1/account")
    assert refusal(answer, 429)["code"] == "lock_timeout"
    assert "currently accessing it" in answer.json()["error"]["message"]
    assert answer.headers["Retry-After"] == "1.5"


def test_a_gateway_answers_with_a_page(faulty: Sandbox, asking: Client) -> None:
    faulty.fault("status", code=502, body="html")
    answer = asking.http.get("/v1/account")
    assert answer.status_code == 502
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<h1>502 Bad Gateway</h1>" in answer.text


def test_a_status_after_the_post_was_accepted(faulty: Sandbox, asking: Client) -> None:
    faulty.fault("status", code=504, when="after", count=1)
    assert asking.create(BALANCE, END - DAY, END).status_code == 504
    assert faulty.report_runs_created == 1
    assert len(asking.get(RUNS)["data"]) == 1


@pytest.mark.parametrize(("when", "created"), [("after", 1), ("before", 0)])
def test_a_reset_of_the_connection(faulty: Sandbox, sdk: Sdk, when: str, created: int) -> None:
    faulty.fault("reset", when=when, method="POST", count=1)
    with pytest.raises(
        stripe.APIConnectionError, match=r"Connection reset|ConnectionReset|Connection aborted"
    ):
        sdk(0).v1.reporting.report_runs.create(RUN)
    assert faulty.report_runs_created == created
    assert len(sdk(0).v1.reporting.report_runs.list().data) == created


def test_a_retry_after_a_reset_finds_the_run_by_its_idempotency_key(faulty: Sandbox, sdk: Sdk) -> None:
    fault = faulty.fault("reset", method="POST", count=1)
    run = sdk(1).v1.reporting.report_runs.create(RUN)
    assert fault.applied == 1
    assert faulty.report_runs_created == 1
    assert [each.id for each in sdk(0).v1.reporting.report_runs.list().data] == [run.id]


def test_a_stored_500_comes_back_for_its_key_only(faulty: Sandbox, asking: Client) -> None:
    faulty.fault("stored_500", count=1)
    data = {"report_type": BALANCE, "parameters[interval_start]": END - DAY, "parameters[interval_end]": END}
    keys = ("one", "one", "other")
    answers = [asking.http.post(RUNS, data=data, headers={"Idempotency-Key": key}) for key in keys]
    assert [answer.status_code for answer in answers] == [500, 500, 200]
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true", None]
    refusal(answers[0], 500, "api_error")
    assert faulty.report_runs_created == 1


def test_a_stored_500_needs_a_key_and_a_status_stores_nothing(faulty: Sandbox, asking: Client) -> None:
    fault = faulty.fault("stored_500")
    assert asking.create(BALANCE, END - DAY, END).status_code == 200
    assert fault.applied == 0
    faulty.clear_faults()
    faulty.fault("status", code=500, count=1)
    data = {"report_type": BALANCE, "parameters[interval_start]": END - DAY, "parameters[interval_end]": END}
    answers = [asking.http.post(RUNS, data=data, headers={"Idempotency-Key": "a"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [500, 200]


@pytest.fixture
def result(asking: Client) -> Any:
    run = asking.create(ACTIVITY, END - DAY, END).json()["id"]
    return asking.get(f"{RUNS}/{run}")["result"]


def test_a_truncated_body_is_less_than_it_declares(faulty: Sandbox, asking: Client, result: Any) -> None:
    faulty.fault("truncated", count=1)
    with asking.files.stream("GET", result["url"]) as answer:
        assert int(answer.headers["Content-Length"]) == result["size"]
        chunks = answer.iter_raw()
        received = next(chunks)
        with pytest.raises(httpx.RemoteProtocolError):
            list(chunks)
    whole = asking.files.get(result["url"]).content
    assert len(whole) == result["size"]
    assert received == whole[: len(whole) // 2]
    rest = asking.files.get(result["url"], headers={"Range": f"bytes={len(received)}-"})
    assert (rest.status_code, received + rest.content) == (206, whole)


def test_each_part_of_a_file_can_be_truncated(faulty: Sandbox, asking: Client, result: Any) -> None:
    whole = asking.files.get(result["url"]).content
    fault = faulty.fault("truncated", bytes=1000, declared="short")
    received = b""
    while len(received) < len(whole):
        answer = asking.files.get(result["url"], headers={"Range": f"bytes={len(received)}-"})
        assert answer.status_code == 206
        received += answer.content
    assert received == whole
    assert fault.applied == -(-len(whole) // 1000)


def test_a_server_that_ignores_ranges(faulty: Sandbox, asking: Client, result: Any) -> None:
    fault = faulty.fault("no_range", count=1)
    headers = {"Range": "bytes=100-"}
    ignored, heeded = (asking.files.get(result["url"], headers=headers) for _ in range(2))
    assert (ignored.status_code, len(ignored.content)) == (200, result["size"])
    assert "Accept-Ranges" not in ignored.headers
    assert "Content-Range" not in ignored.headers
    assert (heeded.status_code, heeded.content) == (206, ignored.content[100:])
    assert fault.applied == 1


@pytest.mark.parametrize("sent", [0, 100])
def test_a_truncated_body_that_declares_what_it_has(
    faulty: Sandbox, asking: Client, result: Any, sent: int
) -> None:
    faulty.fault("truncated", declared="short", bytes=sent, count=1)
    short, whole = (asking.files.get(result["url"]) for _ in range(2))
    assert (short.status_code, short.headers["Content-Length"]) == (200, str(sent))
    assert short.content == whole.content[:sent]
    assert len(whole.content) == result["size"]


def test_a_slow_body_is_whole_in_the_end(faulty: Sandbox, asking: Client, result: Any) -> None:
    whole = asking.files.get(result["url"]).content
    faulty.fault("slow", bytes_per_second=len(whole) * 2)
    began = time.monotonic()
    assert asking.files.get(result["url"]).content == whole
    assert time.monotonic() - began > 0.4


def test_a_file_is_late_for_a_moment(faulty: Sandbox, asking: Client) -> None:
    faulty.fault("file_late", seconds=0.3)
    began = time.monotonic()
    run = asking.create(ACTIVITY, END - DAY, END).json()["id"]
    result = asking.get(f"{RUNS}/{run}")["result"]
    while (answer := asking.files.get(result["url"])).status_code != 200:
        assert refusal(answer, 404)["code"] == "resource_missing"
    assert time.monotonic() - began >= 0.3
    assert len(answer.content) == result["size"]


def _events(client: Client, **params: str) -> list[str]:
    return [event["id"] for event in client.get("/v1/events", **params)["data"]]


def test_duplicate_events(faulty: Sandbox, asking: Client) -> None:
    for _ in range(3):
        asking.create(BALANCE, END - DAY, END)
    usual = _events(asking)
    assert len(set(usual)) == 3
    faulty.fault("duplicate_events", count=1)
    assert _events(asking) == [event for event in usual for _ in range(2)]
    assert _events(asking) == usual


def test_unordered_events_can_still_be_paged(faulty: Sandbox, asking: Client, sdk: Sdk) -> None:
    for _ in range(7):
        asking.create(BALANCE, END - DAY, END)
    usual = _events(asking)
    faulty.fault("unordered_events")
    assert _events(asking) == usual[::-1]
    assert _events(asking, limit="3") == [usual[1], usual[0], usual[2]]
    paged = [event.id for event in sdk(0).v1.events.list({"limit": 3}).auto_paging_iter()]
    assert paged != usual
    assert sorted(paged) == sorted(usual)
