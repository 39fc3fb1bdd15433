"""The pages' commands of Dagster, and the run configs for its launchpad."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stripe_reports import definitions, environment
from stripe_reports.catalog import newest_complete_day
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.docs.pages import block_with, blocks
from stripe_reports_tests.docs.variables import variables_read

# Both commands in one process: a second start of Dagster shows nothing that the first one does not.
_RUN = """
import json, sys
from dagster._cli import create_dagster_cli

for arguments in json.load(sys.stdin):
    create_dagster_cli()(arguments, standalone_mode=False)
"""


@pytest.fixture
def variables(sandbox: Sandbox) -> dict[str, str]:
    """The environment of a deployment whose Stripe is the sandbox."""
    return {
        **os.environ,
        "STRIPE_API_KEY": sandbox.key,
        "STRIPE_API_BASE": sandbox.api_base,
        "STRIPE_FILES_BASE": sandbox.files_base,
        "STRIPE_REPORTS_DOWNSTREAM": "all",
    }


@pytest.mark.slow
def test_the_examples_materialize_a_day_and_then_two(variables: dict[str, str], tmp_path: Path) -> None:
    newest = newest_complete_day(datetime.now(UTC))
    (of_a_day,) = block_with("--partition ").commands
    (of_days,) = block_with("--partition-range ").commands
    of_a_day = [str(newest) if re.fullmatch(r"[\d-]{10}", word) else word for word in of_a_day]
    range_ = f"{newest - timedelta(days=1)}...{newest}"
    of_days = [range_ if re.fullmatch(r"[\d-]{10}\.{3}[\d-]{10}", word) else word for word in of_days]
    assert str(newest) in of_a_day
    assert range_ in of_days
    assert {of_a_day[0], of_days[0]} == {".venv/bin/dagster"}
    done = subprocess.run(
        [sys.executable, "-c", _RUN],
        input=json.dumps([of_a_day[1:], of_days[1:]]),
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "lake").rglob("part-0.parquet"))) == 18
    assert len(list((tmp_path / "lake" / "balance_summary_1").rglob("part-0.parquet"))) == 2
    assert "unchanged" in done.stderr, "the range left the day alone that the first command landed"


def test_dagster_dev_is_started_with_variables_that_are_read(tmp_path: Path) -> None:
    block = block_with("dagster dev")
    names = {words[1].partition("=")[0] for words in block.commands if words[0] == "export"}
    assert names == {"STRIPE_API_KEY", "DAGSTER_HOME"}
    assert "STRIPE_API_KEY" in variables_read(definitions, environment)
    assert block.commands[-1] == [".venv/bin/dagster", "dev"]
    assert Path(sys.executable).with_name("dagster").exists()
    # What `dagster dev` serves is tested in orchestration/test_dagster_dev.py.
    before = block.text.replace(".venv/bin/dagster dev", 'cd "$DAGSTER_HOME"')
    home = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run(["/bin/bash", "-ec", before], env=home, check=True)
    assert (tmp_path / ".dagster").is_dir()


@pytest.mark.parametrize("config", [json.loads(block.text) for block in blocks("json")], ids=str)
def test_the_run_config_is_taken(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_REPORTS_DOWNSTREAM", "all")
    checked = dg.validate_run_config(definitions.defs().resolve_implicit_global_asset_job_def(), config)
    for op, given in config["ops"].items():
        assert given["config"].items() <= checked["ops"][op]["config"].items()
