"""What CONTRIBUTING.md says to run is what CI and the hooks run."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
import yaml

from stripe_reports_tests.docs.pages import CHECKOUT, PAGES, blocks

_PAGE = "CONTRIBUTING.md"
_CHECKS = [command for block in blocks("sh") if block.page == _PAGE for command in block.commands]


def test_the_checks_are_those_of_ci_in_its_order() -> None:
    ci = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
    assert [shlex.split(line) for line in ci.splitlines() if line.startswith(".venv/bin/")] == _CHECKS


def test_the_hooks_run_the_checks_without_a_network() -> None:
    config = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (local,) = config["repos"]
    assert local["repo"] == "local"
    assert {hook["language"] for hook in local["hooks"]} == {"system"}
    entries = [shlex.split(hook["entry"]) for hook in local["hooks"]]
    assert entries[: len(_CHECKS)] == _CHECKS
    (tests,) = entries[len(_CHECKS) :]
    assert all((CHECKOUT / word).exists() for word in tests if word.endswith(".py"))


@pytest.mark.parametrize("command", re.findall(r"\| `(\.venv/bin/[^`]+)` \|", PAGES[_PAGE]))
def test_the_commands_of_the_tests_exist(command: str) -> None:
    program, *arguments = shlex.split(command)
    assert Path(sys.executable).with_name(Path(program).name).exists()
    if program.endswith("pytest"):
        marker = arguments[1] if arguments[:1] == ["-m"] else None
        assert marker is None or f'"{marker}:' in (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
        assert marker or all((CHECKOUT / path).is_dir() for path in arguments)
    else:
        assert (CHECKOUT / arguments[1] / "__main__.py").exists()


def test_every_file_that_is_named_exists() -> None:
    names = re.findall(r"`([\w./-]+\.(?:py|md|json|yaml))`", PAGES[_PAGE])
    files = {path.name for path in CHECKOUT.glob("stripe_reports*/**/*.py")}
    assert names
    for name in names:
        assert (CHECKOUT / name).exists() or name in files, name
