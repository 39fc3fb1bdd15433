"""The command `stripe-reports sql`: its arguments, its errors and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from stripe_reports.cli import cli
from stripe_reports.lake import Lake
from stripe_reports_tests.cli.sql.conftest import OTHER
from stripe_reports_tests.waiting import PATIENCE, until

_COMMAND = str(Path(sys.executable).with_name("stripe-reports"))


def _run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_COMMAND, "sql", *arguments],
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_the_command_writes_csv_and_says_mistakes_in_one_line(lake: Lake) -> None:
    folder = Path(lake.root).parent  # ./lake
    done = _run(f"SELECT sum(count) AS n FROM {OTHER}", "--csv", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, '"n"\n"1234"\n', "")
    done = _run("SELEC 1", cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == 'Error: Parser Error: syntax error at or near "SELEC"'
    assert len(done.stderr.splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["SELECT 1", "--csv", "--parquet", "x"], "--csv and --parquet exclude each other"),
        (["SELECT 1", "--csv", "--json"], "--csv and --json exclude each other"),
        (["SELECT 1", "--json", "--rows", "0"], "--json and --rows exclude each other"),
        (["SELECT 1", "--csv", "--overwrite"], "--overwrite is about the file of --parquet"),
        (["--json"], "--json needs a QUERY"),
        (["--rows", "3"], "--rows needs a QUERY"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments: list[str], says: str) -> None:
    done = CliRunner().invoke(cli, ["sql", *arguments])
    assert done.exit_code == 2
    assert says in done.output


def test_its_help_has_examples() -> None:
    assert "Examples:\n    stripe-reports sql\n" in CliRunner().invoke(cli, ["sql", "--help"]).output


def test_ctrl_c_ends_a_long_query_and_leaves_nothing(lake: Lake, tmp_path: Path) -> None:
    query = "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b"
    process = subprocess.Popen(
        [_COMMAND, "sql", query, "--lake", lake.root],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    try:
        until(lambda: list(tmp_path.iterdir()))
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []
