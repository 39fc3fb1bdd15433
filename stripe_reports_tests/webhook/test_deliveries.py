"""Deliveries to the webhook: only what Stripe signed gets in, and nothing that got in is lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from stripe_reports.lake import Inbox
from stripe_reports.stripe_api import parse_event
from stripe_reports.webhook import receiver as receiving
from stripe_reports.webhook.receiver import WEBHOOK_PATH
from stripe_reports_tests.events import SECRET, body_of, event_object, signature_of
from stripe_reports_tests.webhook.support import BODY, Receiver, kept_events


@pytest.mark.parametrize(
    ("type_", "kind", "name"),
    [
        ("reporting.report_run.succeeded", "succeeded", "evt_1"),
        ("reporting.report_run.failed", "failed", "evt_1"),
        ("reporting.report_type.updated", "report_type_updated", "balance.summary.1"),
    ],
)
def test_an_event_of_reports_is_kept_as_it_came(
    receiver: Receiver, inbox: Inbox, type_: str, kind: str, name: str
) -> None:
    body = body_of(event_object(type_))
    assert receiver.deliver(body).status_code == 200
    assert kept_events(inbox) == {kind: [name]}
    assert inbox.read(kind, name) == body
    assert parse_event(body).type == type_


def test_every_other_event_is_accepted_and_not_kept(receiver: Receiver, inbox: Inbox) -> None:
    for type_ in ("customer.created", "payout.paid"):
        assert receiver.deliver(body_of(event_object(type_))).status_code == 200
    assert kept_events(inbox) == {}


def test_an_event_that_is_delivered_twice_is_kept_once(receiver: Receiver, inbox: Inbox) -> None:
    assert [receiver.deliver(BODY).status_code for _ in range(2)] == [200, 200]
    assert kept_events(inbox) == {"succeeded": ["evt_1"]}


def test_new_data_of_one_report_type_are_kept_once(receiver: Receiver, inbox: Inbox) -> None:
    for id_ in ("evt_1", "evt_2"):
        receiver.deliver(body_of(event_object("reporting.report_type.updated", id_)))
    assert kept_events(inbox) == {"report_type_updated": ["balance.summary.1"]}


def test_a_delivery_signed_with_the_old_of_two_secrets_is_accepted(receiver: Receiver) -> None:
    assert receiver.deliver(BODY, signature_of(BODY, "whsec_old")).status_code == 200
    assert receiver.deliver(BODY, signature_of(BODY, age=240)).status_code == 200


@pytest.mark.parametrize(
    ("body", "signature", "said"),
    [
        (BODY, lambda: "", "the header Stripe-Signature is missing"),
        (BODY, lambda: signature_of(BODY, "whsec_other"), "none of the webhook secrets"),
        (BODY, lambda: signature_of(BODY, age=600), "older than 300 seconds"),
        (BODY, lambda: signature_of(BODY, age=-3600), "dated more than 300 seconds ahead"),
        (BODY + b" ", lambda: signature_of(BODY), "none of the webhook secrets"),
        (b"\xff", lambda: signature_of(BODY), "it is not UTF-8"),
        (b"", lambda: signature_of(b""), "it is not JSON"),
    ],
)
def test_anything_wrong_is_one_line_and_not_kept(
    receiver: Receiver,
    inbox: Inbox,
    body: bytes,
    signature: Callable[[], str],
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = receiver.deliver(body, signature())
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert said in caplog.text
    assert len(caplog.records) == 1
    assert kept_events(inbox) == {}


def _large(size: int) -> bytes:
    padding = size - len(body_of(event_object(padding="")))
    return body_of(event_object(padding="x" * padding))


def test_a_body_of_a_mebibyte_is_accepted_and_one_byte_more_is_not(receiver: Receiver, inbox: Inbox) -> None:
    assert receiver.deliver(_large((1 << 20) + 1)).status_code == 400
    assert kept_events(inbox) == {}
    assert receiver.deliver(_large(1 << 20)).status_code == 200


def test_a_body_that_is_declared_as_too_large_is_not_read(receiver: Receiver) -> None:
    headers = {"Stripe-Signature": "x", "Content-Length": str((1 << 20) + 1)}
    answer = receiver.ask("POST", WEBHOOK_PATH, content=b"x", headers=headers)
    assert (answer.status_code, "more than 1048576 bytes" in answer.text) == (400, True)


def test_a_body_that_does_not_declare_its_size_is_read_no_further_than_it_may(receiver: Receiver) -> None:
    body = _large(3 << 20)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    answer = receiver.deliver(body, content=chunks())
    assert (answer.status_code, "more than 1048576 bytes" in answer.text) == (400, True)


def test_an_event_that_the_lake_refuses_is_delivered_again_and_kept_then(
    receiver: Receiver, inbox: Inbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "lake" / "_inbox"
    in_the_way.write_bytes(b"")
    refused = receiver.deliver(BODY)
    assert (refused.status_code, list(refused.json())) == (503, ["error"])
    assert str(tmp_path) not in refused.text, "where the lake is, is nobody's business outside"
    (line,) = caplog.messages
    assert "cannot keep reporting.report_run.succeeded evt_1 report run frr_1 balance.summary.1;" in line
    assert f"cannot write {in_the_way}" in line
    assert receiver.ask("GET", "/healthz").status_code == 503
    in_the_way.unlink()
    assert receiver.deliver(BODY).status_code == 200
    assert kept_events(inbox) == {"succeeded": ["evt_1"]}
    assert (health := receiver.ask("GET", "/healthz")).status_code == 200
    assert health.json() == {"status": "ok"}


def test_a_line_per_event_tells_what_it_is_and_neither_body_nor_secret(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        receiver.deliver(BODY)
    assert [line for line in caplog.messages if line.startswith("webhook:")] == [
        "webhook: reporting.report_run.succeeded evt_1 report run frr_1 balance.summary.1 is kept"
    ]
    assert "file_frr_1" not in caplog.text
    assert SECRET not in caplog.text


def test_other_paths_and_methods_are_refused(receiver: Receiver) -> None:
    assert receiver.ask("GET", WEBHOOK_PATH).status_code == 405
    assert receiver.ask("POST", "/webhook", content=BODY).status_code == 404


def test_a_body_that_trickles_is_given_up(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "REQUEST_SECONDS", 0.05)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = receiver.deliver(BODY, content=chunks())
    assert (answer.status_code, "did not arrive within 0.05 seconds" in answer.text) == (400, True)
