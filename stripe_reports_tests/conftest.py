"""Fixtures of all wings: each one is a real server on 127.0.0.1."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.scripted_server import ScriptedServer, scripted_server
from stripe_reports_tests.waiting import until

_TESTS = Path(__file__).parent
LONGEST = (
    "orchestration/test_dagster_dev.py",
    "cli/test_cli.py",
    "landing/test_every_report_type.py",
    "orchestration/test_killed_run.py",
    "orchestration/failed_runs/test_requested_again.py",
    "sandbox/test_every_report_type.py",
    "test_definitions.py",
    "close/test_close_month.py",
    "stripe_api/test_answers.py",
    "landing/test_faults.py",
    "landing/test_runs_in_flight.py",
    "reconcile/test_tampered_tables.py",
    "landing/test_stop.py",
    "orchestration/test_interrupted_run.py",
    "orchestration/test_reconciliation.py",
    "stripe_api/test_download_limits.py",
    "orchestration/failed_runs/test_failed_report_runs.py",
    "sandbox/test_tampering_lies.py",
)
"""The files of tests that take ten seconds or more, longest first."""


def pytest_configure() -> None:
    """Take interrupts in the background of a shell, and keep bytecode.

    In the background of a shell SIGINT is ignored, Dagster makes SIGTERM follow it, and the processes that
    tests start inherit both: they would not end when they are told to.

    With PYTHONDONTWRITEBYTECODE, each of these processes and each worker of pytest would compile the project
    and rewrite the asserts of its tests anew.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files. Each file stays in one process, which makes its fixtures once."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.relative_to(_TESTS).as_posix(), len(places)))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Two more than there are processors: while tests wait for a process or a clock, others run."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (processors or 1) + 2


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A local Stripe with quick report runs; tests share it and must not count on its runs."""
    with Sandbox(port=0, files_port=0, latency=0.05) as running:
        yield running


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that answers what the test tells it to."""
    with scripted_server() as running:
        yield running


@pytest.fixture
def no_pauses() -> Iterator[None]:
    """Repeat what failed at once, as often as the code under test would."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """moto as a server process of its own: what reaches it went over HTTP."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = (tmp_path_factory.mktemp("moto") / "log").open("wb")
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            until(lambda: _answers(url))
            yield url
        finally:
            server.kill()


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/moto-api/").close()
    except OSError:
        return False
    return True


@pytest.fixture
def aws(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """AWS' usual variables, naming that server."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    return s3_endpoint


@pytest.fixture
def s3(aws: str) -> Any:
    """A client that does not go through the lake."""
    import boto3

    return boto3.client("s3", region_name="eu-central-1", endpoint_url=aws)


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    name = f"lake-{abs(hash(request.node.nodeid))}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return name
