"""Fixtures of all wings: each one is a real server on 127.0.0.1."""

from __future__ import annotations

from collections.abc import Iterator

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
