"""Serving the Dagster UI for the demo."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from threading import Event

from rich.console import Console

from stripe_reports.errors import ConfigurationError

_LOOK_SECONDS = 0.25
_STOP_SECONDS = 30


def serve_ui(port: int, notices: Console) -> bool:
    """Run `dagster dev` until Ctrl-C or SIGTERM; return False if it ends by itself."""
    # Dagster warns that `dg dev` supersedes this; a person who runs a demo does not need to know.
    quiet = ["-W", "ignore:Function `dev_command` is superseded"]
    command = [sys.executable, *quiet, "-m", "dagster", "dev"]
    command += ["-m", "stripe_reports.definitions", "-p", str(port)]
    notices.print(f"The Dagster UI: http://127.0.0.1:{port}/asset-groups is starting (Ctrl-C stops it)")
    stopped = Event()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in signals}
    # In its own session, so that Ctrl-C reaches Dagster's processes through this process only: those that
    # are still starting would print tracebacks, and others would not end.
    process = subprocess.Popen(command, start_new_session=True)  # noqa: S603
    try:
        while not stopped.wait(_LOOK_SECONDS) and process.poll() is None:
            pass
    finally:
        _end(process)
        for number, handler in before.items():
            signal.signal(number, handler)
    return stopped.is_set()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process, and then whatever is left of its session."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


def check_free(port: int) -> None:
    """Raise ConfigurationError if the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise ConfigurationError(f"port {port} is taken; choose another with --port") from None
