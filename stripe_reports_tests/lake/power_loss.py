"""Folders that lose their power: what the process has not synced is gone."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import Any

import pytest

Tree = dict[str, bytes]
"""Files by their paths."""


class Disk:
    """Watches the real system calls of this process below a folder that is there, with all in it, for good.

    `moments` has what a power loss would leave after each call that syncs or moves: synced names and bytes
    only, which is the worst case; and all names, but synced bytes only.
    """

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.moments: list[tuple[Tree, Tree]] = []
        self._bytes: dict[int, bytes] = {}
        self._names: dict[int, dict[str, int]] = {}
        self._held: list[int] = []
        self._lock = RLock()
        for path in [folder, *folder.rglob("*")]:
            descriptor = os.open(path, os.O_RDONLY)
            self._synced(descriptor)
            os.close(descriptor)
        for name in ("fsync", "replace", "link"):
            patch.setattr(os, name, self._watched(getattr(os, name)))

    def left(self) -> Tree:
        """What a power loss now would leave, in the worst case."""
        with self._lock:
            return self._tree(self.folder.stat().st_ino, "", self._names)

    def there(self) -> Tree:
        """What is there with power, without what is unfinished."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in files
            if path.parent.name != "_unfinished"
        }

    def _watched(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(first: Any, *more: Any, **options: Any) -> None:
            with self._lock:
                call(first, *more, **options)
                if not more:
                    self._synced(first)
                names = {path.stat().st_ino: _names(path) for path in self.folder.rglob("*") if path.is_dir()}
                names[self.folder.stat().st_ino] = _names(self.folder)
                self.moments.append((self.left(), self._tree(self.folder.stat().st_ino, "", names)))

        return watched

    def _synced(self, descriptor: int) -> None:
        self._held.append(os.dup(descriptor))  # its inode is not given to another file
        there = os.fstat(descriptor)
        if stat.S_ISDIR(there.st_mode):
            self._names[there.st_ino] = _names(descriptor)
        else:
            self._bytes[there.st_ino] = Path(f"/proc/self/fd/{descriptor}").read_bytes()

    def _tree(self, folder: int, place: str, names: dict[int, dict[str, int]]) -> Tree:
        tree: Tree = {}
        for name, inode in names.get(folder, {}).items():
            if inode < 0:
                tree |= self._tree(-inode, f"{place}{name}/", names)
            elif not place.endswith("_unfinished/"):
                tree[f"{place}{name}"] = self._bytes.get(inode, b"")
        return tree


def _names(folder: Path | int) -> dict[str, int]:
    """The inodes of what is in a folder; those of folders as negative numbers."""
    with os.scandir(folder) as entries:
        return {entry.name: -entry.inode() if entry.is_dir() else entry.inode() for entry in entries}


def write_tree(tree: Tree, folder: Path) -> Path:
    """A folder with these files."""
    for path, body in tree.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(body)
    return folder
