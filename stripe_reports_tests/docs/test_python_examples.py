"""The Python examples of the pages run."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stripe_reports.catalog import newest_complete_day
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.docs.pages import Block, blocks

_ONLY_THIS_MACHINE = """
import sys

def refuse_other_hosts(event, args):
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event == "socket.connect":
        host = args[1][0] if isinstance(args[1], tuple) else None
    else:
        return
    if host not in (None, "127.0.0.1", "localhost"):
        raise SystemExit(f"{event} {host}")

sys.addaudithook(refuse_other_hosts)
"""
_LAND = """
done = defs.resolve_implicit_global_asset_job_def().execute_in_process(
    partition_key="{day}", asset_selection=[dg.AssetKey(["stripe_reports", "balance_summary_1"])]
)
assert done.success
"""


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_the_example_runs(block: Block, demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo_folder)
    code = compile("\n" * block.line + block.text, block.page, "exec", dont_inherit=True)
    exec(code, {"__name__": "__main__"})


def test_the_definitions_of_the_readme_talk_to_the_sandbox_that_is_exported(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    (block,) = (each for each in blocks("python") if each.page == "README.md")
    snippet = block.text.replace("s3://finance-lake/stripe", str(tmp_path / "lake"))
    day = newest_complete_day(datetime.now(UTC))
    exported = {
        "STRIPE_API_KEY": sandbox.key,
        "STRIPE_API_BASE": sandbox.api_base,
        "STRIPE_FILES_BASE": sandbox.files_base,
    }
    code = f"{_ONLY_THIS_MACHINE}{snippet}{_LAND.format(day=day)}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **exported},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "lake").rglob("part-0.parquet"))) == 1
