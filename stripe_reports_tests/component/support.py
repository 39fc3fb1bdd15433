"""Components from the text of a YAML file, loaded as a project loads them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import TracebackException

import dagster as dg
from dagster.components.testing.utils import DefsFolderSandbox, create_defs_folder_sandbox
from dagster_shared.error import SerializableErrorInfo

from stripe_reports_tests.docs.pages import BLOCKS

(README_YAML,) = (block.text for block in BLOCKS if block.page == "README.md" and block.language == "yaml")
"""The component as the README shows it."""


def with_attributes(more: str) -> str:
    """Return the README's file with these lines, in place of its own for the same attributes."""
    lines = textwrap.dedent(more).strip("\n").splitlines()
    named = {line.partition(":")[0] for line in lines if not line.startswith(" ")}
    kept = [line for line in README_YAML.splitlines() if line.strip().partition(":")[0] not in named]
    return "\n".join([*kept, *(f"  {line}" for line in lines), ""])


@contextmanager
def project(**files: str) -> Iterator[DefsFolderSandbox]:
    """A project with a `defs.yaml` in a folder for each of these texts."""
    with create_defs_folder_sandbox() as sandbox:
        (sandbox.defs_folder_path / "__init__.py").touch()
        for name, text in files.items():
            folder = sandbox.defs_folder_path / name
            folder.mkdir()
            (folder / "defs.yaml").write_text(text, encoding="utf-8")
        yield sandbox


def definitions(**files: str) -> dg.Definitions:
    """Return all definitions of such a project. Raises what Dagster raises."""
    with project(**files) as sandbox, sandbox.build_all_defs() as built:
        return built


def last_line(error: BaseException) -> str:
    """Return the line with which Dagster ends what it prints of an error."""
    printed = SerializableErrorInfo.from_traceback(TracebackException.from_exception(error)).to_string()
    return printed.strip().splitlines()[-1]


def line_of(text: str, attribute: str) -> int:
    """Return the number of the line at which an attribute stands."""
    lines = enumerate(text.splitlines(), 1)
    return next(number for number, line in lines if line.strip().startswith(f"{attribute}:"))
