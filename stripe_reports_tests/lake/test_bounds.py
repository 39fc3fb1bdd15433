"""What can be no report is refused early, and a landing that runs out of memory is one error of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stripe_reports_tests.lake.support import DAY, ITEMIZED

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is read from Linux' /proc"
)

_LAND = """
import resource, sys
from stripe_reports.errors import StripeReportsError
from stripe_reports.lake import Lake
from stripe_reports_tests.lake import support

lake = Lake.open({root!r})
support.land(lake, b'description,gross\\n"a","1"\\n')  # imports what a landing needs

def kib(name):
    status = dict(line.split(":") for line in open("/proc/self/status"))
    return int(status[name].split()[0])

def stream():
    yield b'description,gross\\n"a","1"\\n'
    for _ in range({times}):
        yield {chunk}

if {most_mib}:
    resource.setrlimit(resource.RLIMIT_AS, ((kib("VmSize") << 10) + ({most_mib} << 20),) * 2)
try:
    support.land(lake, stream())
except StripeReportsError as error:
    print(type(error).__name__, error)
print(kib("VmHWM") >> 10)
"""


def _landed(root: Path, chunk: str, *, times: int, most_mib: int = 0) -> list[str]:
    """Land a CSV of these chunks in a process of its own; print its error and the most memory that it had."""
    script = _LAND.format(root=str(root), chunk=chunk, times=times, most_mib=most_mib)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("byte", "says"),
    [
        (b"\n", "line 3 is empty"),
        (b"x", "the row on line 3 does not end within 33554432 bytes"),
        (b'"', "the row on line 3 does not end within 33554432 bytes"),
    ],
)
def test_blank_lines_and_endless_rows_are_refused_in_bounded_memory(
    tmp_path: Path, byte: bytes, says: str
) -> None:
    message, peak_mib = _landed(tmp_path, f"{byte!r} * (1 << 20)", times=64)
    assert message.startswith(f"CsvError {ITEMIZED.id} {DAY}: {says}")
    assert int(peak_mib) < 300


def test_memory_that_runs_out_is_an_error_of_that_landing(tmp_path: Path) -> None:
    row = """b'"' + b"x" * (30 << 20) + b'","1"\\n'"""
    message, _ = _landed(tmp_path, row, times=6, most_mib=40)
    assert message.startswith(f"LakeError {ITEMIZED.id} {DAY}: memory ran out")
