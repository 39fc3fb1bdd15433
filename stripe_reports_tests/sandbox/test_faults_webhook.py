"""Webhook deliveries, held against Stripe's own verification: the good ones and the faulty ones."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe

from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.support import DAY, NOW, Client, clock_at, midnight
from stripe_reports_tests.waiting import until

END = midnight(date(2025, 7, 2))
BALANCE = "balance.summary.1"
SECRET = "whsec_of_the_test"


@dataclass
class Receiver:
    """A webhook endpoint that answers what it is told to, and notes what it got."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    got: list[tuple[bytes, str]] = field(default_factory=list)

    def wait_for(self, count: int) -> list[tuple[bytes, str]]:
        until(lambda: len(self.got) >= count, every=0.01)
        return self.got

    def events(self, count: int) -> list[stripe.Event]:
        return [verified(*delivery) for delivery in self.wait_for(count)]


def verified(body: bytes, signature: str) -> stripe.Event:
    return stripe.Webhook.construct_event(body, signature, SECRET)  # type: ignore[no-untyped-call]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((body, self.headers["Stripe-Signature"]))
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook?a=b"
        yield receiver
        server.shutdown()
        thread.join()


Run = Callable[..., str]


@pytest.fixture
def announcing(receiver: Receiver) -> Iterator[Sandbox]:
    with Sandbox(
        port=0,
        files_port=0,
        latency=0,
        now=clock_at(NOW),
        webhook_url=receiver.url,
        webhook_secret=SECRET,
    ) as sandbox:
        yield sandbox


@pytest.fixture
def run(announcing: Sandbox) -> Iterator[Run]:
    """Makes a report run and does not look at it again."""
    client = Client(announcing)
    yield lambda report_type=BALANCE: str(client.create(report_type, END - DAY, END).json()["id"])
    client.close()


def _subject(event: stripe.Event) -> str:
    return str(event.data.object["id"])


def test_runs_are_announced_without_anybody_asking(announcing: Sandbox, receiver: Receiver, run: Run) -> None:
    announcing.fault("failed", report_type="payouts.*")
    ids = [run(), run("payouts.itemized.3")]
    events = receiver.events(2)
    assert [event.type for event in events] == [
        "reporting.report_run.succeeded",
        "reporting.report_run.failed",
    ]
    assert [_subject(event) for event in events] == ids
    client = Client(announcing)
    listed = client.get("/v1/events")["data"]
    client.close()
    assert {event["id"] for event in listed} == {event.id for event in events}
    assert events[0].pending_webhooks == 1


def test_new_data_are_announced_without_anybody_asking(announcing: Sandbox, receiver: Receiver) -> None:
    announcing.fault("webhook_duplicate", report_type=BALANCE, count=1)
    announcing.fault("late", report_type=BALANCE)
    events = receiver.events(2)
    assert {(event.type, _subject(event)) for event in events} == {("reporting.report_type.updated", BALANCE)}
    announcing.clear_faults()
    assert _subject(receiver.events(3)[2]) == BALANCE


def test_a_signature_covers_the_body(announcing: Sandbox, receiver: Receiver, run: Run) -> None:
    run()
    ((body, signature),) = receiver.wait_for(1)
    verified(body, signature)
    with pytest.raises(stripe.SignatureVerificationError):
        verified(body + b" ", signature)


def test_the_wrong_secret(announcing: Sandbox, receiver: Receiver, run: Run) -> None:
    announcing.fault("webhook_wrong_secret", count=1)
    run()
    receiver.wait_for(1)
    run()
    bad, good = receiver.wait_for(2)
    with pytest.raises(stripe.SignatureVerificationError, match="No signatures found matching"):
        verified(*bad)
    verified(*good)


def test_a_stale_signature(announcing: Sandbox, receiver: Receiver, run: Run) -> None:
    announcing.fault("webhook_stale", count=1)
    run()
    ((body, signature),) = receiver.wait_for(1)
    with pytest.raises(stripe.SignatureVerificationError, match="outside the tolerance zone"):
        verified(body, signature)
    stripe.Webhook.construct_event(body, signature, SECRET, tolerance=700)  # type: ignore[no-untyped-call]


def test_a_duplicate(announcing: Sandbox, receiver: Receiver, run: Run) -> None:
    announcing.fault("webhook_duplicate", times=3, count=1)
    ids = [run(), run()]
    events = receiver.events(4)
    assert [_subject(event) for event in events] == [ids[0]] * 3 + [ids[1]]
    assert len({event.id for event in events}) == 2


def test_deliveries_out_of_order(announcing: Sandbox, receiver: Receiver, run: Run) -> None:
    announcing.fault("webhook_unordered", seconds=30, count=1)
    ids = [run(), run()]
    assert [_subject(event) for event in receiver.events(2)] == ids[::-1]


def test_an_event_that_is_held_back_is_not_held_back_forever(
    announcing: Sandbox, receiver: Receiver, run: Run
) -> None:
    announcing.fault("webhook_unordered", seconds=0.2)
    id_ = run()
    assert [_subject(event) for event in receiver.events(1)] == [id_]


def test_a_delivery_is_repeated_until_it_is_accepted(receiver: Receiver, run: Run) -> None:
    receiver.statuses[:] = [500, 301]
    id_ = run()
    events = receiver.events(3)
    assert {(event.id, _subject(event)) for event in events} == {(events[0].id, id_)}
    time.sleep(0.3)
    assert len(receiver.got) == 3


def test_nobody_listens(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stripe_reports.sandbox.http.webhook._PAUSES", (0.01, 0.01))
    url = "http://127.0.0.1:9/"
    with (
        caplog.at_level(logging.WARNING),
        Sandbox(port=0, files_port=0, latency=0, now=clock_at(NOW), webhook_url=url) as sandbox,
    ):
        client = Client(sandbox)
        client.create(BALANCE, END - DAY, END)
        until(lambda: caplog.records, every=0.01)
        client.close()
    assert "reporting.report_run.succeeded" in caplog.text
    assert "was not delivered" in caplog.text


def test_it_stops_at_once_while_deliveries_are_due(announcing: Sandbox) -> None:
    before = {thread.name for thread in threading.enumerate()}
    assert "stripe-reports-sandbox-webhook" in before
    with Sandbox(port=0, files_port=0, latency=0, webhook_url="http://127.0.0.1:9/") as sandbox:
        client = Client(sandbox)
        for _ in range(40):  # to be given up after 3 seconds each
            assert client.create(BALANCE, END - DAY, END).status_code == 200
        client.close()
        time.sleep(0.2)
        began = time.monotonic()
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("url", ["", "127.0.0.1:80", "ftp://127.0.0.1/", "http://", "http://host:port/"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ConfigurationError, match="webhook's address"):
        Sandbox(webhook_url=url)


def test_without_an_address_nothing_runs_in_the_background() -> None:
    names = [thread.name for thread in threading.enumerate()]
    with Sandbox(port=0, files_port=0):
        started = [t.name for t in threading.enumerate()]
    assert started.count("stripe-reports-sandbox-webhook") == names.count("stripe-reports-sandbox-webhook")
