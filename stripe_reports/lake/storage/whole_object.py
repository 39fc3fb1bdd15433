"""Objects that are written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Protocol, cast
from uuid import uuid4

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import LocalStore

from stripe_reports.errors import LakeError
from stripe_reports.lake.storage.local_disk import (
    ABANDONED_AFTER_SECONDS,
    UNFINISHED,
    UnfinishedFile,
    remove_abandoned,
    sync_all,
    sync_folders,
)
from stripe_reports.lake.storage.store import Store, storage_errors

if TYPE_CHECKING:
    from obstore import UpdateVersion

# The size of a part of a multipart upload. S3 allows 10,000 parts, so a file may have 80 GB. At most
# `_PARTS_IN_FLIGHT` parts are in memory.
_PART_BYTES = 8 << 20
_PARTS_IN_FLIGHT = 2


class _File(Protocol):
    def write(self, data: Any) -> None: ...
    def sync(self) -> None: ...
    def move(self, path: str) -> None: ...
    def discard(self) -> None: ...


class Sink(Protocol):
    """The file-like object that a Parquet file is written to."""

    closed: bool

    def write(self, data: Any) -> int:
        """Take bytes, or an object with a buffer of bytes, and return how many."""

    def flush(self) -> None:
        """Do anything or nothing: no byte has to be visible afterwards."""

    def close(self) -> None:
        """Take note that the writer has written everything."""

    def discard(self) -> None:
        """Ignore whatever is written from now on."""


PathOf = str | Callable[[], str]
"""An object's path, relative to the lake's root, or a function that returns it once all bytes are written."""


@contextmanager
def whole_object(store: Store, uri: str, path: PathOf) -> Iterator[ObjectSink]:
    """Yield a sink whose bytes become the object when the block ends, or never if it ends by an exception.

    Once the block has ended, the object survives a power loss. On a disk, the bytes are written to a separate
    folder, synced and then moved, so that a killed process leaves nothing among the files that others read.
    S3 shows an object once its upload is complete. An object whose path is known only at the end is uploaded
    elsewhere and then copied.
    """
    with whole_objects(store, {uri: path}) as sinks:
        yield sinks[uri]


@contextmanager
def whole_objects(store: Store, paths: Mapping[str, PathOf]) -> Iterator[dict[str, ObjectSink]]:
    """Yield the sinks of several objects, by uri, and write them as `whole_object` does.

    On a disk, all files are synced before the first one is moved.
    """
    files: dict[str, _File] = {}
    sinks: dict[str, ObjectSink] = {}
    try:
        for uri, path in paths.items():
            with storage_errors(f"write {uri}"):
                if not files and (isinstance(store, LocalStore) or not isinstance(path, str)):
                    _remove_abandoned(store)
                files[uri] = _create(store, path)
            sinks[uri] = ObjectSink(files[uri], uri)
        yield sinks
        _commit(store, files, paths)
    except BaseException:
        for sink in sinks.values():
            sink.discard()
        for file in files.values():
            with suppress(BaseError, OSError):  # the first error is the one to raise
                file.discard()
        raise


def _commit(store: Store, files: Mapping[str, _File], paths: Mapping[str, PathOf]) -> None:
    def sync(uri: str) -> None:
        with storage_errors(f"write {uri}"):
            files[uri].sync()

    sync_all(sync, files)
    placed = []
    for uri, path in paths.items():
        with storage_errors(f"write {uri}"):
            placed.append(path if isinstance(path, str) else path())
            files[uri].move(placed[-1])
    if isinstance(store, LocalStore):
        with storage_errors(f"write {next(iter(paths))}"):
            sync_folders(_root(store), placed)


def create_object(store: Store, path: str, body: bytes) -> bool:
    """Write an object that survives a power loss and return True, or return False if it exists already.

    An object without a byte counts as absent. Raises what the store raises.
    """
    if isinstance(store, LocalStore):
        file = UnfinishedFile(_root(store))
        try:
            file.write(body)
            file.sync()
            created = file.create(path)
        finally:
            file.discard()
        sync_folders(_root(store), [path])  # even if another process is about to do so
        return created
    try:
        obstore.put(store, path, body, mode="create")
    except AlreadyExistsError:
        there = obstore.head(store, path)
        if there["size"]:
            return False
        versions = {name: there[name] for name in ("e_tag", "version") if there[name] is not None}
        try:
            obstore.put(store, path, body, mode=cast("UpdateVersion", versions))
        except PreconditionError:  # another process was faster
            return False
    return True


def try_to_write(store: Store, root: str) -> None:
    """Write an unfinished object of one byte, and remove it again. Raises LakeError if the store refuses.

    Nothing is left behind: on a disk without the folder of unfinished files, which a landing may be about to
    make, the file is in the root.
    """
    with storage_errors(f"write {root}"):
        if isinstance(store, LocalStore):
            if not (_root(store) / UNFINISHED).exists():
                with TemporaryFile(dir=_root(store)) as probe:
                    probe.write(b"\n")
                return
            file = UnfinishedFile(_root(store))
            try:
                file.write(b"\n")
                file.sync()
            finally:
                file.discard()
            return
        path = f"{UNFINISHED}/{uuid4().hex}"
        obstore.put(store, path, b"\n")
    with storage_errors(f"delete {root}/{path}"):
        obstore.delete(store, path)


def _create(store: Store, path: PathOf) -> _File:
    if isinstance(store, LocalStore):
        # obstore would keep the parts in memory and write them from other threads.
        return UnfinishedFile(_root(store))
    return _Upload(store, path)


def _root(store: LocalStore) -> Path:
    return Path(str(store.prefix))


def _remove_abandoned(store: Store) -> None:
    """Delete what killed processes left behind, and nothing that may still be written."""
    if isinstance(store, LocalStore):
        remove_abandoned(_root(store))
        return
    before = datetime.now(UTC) - timedelta(seconds=ABANDONED_AFTER_SECONDS)
    for page in obstore.list(store, f"{UNFINISHED}/"):
        for left in page:
            if left["last_modified"] < before:
                with suppress(FileNotFoundError):  # another process was faster
                    obstore.delete(store, left["path"])


class _Upload:
    """An upload to a bucket, where an object is durable as soon as it is visible."""

    def __init__(self, store: Store, path: PathOf) -> None:
        self._store = store
        self._staged = None if isinstance(path, str) else f"{UNFINISHED}/{uuid4().hex}"
        self._file = obstore.open_writer(
            store, self._staged or str(path), buffer_size=_PART_BYTES, max_concurrency=_PARTS_IN_FLIGHT
        )
        self._complete = False

    def write(self, data: Any) -> None:
        self._file.write(data)

    def sync(self) -> None:
        """Do nothing: `move` completes the upload and makes the object visible."""

    def move(self, path: str) -> None:
        self._file.close()
        self._complete = True
        if self._staged:
            obstore.rename(self._store, self._staged, path, overwrite=True)
            self._staged = None

    def discard(self) -> None:
        if not self._complete:
            aborted = LakeError("the upload is aborted")
            self._file.__exit__(LakeError, aborted, None)
        elif self._staged:
            obstore.delete(self._store, self._staged)


class ObjectSink:
    """An object that is being written. `bytes_` counts the bytes that it took."""

    def __init__(self, file: _File, uri: str) -> None:
        self.bytes_ = 0
        self.closed = False
        self._file = file
        self._uri = uri
        self._discarded = False

    def write(self, data: Any) -> int:
        """Write bytes, and return how many. Raises LakeError if the store refuses."""
        view = memoryview(data).cast("B")  # Arrow's buffers have signed bytes
        if not self._discarded:
            with storage_errors(f"write {self._uri}"):
                self._file.write(view)
            self.bytes_ += len(view)
        return len(view)

    def flush(self) -> None:
        """Do nothing: a part is sent when it is full."""

    def close(self) -> None:
        """Do nothing: `whole_object` decides what becomes of the bytes."""

    def discard(self) -> None:
        """Ignore whatever is written from now on."""
        self._discarded = True
