"""The house stands: imports go down, wings of one floor do not know each other, rooms stay small."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stripe_reports_tests.each_file import ROOT, each_file

_FLOORS = {
    "errors": 0,
    "wording": 0,
    "catalog": 1,
    "environment": 1,
    "stripe_api": 2,
    "lake": 2,
    "sandbox": 2,
    "landing": 3,
    "reading": 3,
    "reconcile": 3,
    "webhook": 3,
    "close": 4,
    "orchestration": 5,
    "component": 6,
    "definitions": 6,
    "cli": 7,
}
# The folders and files of the two large wings. Those of one floor do not know each other.
_INNER_FLOORS = {
    "lake": {
        "storage": 0,
        "parsing": 0,
        "pii": 0,
        "writing": 1,
        "reading": 1,
        "documents": 2,
        "proving": 2,
        "lake": 3,
        "offered_reports": 4,
        "opening": 4,
        "__init__": 5,
    },
    "orchestration": {
        "names": 0,
        "partitioned_checks": 0,
        "resources": 0,
        "ui_table": 0,
        "inbox_events": 1,
        "io_manager": 1,
        "jobs": 1,
        "made_partitions": 1,
        "reports": 1,
        "resource_parameters": 1,
        "automation": 2,
        "books": 2,
        "failed_runs": 2,
        "assets": 3,
        "instance": 3,
        "by_hand": 4,
        "code_location": 4,
        "stripe_reports": 5,
        "__init__": 6,
    },
}
# Imports around a wing's face.
_AROUND_A_FACE = {
    # The face is only the inbox's kinds, because the sensors need no server.
    "webhook.receiver",
    "webhook.server",
}
_LINES = 350


def _wing(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


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


@each_file
def test_a_file_imports_only_from_lower_floors_and_its_own_wing(path: Path) -> None:
    own = _wing(path)
    if own == "__init__":
        return
    assert own in _FLOORS, f"{own} has no floor yet"
    for line, module in _imports(path):
        parts = module.split(".")
        if parts[0] != "stripe_reports" or len(parts) == 1:
            continue
        other = parts[1]
        assert other == own or _FLOORS[other] < _FLOORS[own], f"{path}:{line}: {own} must not import {other}"


@each_file
def test_a_file_of_a_large_wing_imports_only_from_lower_folders_and_its_own(path: Path) -> None:
    wing = _wing(path)
    if wing not in _INNER_FLOORS:
        return
    floors = _INNER_FLOORS[wing]
    own = path.relative_to(ROOT).parts[1].removesuffix(".py")
    for line, name in _imported_names(path):
        if name.startswith(f"stripe_reports.{wing}."):
            other = name.split(".")[2]
            if other in floors:  # otherwise a name from the face
                lower = other == own or floors[other] < floors[own]
                assert lower, f"{path}:{line}: {own} must not import {other}"
            else:
                assert own == "__init__", f"{path}:{line}: the face imports this file"


def _imported_names(path: Path) -> Iterator[tuple[int, str]]:
    """Each imported name with its module, but for what is only imported to check types."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    ifs = [node for node in ast.walk(tree) if isinstance(node, ast.If)]
    types = [node for node in ifs if ast.unparse(node.test) == "TYPE_CHECKING"]
    only_types = {id(node) for each in types for node in ast.walk(each)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and id(node) not in only_types:
            yield from ((node.lineno, f"{node.module}.{each.name}") for each in node.names)


@each_file
def test_a_wing_is_imported_by_its_face(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("stripe_reports."):
            continue
        _, other, *within = str(node.module).split(".")
        face = ROOT / other / "__init__.py"
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


@each_file
def test_dagster_is_known_from_the_fifth_floor_up_only(path: Path) -> None:
    known = {module.split(".")[0] for _, module in _imports(path)}
    assert _FLOORS.get(_wing(path), 5) >= 5 or not {name for name in known if name.startswith("dagster")}


@pytest.mark.parametrize(
    "arguments",
    [
        "--help",
        "doctor",
        "plan --from 2026-11-01 --to 2026-11-01",
        "sql --lake LAKE",
        "status --lake LAKE",
        "types",
        "verify --lake LAKE",
        "webhook",
    ],
)
def test_a_command_imports_dagster_only_if_it_runs_it(arguments: str, tmp_path: Path) -> None:
    code = (
        "import sys; from stripe_reports import cli\n"
        "try: cli.main()\n"
        "finally: print('dagster' in sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *arguments.replace("LAKE", str(tmp_path)).split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={})
    assert done.stderr.splitlines()[-1] == "False", done.stderr


@each_file
def test_the_sandbox_knows_the_catalog_only(path: Path) -> None:
    if _wing(path) == "sandbox":
        ours = {module.split(".")[1] for _, module in _imports(path) if module.startswith("stripe_reports.")}
        assert ours <= {"sandbox", "catalog", "errors", "wording"}


@each_file
def test_only_one_file_reads_the_environment(path: Path) -> None:
    # The demo sets variables for the code location that it loads, and hands them to the UI's processes.
    if path.relative_to(ROOT).as_posix() not in ("environment.py", "cli/demo/demo.py"):
        text = path.read_text(encoding="utf-8")
        assert "os.environ" not in text
        assert "getenv" not in text


def test_a_room_is_not_crowded() -> None:
    folders = [ROOT, ROOT.parent / "stripe_reports_tests", ROOT.parent / "benchmarks"]
    files = [path for folder in folders for path in folder.rglob("*.py")]
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    crowded = {str(path): count for path, count in lines.items() if count > _LINES}
    assert crowded == {}, "two nouns in one file?"


def test_the_project_imports_nothing_from_outside_its_checkout() -> None:
    checkout = ROOT.parent
    for path in [*ROOT.rglob("*.py"), *(checkout / "stripe_reports_tests").rglob("*.py")]:
        assert "../" + "shared" not in path.read_text(encoding="utf-8"), path


def test_loading_the_definitions_stays_light() -> None:
    code = (
        "import sys; from stripe_reports.definitions import defs; defs();"
        "print([m for m in ('dagster_aws', 'boto3', 'pandas', 'duckdb') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})
    assert done.stdout.strip() == "[]"
    assert done.stderr == "", "nor does it warn"
