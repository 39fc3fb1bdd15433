"""Fixtures of all wings: each one is a real server on 127.0.0.1."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import stamina

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.scripted_server import ScriptedServer, scripted_server


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
            _wait_for(url)
            yield url
        finally:
            server.kill()


def _wait_for(url: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{url}/moto-api/").close()
        except OSError:
            assert time.monotonic() < until, "moto does not answer"
            time.sleep(0.1)
        else:
            return


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
