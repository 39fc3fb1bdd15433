"""Starting, waiting, stopping."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.support import DAY, START, Client, midnight
from stripe_reports_tests.waiting import PATIENCE, until

FIRST = midnight(START)


def test_a_run_is_pending_for_the_latency() -> None:
    with Sandbox(port=0, files_port=0, latency=0.4) as sandbox:
        client = Client(sandbox)
        created = time.monotonic()
        run = client.create("balance.summary.1", FIRST, FIRST + DAY).json()
        path = f"/v1/reporting/report_runs/{run['id']}"
        assert client.get(path)["status"] == "pending"
        assert client.get("/v1/events")["data"] == []
        until(lambda: client.get(path)["status"] != "pending", every=0.02)
        assert time.monotonic() - created >= 0.4
        assert len(client.get("/v1/events")["data"]) == 1
        client.close()


def test_it_starts_and_stops_at_once() -> None:
    began = time.monotonic()
    with Sandbox(port=0, files_port=0) as sandbox:
        assert httpx.get(sandbox.api_base).status_code == 404
    assert time.monotonic() - began < 30
    with pytest.raises(httpx.ConnectError):
        httpx.get(sandbox.api_base)


def test_many_stand_side_by_side() -> None:
    with (
        Sandbox(port=0, files_port=0) as one,
        Sandbox(port=0, files_port=0) as other,
    ):
        assert len({one.api_base, one.files_base, other.api_base, other.files_base}) == 4


def test_nothing_is_left_on_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Sandbox(port=0, files_port=0, latency=0) as sandbox:
        client = Client(sandbox)
        client.report("balance.summary.1", FIRST, FIRST + DAY)
        client.close()
        assert len(list(tmp_path.rglob("*.csv"))) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for ports in ({"port": port, "files_port": 0}, {"port": 0, "files_port": port}):
            with pytest.raises(ConfigurationError, match=f"port {port}") as error, Sandbox(**ports):
                pass
            assert "\n" not in str(error.value)


@pytest.mark.parametrize("settings", [{"rows_per_day": 0}, {"latency": -1}, {"key": ""}, {"key": "a b"}])
def test_settings_that_make_no_sense(settings: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError):
        Sandbox(**settings)  # type: ignore[arg-type]


def test_runs_are_counted() -> None:
    with Sandbox(port=0, files_port=0, latency=0) as sandbox:
        client = Client(sandbox)
        client.create("balance.summary.1", FIRST, FIRST + DAY)
        client.create("balance.summary.1", FIRST + DAY, FIRST)
        assert sandbox.report_runs_created == 1, "a refused run is none"
        client.close()


def test_many_clients_at_once_get_the_same_bytes() -> None:
    with Sandbox(port=0, files_port=0, latency=0) as sandbox:
        contents: list[bytes] = []

        def ask() -> None:
            client = Client(sandbox)
            report = client.report("payout_reconciliation.itemized.5", FIRST + 30 * DAY, FIRST + 60 * DAY)
            contents.append(report.content)
            client.close()

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(contents) == 8
    assert len(set(contents)) == 1


_SERVE = """
from stripe_reports.sandbox import Sandbox
sandbox = Sandbox(port=0, files_port=0)
sandbox.serve(on_ready=lambda: print(sandbox.api_base, flush=True))
print("stopped")
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_with_a_signal(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _SERVE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert httpx.get(process.stdout.readline().strip()).status_code == 404
        process.send_signal(number)
        output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output, errors) == (0, "stopped\n", "")


def test_it_needs_neither_dagster_nor_arrow_nor_the_stripe_library() -> None:
    code = (
        "import sys, stripe_reports.sandbox;"
        "print({'dagster', 'pandas', 'pyarrow', 'stripe', 'requests'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"
