"""Files of a lake on a local disk, written elsewhere, synced and then moved, to survive a power loss."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

if sys.platform != "win32":
    import fcntl

UNFINISHED = "_unfinished"
ABANDONED_AFTER_SECONDS = 86400

# The files hold e-mail addresses and amounts.
_FILE_MODE = 0o600
_FOLDER_MODE = 0o700

_HAS_LOCKS: bool = sys.platform != "win32"
# The suffix of a file whose writer holds a lock on it. A file without it (from an older version, or on a disk
# without locks) counts as abandoned once it is a day old.
_LOCKED = ".locked"
_UNSUPPORTED = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOLCK}
_SYNCS_AT_ONCE = 16

_settled: set[Path] = set()
"""The folders whose names this process has synced in the folders above them."""
_ours: set[str] = set()
"""The names of the unfinished files that this process is writing."""

_Item = TypeVar("_Item")


class UnfinishedFile:
    """A new file that nobody reads yet. Its process holds a lock on it while writing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        make_folders(root / UNFINISHED)
        self._path, descriptor = _create(root / UNFINISHED)
        self._file = os.fdopen(descriptor, "wb")

    def write(self, data: Any) -> None:
        """Append bytes. Raises OSError."""
        self._file.write(data)

    def sync(self) -> None:
        """Wait until all bytes are on the disk. Raises OSError."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def move(self, path: str) -> None:
        """Move the synced file to its place in the lake, over any file there. Call `sync_folders` next."""
        target = self._root / path
        make_folders(target.parent)
        if os.name == "nt":  # an open file cannot be moved there
            self._file.close()
        self._path.replace(target)
        self._close()

    def create(self, path: str) -> bool:
        """Move the synced file to its place in the lake and return True, or return False if a file is there.

        An empty file counts as absent: a power loss leaves one in place of a file that was never synced.
        """
        target = self._root / path
        make_folders(target.parent)
        while True:
            try:
                os.link(self._path, target)
            except FileExistsError:
                with _locked_if_empty(target) as empty:
                    if empty:
                        self.move(path)
                        return True
                    if target.exists():
                        return False
            else:
                return True

    def discard(self) -> None:
        """Remove the file, unless it was moved to its place."""
        with suppress(FileNotFoundError):
            self._path.unlink()
        self._close()

    def _close(self) -> None:
        _ours.discard(self._path.name)
        with suppress(OSError):  # it was synced before it was moved; otherwise it is not needed
            self._file.close()


def sync_all(sync: Callable[[_Item], object], items: Iterable[_Item]) -> None:
    """Call `sync` for all items, many at a time.

    A disk syncs several files in little more than the time of one.
    """
    todo = list(items)
    if len(todo) < 2:
        for item in todo:
            sync(item)
        return
    with ThreadPoolExecutor(min(_SYNCS_AT_ONCE, len(todo))) as threads:
        for done in [threads.submit(sync, item) for item in todo]:
            done.result()


def sync_folders(root: Path, paths: Iterable[str]) -> None:
    """Wait until the names of these files of the lake, and of the folders above them, are on the disk."""
    settled: set[Path] = set()
    folders: set[Path] = set()
    for path in paths:
        folder = (root / path).parent
        folders.add(folder)
        while folder != root and folder not in _settled:
            settled.add(folder)
            folder = folder.parent
            folders.add(folder)
    sync_all(_sync_folder, folders)
    _settled.update(settled)


def make_folders(folder: Path) -> None:
    """Make the folder, and the missing folders above it."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    with suppress(FileExistsError):  # another thread was faster; if it is a file, the caller gets an error
        folder.mkdir(_FOLDER_MODE)
        _settled.discard(folder)


def make_root(root: Path) -> None:
    """Make the lake's folder, and wait until its name is on the disk."""
    above = root
    while not above.exists():
        above = above.parent
    make_folders(root)
    while root != above:
        root = root.parent
        _sync_folder(root)


def remove_abandoned(root: Path) -> None:
    """Remove unfinished files whose writers are dead, and no others."""
    try:
        entries = list(os.scandir(root / UNFINISHED))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.name in _ours:
            continue
        with suppress(FileNotFoundError):  # its writer moved it, or another process was faster
            if entry.name.endswith(_LOCKED) and _HAS_LOCKS:
                _remove_unlocked(Path(entry.path))
            elif entry.stat().st_mtime < time.time() - ABANDONED_AFTER_SECONDS:
                Path(entry.path).unlink()


def _create(folder: Path) -> tuple[Path, int]:
    while True:
        path = folder / f"{uuid4().hex}{_LOCKED if _HAS_LOCKS else ''}"
        _ours.add(path.name)
        descriptor = os.open(
            path, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0), _FILE_MODE
        )
        try:
            if not _HAS_LOCKS or (_lock(descriptor) and path.exists()):
                return path, descriptor
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            unlocked = path.with_suffix("")
            path.replace(unlocked)
            return unlocked, descriptor
        # Another process took it for abandoned, just before it was locked.
        _ours.discard(path.name)
        os.close(descriptor)


def _remove_unlocked(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        if _lock(descriptor):
            path.unlink()
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock the file, and return whether that worked: False if another process has locked it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _locked_if_empty(path: Path) -> Iterator[bool]:
    """Yield whether the file is empty. If so, no other process replaces it until the block ends."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield False
        return
    try:
        there = os.fstat(descriptor)
        if empty := there.st_size == 0:
            if _HAS_LOCKS:
                with _where_supported():
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
            # The previous holder of the lock may have replaced it.
            empty = path.exists() and os.path.samestat(there, path.stat())
        yield empty
    finally:
        os.close(descriptor)


@contextmanager
def _where_supported() -> Iterator[None]:
    """Ignore an operation that the disk does not support."""
    try:
        yield
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with _where_supported():
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
