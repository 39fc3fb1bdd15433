"""Waiting for what happens elsewhere: in a server, a thread, or a process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 600.0
"""Seconds. It ends a test that hangs and says nothing about speed: a loaded machine must not reach it."""


def until(happened: Callable[[], Any], *, every: float = 0.05) -> None:
    """Wait for it; look again after so many seconds."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, f"did not happen within {PATIENCE:.0f} s"
        time.sleep(every)
