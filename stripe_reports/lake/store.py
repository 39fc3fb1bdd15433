"""Where a lake is kept: a local directory or a bucket, through one interface."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from stripe_reports.errors import ConfigurationError, LakeError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

Store = LocalStore | S3Store

# The parts of a multipart upload; S3 allows 10,000, so a file may have 80 GB. At most `_PARTS_IN_FLIGHT` are
# in memory.
_PART_BYTES = 8 << 20
_PARTS_IN_FLIGHT = 2

_UNFINISHED = "_unfinished"
_ABANDONED_AFTER = timedelta(days=1)


class _File(Protocol):
    def write(self, data: Any, /) -> int | None: ...
    def close(self) -> None: ...
    def __exit__(self, *error: Any) -> Any: ...


class Sink(Protocol):
    """What a Parquet file is written to."""

    closed: bool

    def write(self, data: Any) -> int:
        """Take bytes, or anything with their buffer; answer how many."""

    def flush(self) -> None:
        """Nothing has to be visible after it."""

    def close(self) -> None:
        """The writer is at its end."""

    def discard(self) -> None:
        """Ignore whatever is written from now on."""


def open_store(
    uri: str, *, s3_session: Any = None, endpoint_url: str | None = None, region: str | None = None
) -> tuple[Store, str]:
    """The store of a lake and the root that its uris begin with, without a slash at its end.

    Raises ConfigurationError for a uri that is neither a path nor `s3://bucket/prefix`.
    """
    parts = urlsplit(uri)
    if parts.scheme == "s3":
        return _s3_store(parts.netloc, parts.path.strip("/"), s3_session, endpoint_url, region)
    if parts.scheme not in ("", "file") or not uri or parts.netloc not in ("", "localhost"):
        raise ConfigurationError(
            f"{uri!r} is no place for a lake; use a path, file:///path or s3://bucket/prefix"
        )
    path = Path(unquote(parts.path) if parts.scheme else uri).expanduser().absolute()
    with storage_errors(f"use the directory {path}"):
        return LocalStore(path, mkdir=True), str(path)


def _s3_store(
    bucket: str, prefix: str, session: Any, endpoint_url: str | None, region: str | None
) -> tuple[Store, str]:
    if not bucket:
        raise ConfigurationError("the lake's uri names no bucket; use s3://bucket/prefix")
    config: S3Config = {}
    if endpoint_url:
        config["endpoint"] = endpoint_url
    if region:
        config["region"] = region
    options: ClientConfig = {"allow_http": True}  # an http endpoint is somebody's decision already
    root = f"s3://{bucket}/{prefix}".rstrip("/")
    provider = None
    if session is not None:
        from obstore.auth.boto3 import Boto3CredentialProvider  # imports boto3, which a session implies

        try:
            provider = Boto3CredentialProvider(session)
        except ValueError:
            raise ConfigurationError(f"the AWS session for {root} has no credentials") from None
    with storage_errors(f"use {root}"):
        store = S3Store(
            bucket,
            prefix=prefix or None,
            config=config,
            client_options=options,
            credential_provider=provider,
        )
    return store, root


@contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """Says in one line what a store refused: `cannot <doing>: <why>`. Raises LakeError."""
    try:
        yield
    except (BaseError, OSError, NotImplementedError) as error:
        raise LakeError(f"cannot {doing}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """The store's own words without its debugging output; of an S3 answer, its message."""
    text = str(error).partition("\n\nDebug source")[0]
    if message := re.search(r"<Code>(.*?)</Code>.*?<Message>(.*?)</Message>", text, re.DOTALL):
        return f"{message[1]}: {message[2]}"
    return text.partition("<?xml")[0]


@contextmanager
def whole_object(
    store: Store, uri: str, path: str | None = None, *, path_at_end: Callable[[], str] | None = None
) -> Iterator[ObjectSink]:
    """A sink whose bytes become the object at the end of the block, or never if it ends by an exception.

    Its path may be known only then, if it follows from the bytes. On a disk the bytes are written to a folder
    of their own and then moved, so that a process that is killed leaves nothing among the files that others
    read. S3 shows an object once its upload is complete; only where the path comes late is there a copy.
    """
    with storage_errors(f"write {uri}"):
        staged = f"{_UNFINISHED}/{uuid4().hex}" if path is None or isinstance(store, LocalStore) else None
        if staged:
            _remove_abandoned(store)
        file = _create(store, staged or str(path))
    sink = ObjectSink(file, uri)
    try:
        yield sink
    except BaseException as error:
        sink.discard()
        with suppress(BaseError, OSError):  # `error` is what the caller hears of
            file.__exit__(type(error), error, error.__traceback__)  # aborts an upload, or closes a file
            if staged and isinstance(store, LocalStore):
                _local(store, staged).unlink()
        raise
    with storage_errors(f"write {uri}"):
        file.close()
        if staged:
            _move(store, staged, path_at_end() if path_at_end else str(path))


def _create(store: Store, path: str) -> _File:
    if isinstance(store, LocalStore):
        # Not by the store, which would keep its parts in memory and write them from other threads.
        local = _local(store, path)
        local.parent.mkdir(exist_ok=True)
        return local.open("xb")
    return obstore.open_writer(store, path, buffer_size=_PART_BYTES, max_concurrency=_PARTS_IN_FLIGHT)


def _move(store: Store, staged: str, path: str) -> None:
    if isinstance(store, LocalStore):
        target = _local(store, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        _local(store, staged).replace(target)
    else:
        obstore.rename(store, staged, path, overwrite=True)


def make_durable(store: Store, path: str) -> None:
    """See to it that the object is still there when the machine loses its power now; S3 has done so."""
    if not isinstance(store, LocalStore) or os.name == "nt":  # Windows opens no folders
        return
    file = _local(store, path)
    for each in (file, file.parent, file.parent.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _local(store: LocalStore, path: str) -> Path:
    return Path(str(store.prefix), path)


def _remove_abandoned(store: Store) -> None:
    """Delete what killed processes have left, once no landing can be at it any more."""
    before = datetime.now(UTC) - _ABANDONED_AFTER
    for page in obstore.list(store, f"{_UNFINISHED}/"):
        for left in page:
            if left["last_modified"] < before:
                with suppress(FileNotFoundError):  # another process was faster
                    obstore.delete(store, left["path"])


class ObjectSink:
    """An object being written. `bytes_` counts what was taken."""

    def __init__(self, file: _File, uri: str) -> None:
        self.bytes_ = 0
        self.closed = False
        self._file = file
        self._uri = uri
        self._discarded = False

    def write(self, data: Any) -> int:
        """Raises LakeError if the store does not take it."""
        view = memoryview(data).cast("B")  # Arrow's buffers are of signed bytes
        if not self._discarded:
            with storage_errors(f"write {self._uri}"):
                self._file.write(view)
            self.bytes_ += len(view)
        return len(view)

    def flush(self) -> None:
        """Does nothing: a part is sent when it is full."""

    def close(self) -> None:
        """Does nothing: `whole_object` decides what becomes of the bytes."""

    def discard(self) -> None:
        """Ignore whatever is written from now on."""
        self._discarded = True
