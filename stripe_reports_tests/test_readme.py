"""What the README shows is what happens."""

from __future__ import annotations

import ast
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
from stripe_reports.catalog import PRESETS, newest_complete_day
from stripe_reports.orchestration.books import DOWNSTREAM
from stripe_reports.reconcile import IDENTITIES
from stripe_reports.sandbox import Sandbox

_CHECKOUT = Path(__file__).parent.parent
_README = (_CHECKOUT / "README.md").read_text(encoding="utf-8")
_BLOCKS = [
    (match[2], re.sub(rf"^{match[1]}", "", match[3], flags=re.MULTILINE))
    for match in re.finditer(r"^( *)```(\w*)\n(.*?)^ *```$", _README, re.DOTALL | re.MULTILINE)
]
_PYTHON = [text for language, text in _BLOCKS if language == "python"]
_SHELL = [text for language, text in _BLOCKS if language == "sh"]
_BIN = Path(sys.executable).parent


@pytest.mark.parametrize("number", range(len(_PYTHON)))
def test_python_examples_run(number: int, tmp_path: Path, demo_lake: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PYTHON[number]], cwd=demo_lake, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


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


def test_the_definitions_of_a_project_talk_to_the_sandbox_that_is_exported(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    (snippet,) = (text for text in _PYTHON if ".definitions(" in text)
    snippet = snippet.replace("s3://finance-lake/stripe", str(tmp_path / "lake"))
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


@pytest.fixture(scope="session")
def demo_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo has been run."""
    folder = tmp_path_factory.mktemp("demo")
    subprocess.run(
        [_BIN / "stripe-reports", "demo", "--days", "1"], cwd=folder, check=True, capture_output=True
    )
    return folder


def test_the_two_commands_make_the_same_environment_and_end_in_demo_and_tests() -> None:
    setup = "python3 -m venv .venv && .venv/bin/pip install -r requirements.lock -e . && "
    ends = [text.strip().removeprefix(setup) for text in _SHELL if text.startswith(setup)]
    assert ends == [".venv/bin/stripe-reports demo --ui", ".venv/bin/pytest"]


@pytest.mark.parametrize(("which", "landed"), [("--partition ", 1), ("--partition-range ", 18)])
def test_the_shell_examples_materialize_days(
    sandbox: Sandbox, tmp_path: Path, which: str, landed: int
) -> None:
    (command,) = (text for text in _SHELL if "asset materialize" in text and which in text)
    command = command.replace(".venv/bin/", f"{_BIN}/")
    newest = newest_complete_day(datetime.now(UTC))
    command = re.sub(r"\S{10}\.\.\.\S{10}", f"{newest - timedelta(days=1)}...{newest}", command)
    command = re.sub(r"--partition \S{10}", f"--partition {newest}", command)
    environment = {
        **os.environ,
        "STRIPE_API_KEY": sandbox.key,
        "STRIPE_API_BASE": sandbox.api_base,
        "STRIPE_FILES_BASE": sandbox.files_base,
        "STRIPE_REPORTS_DOWNSTREAM": "all",
    }
    done = subprocess.run(
        command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "lake").rglob("part-0.parquet"))) == landed


_JSON = [json.loads(text) for language, text in _BLOCKS if language == "json"]


@pytest.mark.parametrize("config", _JSON, ids=str)
def test_the_run_config_examples_are_taken(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_REPORTS_DOWNSTREAM", "all")
    checked = dg.validate_run_config(definitions.defs().resolve_implicit_global_asset_job_def(), config)
    for op, given in config["ops"].items():
        assert given["config"].items() <= checked["ops"][op]["config"].items()


def test_the_shell_example_verifies_the_demo(demo_lake: Path) -> None:
    (command,) = (text for text in _SHELL if "stripe-reports verify" in text)
    command = command.replace(".venv/bin/", f"{_BIN}/")
    done = subprocess.run(command, shell=True, cwd=demo_lake, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every value is what its CSV says." in done.stdout


def test_the_shell_examples_query_the_demo(demo_lake: Path) -> None:
    (command,) = (text for text in _SHELL if "stripe-reports sql" in text)
    command = command.replace(".venv/bin/", f"{_BIN}/")
    done = subprocess.run(
        ["/bin/bash", "-ec", command], cwd=demo_lake, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "payouts_itemized_3" in done.stdout
    assert "usd" in done.stdout


def test_the_identities_are_those_that_are_held() -> None:
    told = dict(re.findall(r"^\| `(I\d+)` \| (.*) \|$", _README, re.MULTILINE))
    assert told == {name: identity.statement for name, identity in IDENTITIES.items()}


def test_every_downstream_asset_is_documented() -> None:
    assert all(f"| `{name}` |" in _README for name in DOWNSTREAM)


def test_every_variable_is_documented_and_no_other() -> None:
    read = {
        node.value
        for module in (definitions, environment)
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"STRIPE_[A-Z_]+", node.value)
    }
    settings = _README.split("### Settings")[1].split("\n#")[0]
    documented = set(re.findall(r"`(STRIPE_[A-Z_]+)`", settings))
    assert documented == read


def test_every_preset_is_documented() -> None:
    assert all(f"`{preset}`" in _README for preset in PRESETS)


def test_links_inside_the_project_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", _README, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", _README):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif not target.startswith("http"):
            assert (_CHECKOUT / target).exists(), target


def test_every_dependency_has_its_reason() -> None:
    text = (_CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    names = re.findall(r'^    "([a-z0-9-]+)', text.split("dependencies = [")[1].split("]")[0], re.MULTILINE)
    reasons = _README.split("## What it is built on")[1]
    assert names
    assert all(re.search(rf"\b{name}\b", reasons) for name in names)


def test_the_lock_file_pins_every_dependency_without_an_address() -> None:
    lock = (_CHECKOUT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert re.search(r"^dagster==1\.13\.", lock, re.MULTILINE)
    assert re.search(r"^pytest==", lock, re.MULTILINE)
