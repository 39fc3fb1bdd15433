"""Files that a command writes for a person, and never over one that is there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from stripe_reports.errors import ConfigurationError

PRIVATE = 0o600
READABLE = 0o644


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to write, with its mode."""

    path: Path
    text: str
    mode: int = READABLE


def write_files(files: Sequence[NewFile], *, force: bool) -> None:
    """Write the files, and the folders above them. With `force`, a file that is there is replaced.

    Raises ConfigurationError if one is there and `force` is not set: then none is written. Also if a file
    cannot be written.
    """
    there = [str(file.path) for file in files if file.path.exists() or file.path.is_symlink()]
    if there and not force:
        raise ConfigurationError(
            f"{' and '.join(there)} exist{'s' * (len(there) == 1)} already; nothing was written; choose"
            " another directory, or replace with --force"
        )
    for file in files:
        try:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            _write(file, force=force)
        except OSError as error:
            raise ConfigurationError(f"cannot write {file.path}: {error.strerror}") from None


def add_lines(path: Path, lines: Sequence[str]) -> list[str]:
    """Add the lines that the file lacks to its end, and return them. A file that is absent is made.

    Raises ConfigurationError if it cannot be read or written.
    """
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        known = {line.strip() for line in text.splitlines()}
        added = [line for line in lines if line not in known]
        if added:
            newline = "\n" if text and not text.endswith("\n") else ""
            with path.open("a", encoding="utf-8") as file:
                file.write(newline + "".join(f"{line}\n" for line in added))
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from None
    except UnicodeError:
        raise ConfigurationError(f"{path} is not text in UTF-8, so no line was added to it") from None
    return added


def _write(file: NewFile, *, force: bool) -> None:
    place = file.path.with_name(f".{file.path.name}.{uuid4().hex}") if force else file.path
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(file.text)
        if force:
            place.replace(file.path)
    except BaseException:
        place.unlink(missing_ok=True)
        raise
