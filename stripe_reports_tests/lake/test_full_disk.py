"""A disk that is full while a day lands: the error is one line, and what was written is given back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stripe_reports.lake import Lake
from stripe_reports_tests.lake.support import DAY, TABLE, land, stripe_csv

# The system refuses each byte behind a limit, as a full disk does: in a write, or at the end.
_LAND_WITH_LIMITS = """
import resource, sys
from pathlib import Path
from stripe_reports.errors import LakeError
from stripe_reports.lake import Lake
from stripe_reports_tests.lake import support, test_full_disk

lake = Lake.open(sys.argv[1])
for limit in map(int, sys.argv[2:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        support.land(lake, test_full_disk.csv())
    except LakeError as error:
        files = [path for path in Path(lake.root).rglob("*") if path.is_file()]
        print(limit, sum(path.stat().st_size for path in files), str(error).partition(": cannot write ")[2])
"""


def csv() -> bytes:
    """About 8 KiB of Parquet: less than the system's buffer, in which the bytes wait for the end."""
    return stripe_csv(["description", "gross"], ((f"{n * n:x}", f"{n}.25") for n in range(1000)))


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no limit for the size of files")
def test_a_full_disk_gets_back_what_was_written(lake: Lake) -> None:
    land(lake, stripe_csv(["description"], [("old",)]))
    before = sum(path.stat().st_size for path in Path(lake.root).rglob("*") if path.is_file())
    limits = [1, 100, 1000, 2000, 3000, 4000]
    command = [sys.executable, "-c", _LAND_WITH_LIMITS, lake.root, *map(str, limits)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = [line.split(" ", 2) for line in done.stdout.splitlines()]
    assert [int(limit) for limit, _, _ in said] == limits
    assert {int(size) for _, size, _ in said} == {before}
    assert all("File too large" in text for _, _, text in said)
    assert lake.read_table(TABLE, [DAY])["description"].to_pylist() == ["old"]
