"""The component as the pages show it: their files load, and their commands work in a new project."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from stripe_reports.catalog import newest_complete_day
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.component.support import README_YAML, definitions
from stripe_reports_tests.docs.pages import CHECKOUT, Block, block_with, blocks

_DAY = newest_complete_day(datetime.now(UTC))


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_the_file_loads(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in re.findall(r"env\.(\w+)", block.text):
        monkeypatch.setenv(name, "sk_test_of_a_page")
    dg.Definitions.validate_loadable(definitions(stripe=block.text))


@pytest.mark.slow
def test_a_new_project_lands_a_day_with_the_commands_of_the_page(sandbox: Sandbox, tmp_path: Path) -> None:
    """With the packages of the index, in the pinned versions, and this package as it is built."""
    home = tmp_path / "dagster_home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    environment = {
        name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")
    }
    environment |= {
        "DAGSTER_HOME": str(home),
        "PIP_CONSTRAINT": str(CHECKOUT / "requirements.lock"),
        "STRIPE_API_KEY": sandbox.key,
        "STRIPE_API_BASE": sandbox.api_base,
        "STRIPE_FILES_BASE": sandbox.files_base,
    }

    def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/bash", "-ec", script],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    making = block_with("dg scaffold defs").text
    assert "uvx create-dagster" in making
    assert "../stripe_reports" in making
    making = making.replace("uvx create-dagster", str(Path(sys.executable).with_name("create-dagster")))
    made = run(making.replace("../stripe_reports", str(CHECKOUT)), tmp_path)
    assert made.returncode == 0, made.stdout + made.stderr
    project = tmp_path / "finance"
    file = project / "src" / "finance" / "defs" / "stripe" / "defs.yaml"
    assert "# translation: " in file.read_text(encoding="utf-8")

    lake = tmp_path / "lake"
    file.write_text(README_YAML.replace("s3://finance-lake/stripe", str(lake)), encoding="utf-8")
    commands = re.sub(r"--partition=[\d-]+", f"--partition={_DAY}", block_with("dg launch").text)
    used = run(commands, project)
    assert used.returncode == 0, used.stdout + used.stderr
    assert "stripe_reports.StripeReportsComponent" in used.stdout
    assert "All definitions loaded successfully." in used.stdout
    reading = f"read('balance_summary_1', lake='{lake}').to_pandas()"
    rows = run(f'.venv/bin/python -c "from stripe_reports import read; print(len({reading}))"', project)
    assert int(rows.stdout) > 0, rows.stderr

    file.write_text(README_YAML.replace("core, tax", "balance.sumary.1"), encoding="utf-8")
    refused = run(".venv/bin/dg check defs", project)
    assert refused.returncode != 0
    *_, line = (line for line in (refused.stdout + refused.stderr).splitlines() if "defs.yaml" in line)
    says = "unknown report type or preset 'balance.sumary.1'; did you mean 'balance.summary.1'"
    assert f"AttributeValueError: {file}:5 attributes.select: {says}" in line
    for text in (used.stdout, used.stderr, refused.stdout, refused.stderr):
        assert sandbox.key not in text
    for path in (each for each in tmp_path.rglob("*") if each.is_file() and ".venv" not in each.parts):
        assert sandbox.key.encode() not in path.read_bytes(), path
