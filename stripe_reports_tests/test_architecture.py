"""The house stands: imports go down, wings of one floor do not know each other, rooms stay small."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import stripe_reports

_ROOT = Path(stripe_reports.__file__).parent
_FLOORS = {
    "errors": 0,
    "catalog": 1,
    "environment": 1,
    "stripe_api": 2,
    "lake": 2,
    "sandbox": 2,
    "landing": 3,
    "reading": 3,
    "reconcile": 3,
    "close": 4,
    "query": 4,
    "orchestration": 5,
    "definitions": 6,
    "cli_help": 7,
    "demo": 7,
    "listing": 7,
    "sql_command": 7,
    "verification_command": 7,
    "cli": 8,
}
# The folders of the lake. Those of one floor do not know each other.
_LAKE_FLOORS = {
    "storage": 0,
    "parsing": 0,
    "writing": 1,
    "reading": 1,
    "documents": 2,
    "proving": 2,
    "lake": 3,
    "offered_reports": 4,
    "__init__": 5,
}
# Imports around a wing's face that still stand. Take one off once it is gone, and add none.
_AROUND_A_FACE = {
    "landing.submit",
    "orchestration.assets",
    "orchestration.failed_runs",
    "orchestration.webhook",
}
_FILES = sorted(path for path in _ROOT.rglob("*.py") if path != _ROOT / "__init__.py")
_LINES = 320


def _wing(path: Path) -> str:
    return path.relative_to(_ROOT).parts[0].removesuffix(".py")


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            module = node.module or ""
            yield node.lineno, module
            # `from stripe_reports import environment`
            yield from ((node.lineno, f"{module}.{each.name}") for each in node.names if each.name in _FLOORS)


_each_file = pytest.mark.parametrize("path", _FILES, ids=lambda path: str(path.relative_to(_ROOT)))


@_each_file
def test_a_file_imports_only_from_lower_floors_and_its_own_wing(path: Path) -> None:
    own = _wing(path)
    assert own in _FLOORS, f"{own} has no floor yet"
    for line, module in _imports(path):
        parts = module.split(".")
        if parts[0] != "stripe_reports" or len(parts) == 1:
            continue
        other = parts[1]
        assert other == own or _FLOORS[other] < _FLOORS[own], f"{path}:{line}: {own} must not import {other}"


@_each_file
def test_a_file_of_the_lake_imports_only_from_lower_folders_and_its_own(path: Path) -> None:
    if _wing(path) != "lake":
        return
    own = path.relative_to(_ROOT).parts[1].removesuffix(".py")
    for line, module in _imports(path):
        if module.startswith("stripe_reports.lake."):
            other = module.split(".")[2]
            floors = _LAKE_FLOORS[other], _LAKE_FLOORS[own]
            assert other == own or floors[0] < floors[1], f"{path}:{line}: {own} must not import {other}"
        else:
            assert module != "stripe_reports.lake", f"{path}:{line}: the face imports this file"


@_each_file
def test_a_wing_is_imported_by_its_face(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("stripe_reports."):
            continue
        _, other, *within = str(node.module).split(".")
        face = _ROOT / other / "__init__.py"
        if other == _wing(path) or not face.exists():
            continue
        around = (
            {".".join([other, *within])}
            if within
            else {f"{other}.{name}" for name in {each.name for each in node.names} - _exported(face)}
        )
        assert around <= _AROUND_A_FACE, f"{path}:{node.lineno}: around the face of {other}"


def _exported(face: Path) -> set[str]:
    for node in ast.parse(face.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [ast.unparse(each) for each in node.targets] == ["__all__"]:
            return set(ast.literal_eval(node.value))
    raise AssertionError(f"{face} has no __all__")


@_each_file
def test_dagster_is_known_from_the_fifth_floor_up_only(path: Path) -> None:
    known = {module.split(".")[0] for _, module in _imports(path)}
    assert _FLOORS[_wing(path)] >= 5 or not {name for name in known if name.startswith("dagster")}


@_each_file
def test_the_sandbox_knows_the_catalog_only(path: Path) -> None:
    if _wing(path) == "sandbox":
        ours = {module.split(".")[1] for _, module in _imports(path) if module.startswith("stripe_reports.")}
        assert ours <= {"sandbox", "catalog", "errors"}


@_each_file
def test_only_one_file_reads_the_environment(path: Path) -> None:
    # The demo sets variables for the code location that it loads, and hands them to the UI's processes.
    if path.name not in ("environment.py", "demo.py"):
        text = path.read_text(encoding="utf-8")
        assert "os.environ" not in text
        assert "getenv" not in text


@_each_file
def test_a_room_is_not_crowded(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= _LINES, f"{lines} lines: two nouns in one file?"


def test_the_project_imports_nothing_from_outside_its_checkout() -> None:
    checkout = _ROOT.parent
    for path in [*_ROOT.rglob("*.py"), *(checkout / "stripe_reports_tests").rglob("*.py")]:
        assert "../" + "shared" not in path.read_text(encoding="utf-8"), path


def test_loading_the_definitions_stays_light() -> None:
    code = (
        "import sys; from stripe_reports.definitions import defs; defs();"
        "print([m for m in ('dagster_aws', 'boto3', 'pandas', 'duckdb') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})
    assert done.stdout.strip() == "[]"
    assert done.stderr == "", "nor does it warn"
