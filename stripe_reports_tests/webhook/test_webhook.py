"""The webhook receiver: only what Stripe signed gets in, and nothing that got in is lost."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp

from stripe_reports import cli
from stripe_reports.errors import ConfigurationError, LakeError
from stripe_reports.lake import Inbox, Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import StripeApi, create_report_run, parse_event
from stripe_reports.webhook import receiver as receiving
from stripe_reports.webhook import server
from stripe_reports.webhook.receiver import WEBHOOK_PATH, build_webhook_app, webhook_app_of_environment
from stripe_reports_tests.events import SECRET, body_of, event_object, signature_of
from stripe_reports_tests.waiting import PATIENCE, until

_BODY = body_of(event_object())
_COMMAND = str(Path(sys.executable).with_name("stripe-reports"))
_REPORT_TYPES = (
    "balance.summary.1",
    "balance_change_from_activity.summary.1",
    "payouts.summary.1",
    "balance_change_from_activity.itemized.3",
    "payouts.itemized.3",
    "payout_reconciliation.summary.1",
)


class Receiver:
    """Asks the application in this process."""

    def __init__(self, app: ASGIApp) -> None:
        self._transport = httpx.ASGITransport(app)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def answer() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://receiver") as client:
                return await client.request(method, path, **more)

        return asyncio.run(answer())

    def deliver(
        self, body: bytes, signature: str | None = None, *, content: AsyncIterator[bytes] | None = None
    ) -> httpx.Response:
        headers = {"Stripe-Signature": signature_of(body) if signature is None else signature}
        return self.ask("POST", WEBHOOK_PATH, content=content or body, headers=headers)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(str(tmp_path / "lake"))


@pytest.fixture
def inbox(lake: Lake) -> Inbox:
    return lake.inbox


@pytest.fixture
def receiver(inbox: Inbox) -> Receiver:
    return Receiver(build_webhook_app(inbox, (SECRET, "whsec_old")))


def _kept(inbox: Inbox) -> dict[str, list[str]]:
    kinds = ("succeeded", "failed", "report_type_updated")
    return {kind: names for kind in kinds if (names := inbox.names(kind))}


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
    assert _kept(inbox) == {kind: [name]}
    assert inbox.read(kind, name) == body
    assert parse_event(body).type == type_


def test_every_other_event_is_accepted_and_not_kept(receiver: Receiver, inbox: Inbox) -> None:
    for type_ in ("customer.created", "payout.paid"):
        assert receiver.deliver(body_of(event_object(type_))).status_code == 200
    assert _kept(inbox) == {}


def test_an_event_that_is_delivered_twice_is_kept_once(receiver: Receiver, inbox: Inbox) -> None:
    assert [receiver.deliver(_BODY).status_code for _ in range(2)] == [200, 200]
    assert _kept(inbox) == {"succeeded": ["evt_1"]}


def test_new_data_of_one_report_type_are_kept_once(receiver: Receiver, inbox: Inbox) -> None:
    for id_ in ("evt_1", "evt_2"):
        receiver.deliver(body_of(event_object("reporting.report_type.updated", id_)))
    assert _kept(inbox) == {"report_type_updated": ["balance.summary.1"]}


def test_a_delivery_signed_with_the_old_of_two_secrets_is_accepted(receiver: Receiver) -> None:
    assert receiver.deliver(_BODY, signature_of(_BODY, "whsec_old")).status_code == 200
    assert receiver.deliver(_BODY, signature_of(_BODY, age=240)).status_code == 200


@pytest.mark.parametrize(
    ("body", "signature", "said"),
    [
        (_BODY, lambda: "", "the header Stripe-Signature is missing"),
        (_BODY, lambda: signature_of(_BODY, "whsec_other"), "none of the webhook secrets"),
        (_BODY, lambda: signature_of(_BODY, age=600), "older than 300 seconds"),
        (_BODY, lambda: signature_of(_BODY, age=-3600), "dated more than 300 seconds ahead"),
        (_BODY + b" ", lambda: signature_of(_BODY), "none of the webhook secrets"),
        (b"\xff", lambda: signature_of(_BODY), "it is not UTF-8"),
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
    assert _kept(inbox) == {}


def _large(size: int) -> bytes:
    padding = size - len(body_of(event_object(padding="")))
    return body_of(event_object(padding="x" * padding))


def test_a_body_of_a_mebibyte_is_accepted_and_one_byte_more_is_not(receiver: Receiver, inbox: Inbox) -> None:
    assert receiver.deliver(_large((1 << 20) + 1)).status_code == 400
    assert _kept(inbox) == {}
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
    refused = receiver.deliver(_BODY)
    assert (refused.status_code, list(refused.json())) == (503, ["error"])
    assert str(tmp_path) not in refused.text, "where the lake is, is nobody's business outside"
    (line,) = caplog.messages
    assert "cannot keep reporting.report_run.succeeded evt_1 report run frr_1 balance.summary.1;" in line
    assert f"cannot write {in_the_way}" in line
    assert receiver.ask("GET", "/healthz").status_code == 503
    in_the_way.unlink()
    assert receiver.deliver(_BODY).status_code == 200
    assert _kept(inbox) == {"succeeded": ["evt_1"]}
    assert (health := receiver.ask("GET", "/healthz")).status_code == 200
    assert health.json() == {"status": "ok"}


def test_a_line_per_event_tells_what_it_is_and_neither_body_nor_secret(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        receiver.deliver(_BODY)
    assert [line for line in caplog.messages if line.startswith("webhook:")] == [
        "webhook: reporting.report_run.succeeded evt_1 report run frr_1 balance.summary.1 is kept"
    ]
    assert "file_frr_1" not in caplog.text
    assert SECRET not in caplog.text


def test_other_paths_and_methods_are_refused(receiver: Receiver) -> None:
    assert receiver.ask("GET", WEBHOOK_PATH).status_code == 405
    assert receiver.ask("POST", "/webhook", content=_BODY).status_code == 404


@pytest.mark.parametrize("secrets", [(), ("",), ("whsec_ä",), (SECRET, "whsec_a\n")])
def test_secrets_that_are_none_are_a_mistake_of_the_configuration(
    inbox: Inbox, secrets: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigurationError, match="STRIPE_WEBHOOK_SECRET"):
        build_webhook_app(inbox, secrets)


def _started(app: Any) -> list[dict[str, Any]]:
    """What the application answers to a server that starts and stops."""
    sent: list[dict[str, Any]] = []
    asked = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> dict[str, Any]:
        return asked.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app({"type": "lifespan"}, receive, send))
    return sent


def test_the_application_of_the_environment_says_at_its_start_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STRIPE_WEBHOOK_SECRET", raising=False)
    (failed,) = _started(receiving.app)
    assert failed["type"] == "lifespan.startup.failed"
    assert failed["message"].startswith("no webhook secret: set STRIPE_WEBHOOK_SECRET")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("STRIPE_REPORTS_LAKE", "ftp://x")
    (failed,) = _started(receiving.app)
    assert "'ftp://x' is not an address of a lake" in failed["message"]
    (tmp_path / "_inbox").write_bytes(b"a file where a folder should be")
    monkeypatch.setenv("STRIPE_REPORTS_LAKE", str(tmp_path))
    (failed,) = _started(receiving.app)
    assert failed["message"].startswith(f"cannot list {tmp_path}/_inbox")


def test_the_application_of_the_environment_keeps_events(
    tmp_path: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", f"whsec_old,{SECRET}")
    monkeypatch.setenv("STRIPE_REPORTS_LAKE", str(tmp_path / "lake"))
    app = type(receiving.app)()
    assert [message["type"] for message in _started(app)] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert Receiver(app).deliver(_BODY).status_code == 200
    assert _kept(lake.inbox) == {"succeeded": ["evt_1"]}


def test_over_a_bucket_it_keeps_events_and_says_at_its_start_where_there_is_none(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", SECRET)
    app = webhook_app_of_environment(f"s3://{bucket}/x")
    assert Receiver(app).deliver(_BODY).status_code == 200
    assert Lake.open(f"s3://{bucket}/x").inbox.read("succeeded", "evt_1") == _BODY
    with pytest.raises(LakeError, match="cannot list s3://no-such-bucket/x/_inbox"):
        webhook_app_of_environment("s3://no-such-bucket/x")


def _command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["stripe-reports", "webhook", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(str(ended.value.code))


def test_a_setting_that_is_wrong_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = ["--lake", str(tmp_path / "lake")]
    monkeypatch.delenv("STRIPE_WEBHOOK_SECRET", raising=False)
    assert _command(monkeypatch, *lake) == 1
    assert capsys.readouterr().err.startswith("Error: no webhook secret: set STRIPE_WEBHOOK_SECRET")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", SECRET)
    assert _command(monkeypatch, "--lake", "ftp://x") == 1
    assert capsys.readouterr().err.startswith("Error: 'ftp://x' is not an address of a lake")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert _command(monkeypatch, *lake, "--port", port) == 1
    said = capsys.readouterr().err
    assert f"the webhook cannot listen on 127.0.0.1 port {port}" in said
    assert said.count("\n") == 1


@contextmanager
def _process(lake: Path, ending: signal.Signals) -> Iterator[tuple[str, list[str]]]:
    """The command in a process; gives its address, and at the end what it has logged."""
    environment = {**os.environ, "STRIPE_WEBHOOK_SECRET": f"whsec_old,{SECRET}"}
    command = [_COMMAND, "webhook", "--port", "0", "--lake", str(lake)]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    logged: list[str] = []
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[2].rstrip(","), logged
        process.send_signal(ending)
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        logged += errors.splitlines()
    finally:
        process.kill()
        process.wait()


def test_a_process_keeps_what_is_delivered_twice_late_and_out_of_order_and_nothing_forged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stripe_reports.sandbox.http.webhook._PAUSES", (0.01,))
    inbox = Lake.open(str(tmp_path / "lake")).inbox
    duplicate, wrong, stale, unordered, failed, good = _REPORT_TYPES
    with (
        _process(tmp_path / "lake", signal.SIGTERM) as (url, logged),
        Sandbox(port=0, files_port=0, latency=0, webhook_url=url, webhook_secret=SECRET) as sandbox,
    ):
        sandbox.fault("webhook_duplicate", report_type=duplicate, times=3)
        sandbox.fault("webhook_wrong_secret", report_type=wrong)
        sandbox.fault("webhook_stale", report_type=stale)
        sandbox.fault("webhook_unordered", report_type=unordered, seconds=0.5)
        sandbox.fault("failed", report_type=failed)
        api = StripeApi(sandbox.key, api_base=sandbox.api_base)
        end = sandbox.data_available_end
        runs = {
            id_: create_report_run(api, id_, {"interval_start": end - 86400, "interval_end": end}, id_).id
            for id_ in _REPORT_TYPES
        }
        sandbox.fault("late", report_type=duplicate, seconds=86400)
        until(lambda: len(inbox.names("succeeded")) == 3 and len(_kept(inbox)) == 3)
        listed = api.call(lambda client: client.v1.events.list())
        events = {event.data.object["id"]: event.id for event in listed.data}
    assert _kept(inbox) == {
        "succeeded": sorted(events[runs[id_]] for id_ in (duplicate, unordered, good)),
        "failed": [events[runs[failed]]],
        "report_type_updated": [duplicate],
    }
    kept = json.loads(inbox.read("succeeded", events[runs[good]]) or b"")
    assert kept["data"]["object"]["id"] == runs[good]
    lines = "\n".join(logged)
    assert len([line for line in logged if f"{runs[duplicate]} {duplicate} is kept" in line]) == 3
    assert "none of the webhook secrets" in lines
    assert "older than 300 seconds" in lines
    assert runs[wrong] not in lines
    assert runs[stale] not in lines
    assert SECRET not in lines
    assert "Traceback" not in lines


def test_a_process_reads_a_body_no_further_than_it_may_and_ends_by_ctrl_c(tmp_path: Path) -> None:
    chunk = b"x" * 65536
    left = [chunk] * 1000

    def chunks() -> Iterator[bytes]:
        while left:
            yield left.pop()

    with _process(tmp_path / "new" / "lake", signal.SIGINT) as (url, logged):
        with suppress(httpx.TransportError):  # it may hear of the end of the connection first
            assert httpx.post(url, content=chunks()).status_code == 400
        assert httpx.get(url.replace(WEBHOOK_PATH, "/healthz")).json() == {"status": "ok"}
    assert len(left) > 100
    assert (tmp_path / "new" / "lake").is_dir()
    (line,) = logged
    assert "refused a delivery: the body has more than 1048576 bytes" in line


_HALVES = [
    b"",
    b"POST " + WEBHOOK_PATH.encode(),
    b"POST " + WEBHOOK_PATH.encode() + b" HTTP/1.1\r\nHost: x\r\nStripe-Sig",
    b"POST " + WEBHOOK_PATH.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
    b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\nGET /no",
]


def test_connections_whose_requests_do_not_come_whole_end_and_deliveries_get_through(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (receiving, server):
        monkeypatch.setattr(module, "REQUEST_SECONDS", 1.0)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # not the main thread
    monkeypatch.setattr(uvicorn.Server, "install_signal_handlers", lambda _: None, raising=False)
    servers: list[uvicorn.Server] = []
    run = uvicorn.Server.run

    def noted(self: uvicorn.Server, sockets: list[socket.socket]) -> None:
        servers.append(self)
        run(self, sockets)

    monkeypatch.setattr(uvicorn.Server, "run", noted)
    ready: Queue[str] = Queue()
    app = build_webhook_app(inbox, (SECRET,))
    thread = Thread(target=server.serve_webhook, args=(app, "127.0.0.1", 0, ready.put))
    thread.start()
    url = ready.get(timeout=60)
    address = ("127.0.0.1", int(url.split(":")[2].partition("/")[0]))
    half_open = [socket.create_connection(address, timeout=60) for _ in range(40) for _ in _HALVES]
    try:
        for number, connection in enumerate(half_open):
            connection.sendall(_HALVES[number % len(_HALVES)])
        headers = {"Stripe-Signature": signature_of(_BODY)}
        assert httpx.post(url, content=_BODY, headers=headers, timeout=60).status_code == 200
        for connection in half_open:
            with suppress(ConnectionResetError):
                while connection.recv(4096):
                    pass
    finally:
        for connection in half_open:
            connection.close()
        servers[0].should_exit = True
        thread.join(60)
    assert _kept(inbox) == {"succeeded": ["evt_1"]}


def test_a_body_that_trickles_is_given_up(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "REQUEST_SECONDS", 0.05)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = receiver.deliver(_BODY, content=chunks())
    assert (answer.status_code, "did not arrive within 0.05 seconds" in answer.text) == (400, True)
