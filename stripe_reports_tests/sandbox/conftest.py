"""One sandbox with a clock that stands still and runs that are done at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.support import NOW, Client, clock_at


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, files_port=0, latency=0, now=clock_at(NOW)) as running:
        yield running


@pytest.fixture(scope="session")
def client(sandbox: Sandbox) -> Iterator[Client]:
    client = Client(sandbox)
    yield client
    client.close()


@pytest.fixture
def faulty() -> Iterator[Sandbox]:
    """A sandbox of the test's own, to set faults in."""
    with Sandbox(port=0, files_port=0, latency=0, now=clock_at(NOW)) as running:
        yield running


@pytest.fixture
def asking(faulty: Sandbox) -> Iterator[Client]:
    """A client of that sandbox."""
    client = Client(faulty)
    yield client
    client.close()


@pytest.fixture
def clock() -> list[float]:
    """What the clock of the tampering sandbox says can be changed."""
    return [NOW]


@pytest.fixture
def books(clock: list[float]) -> Iterator[tuple[Sandbox, Client]]:
    """A sandbox of the test's own, to tamper with, and its client."""
    with Sandbox(port=0, files_port=0, latency=0, now=lambda: clock[0]) as sandbox:
        client = Client(sandbox)
        yield sandbox, client
        client.close()
