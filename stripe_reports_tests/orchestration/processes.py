"""Dagster in processes of its own, with records on disk: started, killed and interrupted as in earnest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import dagster as dg

import stripe_reports
from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.waiting import PATIENCE

_MODULE = "stripe_reports_tests.orchestration.code_location"


class Processes:
    """Runs over one lake and one DAGSTER_HOME, all days of `select` each."""

    def __init__(
        self, folder: Path, sandbox: Sandbox, select: str, *, in_flight: int = 8, **variables: str
    ) -> None:
        self._home = folder / "dagster_home"
        self._home.mkdir()
        (self._home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
        self._log = folder / "log.txt"
        self.lake = Lake.open(str(folder / "lake"))
        self.environment = {
            "DAGSTER_HOME": str(self._home),
            "STRIPE_API_KEY": sandbox.key,
            "STRIPE_API_BASE": sandbox.api_base,
            "STRIPE_FILES_BASE": sandbox.files_base,
            "STRIPE_REPORTS_LAKE": str(folder / "lake"),
            "STRIPE_REPORTS_SELECT": select,
            "STRIPE_REPORTS_MAX_RUNS_IN_FLIGHT": str(in_flight),
            **variables,
        }
        with self.instance() as instance:  # two processes would be in each other's way when they make it
            instance.get_run_records()
            instance.get_asset_keys()

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """The records."""
        with dg.DagsterInstance.from_config(str(self._home)) as instance:
            yield instance

    @property
    def log(self) -> str:
        """The end of what all processes printed."""
        return self._log.read_text()[-4000:]

    def start(self, days: Sequence[date]) -> subprocess.Popen[bytes]:
        """A run in a session of its own, whose step is a process as well."""
        command = [sys.executable, "-m", "dagster", "asset", "materialize", "-m", _MODULE, "--select", "*"]
        checkout = str(Path(stripe_reports.__file__).parents[1])
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [*command, "--partition-range", f"{min(days)}...{max(days)}"],
                env={**os.environ, **self.environment, "PYTHONPATH": checkout},
                cwd=self._home,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def run(self, days: Sequence[date]) -> int:
        """Start one and wait for it; returns its exit code."""
        return self.start(days).wait(timeout=PATIENCE)


def kill(process: subprocess.Popen[bytes]) -> None:
    """As if the machine had lost its power: the run and its steps at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def seconds_to_end(process: subprocess.Popen[bytes], by: signal.Signals) -> float:
    """Send the run this signal; returns how long it took to end."""
    began = time.monotonic()
    process.send_signal(by)
    process.wait(timeout=PATIENCE)
    return time.monotonic() - began
