"""The command `stripe-reports`, as a person runs it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import requests
from click.testing import CliRunner

from stripe_reports.catalog import select_report_types
from stripe_reports.cli import cli
from stripe_reports.lake import Lake
from stripe_reports.orchestration.books import DOWNSTREAM
from stripe_reports_tests.lake.support import TABLE, land, stripe_csv
from stripe_reports_tests.waiting import PATIENCE, until

_COMMAND = str(Path(sys.executable).with_name("stripe-reports"))


def _run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


@pytest.mark.parametrize("command", [(), *((name,) for name in cli.commands)], ids=" ".join)
def test_every_command_has_help_with_examples(command: tuple[str, ...]) -> None:
    done = _run(*command, "--help")
    assert done.returncode == 0
    assert not command or f"Examples:\n    stripe-reports {command[0]}" in done.stdout


@pytest.mark.slow
def test_the_demo_fails_where_a_partition_did_not_land(tmp_path: Path) -> None:
    Lake.open(str(tmp_path / "demo" / "lake")).claim(livemode=True, account=None)
    done = _run("demo", "--days", "1", "--dir", "demo", cwd=tmp_path)
    assert done.returncode == 1
    assert "belongs to live mode" in " ".join(done.stdout.split())
    assert "Every partition landed" not in done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_prints_how_to_use_it_and_stops_cleanly(ending: signal.Signals) -> None:
    process = subprocess.Popen(
        [_COMMAND, "sandbox", "--port", str(_free_port()), "--files-port", str(_free_port())],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        exports = dict(process.stdout.readline().split()[1].split("=", 1) for _ in range(3))
        answer = requests.get(
            f"{exports['STRIPE_API_BASE']}/v1/reporting/report_types/balance.summary.1",
            auth=(exports["STRIPE_API_KEY"], ""),
            timeout=PATIENCE,
        )
        assert answer.json()["id"] == "balance.summary.1"
        process.send_signal(ending)
        _, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert "Traceback" not in errors
    assert process.returncode in (0, 130)


def test_the_sandbox_builds_as_many_runs_at_once_as_it_needs_alert() -> None:
    ports = ["--port", str(_free_port()), "--files-port", str(_free_port())]
    command = [_COMMAND, "sandbox", *ports, "--latency", "0.5", "--runs-at-once", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        exports = dict(process.stdout.readline().split()[1].split("=", 1) for _ in range(3))
        runs, auth = f"{exports['STRIPE_API_BASE']}/v1/reporting/report_runs", (exports["STRIPE_API_KEY"], "")
        asked = {"report_type": "balance.summary.1"}
        asked |= {"parameters[interval_start]": "1735689600", "parameters[interval_end]": "1735776000"}
        began = time.monotonic()
        ids = [requests.post(runs, asked, auth=auth, timeout=PATIENCE).json()["id"] for _ in range(3)]
        last = f"{runs}/{ids[2]}"
        until(lambda: requests.get(last, auth=auth, timeout=PATIENCE).json()["status"] != "pending")
        assert time.monotonic() - began >= 1.5, "one after the other"
    finally:
        process.kill()
        process.wait()


def test_a_number_of_runs_at_once_that_makes_no_sense_is_one_line() -> None:
    done = _run("sandbox", "--runs-at-once", "0")
    assert done.returncode == 1
    assert done.stderr == "Error: the sandbox needs runs_at_once >= 1, or None for no limit\n"


@pytest.mark.parametrize("command", [("sandbox",), ("demo", "--ui")])
def test_a_port_that_is_taken_is_one_line(command: tuple[str, ...], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = _run(*command, "--port", str(port), cwd=tmp_path)
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("demo", "--port", "3001"), "--port is the port of the Dagster UI: add --ui"),
        (("sandbox", "--webhook-secret", "x"), "--webhook-secret signs what --webhook-url delivers"),
        (("sandbox", "--live", "--key", "x"), "use one of the two"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(arguments: tuple[str, ...], says: str) -> None:
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2
    assert says in done.output


@pytest.mark.parametrize("place", ["/proc/x", "a_file/x"])
def test_a_directory_that_cannot_be_written_is_one_line(place: str, tmp_path: Path) -> None:
    (tmp_path / "a_file").touch()
    done = _run("demo", "--dir", place, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"Error: cannot write to .*{place} \(.*\); choose another .* --dir\n", done.stderr)


def _ended_by_ctrl_c(process: subprocess.Popen[str], reached: Callable[[], bool]) -> tuple[str, str]:
    """What a command and its children printed, to all of which a terminal sends Ctrl-C once `reached`."""
    try:
        deadline = time.monotonic() + 200
        while not reached():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        return process.communicate(timeout=100)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.slow
def test_ctrl_c_while_the_demo_lands_is_one_line_and_leaves_no_process(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [_COMMAND, "demo", "--days", "60", "--dir", "demo"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    _, errors = _ended_by_ctrl_c(process, lambda: any(tmp_path.glob("demo/lake/*/date=*/part-0.parquet")))
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert errors.rstrip().splitlines()[-1].startswith("Stopped. Days that landed stay")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_an_output_that_ends_early_or_is_full_is_no_traceback() -> None:
    for output, says in (("| head -1", ""), ("> /dev/full", "Error: the output: No space left on device\n")):
        for arguments in ("types", "types --json", "--help"):
            done = subprocess.run(
                ["/bin/bash", "-c", f"set -o pipefail; {_COMMAND} {arguments} {output}"],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.stderr == says, arguments
            assert done.returncode in ((0, 1) if "head" in output else (1,))


def test_what_the_encoding_of_the_output_lacks_is_shown_otherwise(tmp_path: Path) -> None:
    land(Lake.open(str(tmp_path / "lake")), stripe_csv(["description"], [("naïve ☃",)]))
    done = subprocess.run(
        [_COMMAND, "sql", f"SELECT description FROM {TABLE}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "STRIPE_REPORTS_LAKE": "lake"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert r"na\xefve \u2603" in done.stdout


_STRIPE_RESOURCE = """{ topLevelResourceDetailsOrError(resourceSelector: {
    repositoryLocationName: "stripe_reports.definitions", repositoryName: "__repository__",
    resourceName: "stripe" }) { ... on ResourceDetails { configuredValues { key value type } } } }"""


def test_the_demo_lands_every_partition_and_its_ui_serves_them_until_it_is_stopped(tmp_path: Path) -> None:
    port = _free_port()
    with (tmp_path / "printed").open("w") as printed, (tmp_path / "errors").open("w") as errors:
        process = subprocess.Popen(
            [_COMMAND, "demo", "--days", "2", "--ui", "--port", str(port)],
            cwd=tmp_path,
            stdout=printed,
            stderr=errors,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "80"},
        )
    query = """{ assetsOrError { ... on AssetConnection { nodes {
        key { path } assetMaterializations(limit: 1) { partition } } } } }"""

    def landed() -> set[str]:
        assert process.poll() is None, "the demo ended"
        try:
            answer = requests.post(
                f"http://127.0.0.1:{port}/graphql", json={"query": query}, timeout=PATIENCE
            ).json()
        except requests.ConnectionError:
            return set()
        nodes = answer["data"]["assetsOrError"].get("nodes", [])
        return {node["key"]["path"][-1] for node in nodes if node["assetMaterializations"]}

    try:
        until(lambda: len(landed()) >= 13, every=1)
        found = landed()
        shown = requests.post(
            f"http://127.0.0.1:{port}/graphql", json={"query": _STRIPE_RESOURCE}, timeout=PATIENCE
        ).text
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE) == 0
    finally:
        process.kill()
    assert len(found) == 13, "nine reports, what came of reconciling them, and what is built on them"
    assert "STRIPE_API_KEY" in shown, "the UI shows where the key comes from"
    assert "sk_test_" not in shown, "and not the key"
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "the UI has stopped with the demo"
    assert "Traceback" not in (tmp_path / "errors").read_text()
    _check_what_the_demo_says(tmp_path, (tmp_path / "printed").read_text())


def _check_what_the_demo_says(folder: Path, said: str) -> None:
    lake = Lake.open(str(folder / ".stripe-reports-demo" / "lake"))
    landed = [each.table for each in select_report_types("core")]
    assert set(lake.tables()) == {*landed, "reconciliation", *DOWNSTREAM[:3]}
    assert all(len(lake.days(table)) == 2 for table in lake.tables())
    total = re.search(r"^ *all +18 +([\d,]+) +[\d.]+ [kM]B +15 *$", said, re.MULTILINE)
    assert total, "six reports by day, and three itemized ones of both days at once"
    rows = sum(lake.read_table(table).num_rows for table in landed)
    assert int(total[1].replace(",", "")) == rows
    assert "…" not in said, "the table fits a terminal of 80 columns"
    assert "Every partition landed" in said
    assert re.search(r"The books agree to the cent.*\d+ hold, 2 are not applicable\.", said, re.DOTALL)
    (by_pandas,) = re.findall(r"(pandas\.read_parquet\(.*\))$", said, re.MULTILINE)
    (by_duckdb,) = re.findall(r"(FROM '.*')$", said, re.MULTILINE)
    rows = lake.read_table("balance_summary_1").num_rows
    assert len(eval(by_pandas, {"pandas": pd})) == len(duckdb.sql(by_duckdb).fetchall()) == rows
