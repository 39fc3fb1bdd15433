"""`stripe-reports init`: a directory in which `dagster dev` starts, and a component for a dg project."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import yaml
from click.testing import CliRunner
from dotenv import dotenv_values

from stripe_reports.cli import cli
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.cli.running import run, variables_of
from stripe_reports_tests.waiting import PATIENCE, until

_KEY = "rk_live_of_a_test_1234567890"


def _texts(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()
    }


def test_a_project_has_its_settings_in_a_private_file_that_shells_and_dagster_read_alike(
    tmp_path: Path,
) -> None:
    project = tmp_path / "a project"
    done = run("init", str(project), "--select", "core, tax", STRIPE_API_KEY=_KEY)
    assert (done.code, done.err) == (0, "")
    assert _KEY not in done.out
    assert stat.S_IMODE((project / ".env").stat().st_mode) == 0o600
    values = dotenv_values(project / ".env")
    assert values["STRIPE_API_KEY"] == _KEY
    assert values["STRIPE_REPORTS_LAKE"] == str(project / "lake")
    assert values["STRIPE_REPORTS_SELECT"] == "core, tax"
    assert values["DAGSTER_HOME"] == str(project / "dagster_home")
    assert (project / "dagster_home").is_dir()
    shell = 'set -a; . ./.env; exec "$0" -c "import json, os; print(json.dumps(dict(os.environ)))"'
    shown = subprocess.run(
        ["/bin/sh", "-c", shell, sys.executable],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    assert values.items() <= json.loads(shown.stdout).items()
    assert (project / ".gitignore").read_text().splitlines() == [".env", "dagster_home/", "lake/"]
    (location,) = yaml.safe_load((project / "workspace.yaml").read_text())["load_from"]
    assert location["python_module"]["module_name"] == "stripe_reports.definitions"


def test_without_a_key_its_place_is_empty_and_the_next_step_says_so(tmp_path: Path) -> None:
    done = run("init", str(tmp_path))
    assert dotenv_values(tmp_path / ".env")["STRIPE_API_KEY"] == ""
    assert f"1. Put your key into {tmp_path / '.env'}" in done.out


def test_a_key_that_is_typed_is_not_shown(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["init", str(tmp_path), "--ask-key"], input=f"{_KEY}\n")
    assert done.exit_code == 0
    assert _KEY not in done.output
    assert dotenv_values(tmp_path / ".env")["STRIPE_API_KEY"] == _KEY


def test_no_file_is_replaced_without_force(tmp_path: Path) -> None:
    (tmp_path / "workspace.yaml").write_text("mine")
    (tmp_path / ".gitignore").write_text("lake/\n*.pyc")
    before = _texts(tmp_path)
    done = run("init", str(tmp_path), STRIPE_API_KEY=_KEY)
    assert done.code == 1
    assert "workspace.yaml exists already; nothing was written" in done.err
    assert _texts(tmp_path) == before
    forced = run("init", str(tmp_path), "--force", STRIPE_API_KEY=_KEY)
    assert forced.code == 0
    assert "stripe_reports.definitions" in (tmp_path / "workspace.yaml").read_text()
    assert (tmp_path / ".gitignore").read_text() == "lake/\n*.pyc\n.env\ndagster_home/\n"
    assert run("init", str(tmp_path), "--force").code == 0
    assert (tmp_path / ".gitignore").read_text().count(".env") == 1
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".env",
        ".gitignore",
        "dagster_home",
        "workspace.yaml",
    ]


@pytest.mark.parametrize(
    ("arguments", "key", "says"),
    [
        (("--select", "balance.sumary.1"), "", "did you mean 'balance.summary.1'"),
        (("--start-date", "2026-13-01"), "", "is not a day"),
        (("--timezone", "Berlin"), "", "unknown time zone 'Berlin'"),
        (("--lake", "ftp://x"), "", "is not an address of a lake"),
        (("--lake", "it's"), "", "has a quote or a line break"),
        ((), "pk_live_public_one", "this is a publishable key"),
        ((), "sk_live_with a blank", "has a blank"),
        (("--account", "eu"), "", "--account is for --component"),
        (("--component",), "", "--component needs --lake"),
        (("--component", "--lake", "x", "--account", "EU"), "", "use a-z, 0-9 and single _"),
    ],
)
def test_a_choice_that_makes_no_sense_writes_nothing(
    arguments: tuple[str, ...], key: str, says: str, tmp_path: Path
) -> None:
    done = run("init", str(tmp_path / "new"), *arguments, STRIPE_API_KEY=key)
    assert done.code in (1, 2)
    assert says in done.err
    assert not key or key not in done.err
    assert not (tmp_path / "new").exists()


def test_a_component_is_a_file_without_a_secret(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.dg]\ndirectory_type = "project"\n')
    folder = tmp_path / "src" / "finance" / "defs" / "stripe_eu"
    chosen = ("--lake", "s3://finance-lake/eu", "--account", "eu", "--timezone", "Europe/Berlin")
    done = run("init", str(folder), "--component", *chosen, STRIPE_API_KEY=_KEY)
    assert done.code == 0, done.err
    assert [path.name for path in folder.iterdir()] == ["defs.yaml"]
    assert yaml.safe_load((folder / "defs.yaml").read_text()) == {
        "type": "stripe_reports.StripeReportsComponent",
        "attributes": {
            "api_key": "{{ env.STRIPE_API_KEY_EU }}",
            "lake": "s3://finance-lake/eu",
            "select": "core",
            "start_date": "2023-01-01",
            "timezone": "Europe/Berlin",
            "account": "eu",
        },
    }
    assert "no project of dg" not in done.out
    assert "Set STRIPE_API_KEY_EU" in done.out
    again = run("init", str(folder), "--component", "--lake", "other")
    assert (again.code, "nothing was written" in again.err) == (1, True)


_LOADED = "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }"


@pytest.mark.slow
def test_dagster_dev_starts_in_it_and_keeps_its_records_there(sandbox: Sandbox, tmp_path: Path) -> None:
    assert run("init", str(tmp_path), **variables_of(sandbox)).code == 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: v for name, v in os.environ.items() if not name.startswith(("STRIPE_", "DAGSTER_"))}
    command = [str(Path(sys.executable).with_name("dagster")), "dev", "-p", str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=kept, stdout=log, stderr=log, start_new_session=True
        )

    def loaded() -> bool:
        assert process.poll() is None, (tmp_path / "log").read_text()
        try:
            answer = requests.post(
                f"http://127.0.0.1:{port}/graphql", json={"query": _LOADED}, timeout=PATIENCE
            ).json()
        except requests.ConnectionError:
            return False
        return answer["data"]["workspaceOrError"].get("locationEntries") == [
            {"name": "stripe_reports", "loadStatus": "LOADED"}
        ]

    try:
        until(loaded, every=0.5)
        variables = {name: value or "" for name, value in dotenv_values(tmp_path / ".env").items()}
        until(lambda: "seen" in run("doctor", **variables).out, every=1)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=60)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert (tmp_path / "dagster_home" / "history" / "runs.db").is_file()
