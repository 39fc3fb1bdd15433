"""The webhook's server: a process that ends when asked, and connections that do not hold it up."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Queue
from threading import Thread

import httpx
import pytest
import uvicorn

from stripe_reports import cli
from stripe_reports.lake import Inbox, Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import StripeApi, create_report_run
from stripe_reports.webhook import receiver as receiving
from stripe_reports.webhook import server
from stripe_reports.webhook.receiver import WEBHOOK_PATH, build_webhook_app
from stripe_reports_tests.events import SECRET, signature_of
from stripe_reports_tests.waiting import PATIENCE, until
from stripe_reports_tests.webhook.support import BODY, kept_events

_COMMAND = str(Path(sys.executable).with_name("stripe-reports"))
_REPORT_TYPES = (
    "balance.summary.1",
    "balance_change_from_activity.summary.1",
    "payouts.summary.1",
    "balance_change_from_activity.itemized.3",
    "payouts.itemized.3",
    "payout_reconciliation.summary.1",
)


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
        until(lambda: len(inbox.names("succeeded")) == 3 and len(kept_events(inbox)) == 3)
        listed = api.call(lambda client: client.v1.events.list())
        events = {event.data.object["id"]: event.id for event in listed.data}
    assert kept_events(inbox) == {
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
        headers = {"Stripe-Signature": signature_of(BODY)}
        assert httpx.post(url, content=BODY, headers=headers, timeout=60).status_code == 200
        for connection in half_open:
            with suppress(ConnectionResetError):
                while connection.recv(4096):
                    pass
    finally:
        for connection in half_open:
            connection.close()
        servers[0].should_exit = True
        thread.join(60)
    assert kept_events(inbox) == {"succeeded": ["evt_1"]}
