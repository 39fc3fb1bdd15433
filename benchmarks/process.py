"""One run of a module in a process of its own, and what the operating system says of it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

_CHECKOUT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Finished:
    """`wall_s` from before the process was there until it had ended; `peak_rss_mib` of this process only."""

    wall_s: float
    cpu_s: float
    peak_rss_mib: float
    output: str


def run(module: str, *arguments: str | Path) -> Finished:
    """Run `python -m module arguments` and wait for it; what it says on stderr is shown.

    The caller must be a small process: on Linux the peak of a new process is at least the memory of the one
    that started it.

    Raises subprocess.CalledProcessError if it fails.
    """
    began = time.perf_counter()
    process = _start(module, arguments)
    with cast("TextIO", process.stdout) as stdout:
        output = stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args, output)
    peak = usage.ru_maxrss if sys.platform == "darwin" else usage.ru_maxrss * 1024
    return Finished(wall, usage.ru_utime + usage.ru_stime, peak / (1 << 20), output)


def own_peak_mib() -> float:
    """The most memory that this process had since it began to run its own program.

    On Linux what `getrusage` says includes the process that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (peak if sys.platform == "darwin" else peak * 1024) / (1 << 20)


@contextmanager
def running(module: str, *arguments: str | Path) -> Iterator[str]:
    """`python -m module arguments` as long as the block lasts; yields the first line that it prints."""
    process = _start(module, arguments)
    with process, cast("TextIO", process.stdout) as stdout:
        try:
            yield stdout.readline().strip()
        finally:
            process.terminate()


def _start(module: str, arguments: tuple[str | Path, ...]) -> subprocess.Popen[str]:
    # Without what the shell says of somebody's account or Dagster.
    known = {
        name: value for name, value in os.environ.items() if not name.startswith(("STRIPE_", "DAGSTER_"))
    }
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=_CHECKOUT,
        env=known,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
