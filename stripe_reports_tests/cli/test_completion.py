"""A shell completes commands, report types and tables."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from stripe_reports.lake import Lake
from stripe_reports_tests.cli.running import run
from stripe_reports_tests.docs.pages import block_with
from stripe_reports_tests.lake.support import TABLE, land, stripe_csv


def _completed(words: str, lake: Path) -> list[str]:
    """What click offers a bash for the last of the words."""
    done = run(
        _STRIPE_REPORTS_COMPLETE="bash_complete",
        COMP_WORDS=f"stripe-reports {words}",
        COMP_CWORD=str(len(words.split())),
        STRIPE_REPORTS_LAKE=str(lake),
    )
    assert (done.code, done.err) == (0, "")
    return [line.partition(",")[2] for line in done.out.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("doc", ["doctor"]),
        ("types balance.summary", ["balance.summary.1", "balance.summary.2"]),
        ("plan core ta", ["tax"]),
        ("land --type payouts.summary", ["payouts.summary.1", "payouts.summary.2"]),
        ("doctor --select cor", ["core"]),
        ("ddl --engine du", ["duckdb"]),
        ("status balance_change", [TABLE]),
        ("verify balance_change", [TABLE]),
        ("ddl balance_change", [TABLE]),
        ("status payouts", []),
    ],
)
def test_it_completes(words: str, expected: list[str], tmp_path: Path) -> None:
    lake = Lake.open(str(tmp_path / "lake"))
    land(lake, stripe_csv(["net"], [("1.00",)]), day=date(2026, 11, 1))
    found = _completed(words, tmp_path / "lake")
    assert expected == [name for name in found if not name.startswith("tax.")]


def test_a_lake_that_is_not_there_completes_nothing_and_says_nothing(tmp_path: Path) -> None:
    assert _completed("status b", tmp_path / "none") == []


def test_the_lines_of_the_page_set_a_shell_up() -> None:
    block = block_with("_STRIPE_REPORTS_COMPLETE")
    shells = re.findall(r"_STRIPE_REPORTS_COMPLETE=(\w+)_source stripe-reports", block.text)
    assert shells == ["bash", "zsh", "fish"]
    for shell in shells[1:]:
        assert "_stripe_reports_completion" in run(_STRIPE_REPORTS_COMPLETE=f"{shell}_source").out
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/bash", "-c", f"{block.text.splitlines()[0]}\ncomplete -p stripe-reports"],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "_stripe_reports_completion" in done.stdout
