"""Where a lake is kept: a local directory or a bucket, through one interface."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import LocalStore, S3Store

from stripe_reports.errors import ConfigurationError, LakeError
from stripe_reports.lake.local_disk import (
    ABANDONED_AFTER_SECONDS,
    UNFINISHED,
    UnfinishedFile,
    make_root,
    remove_abandoned,
    sync_all,
    sync_folders,
)

if TYPE_CHECKING:
    from obstore import UpdateVersion
    from obstore.store import ClientConfig, S3Config

Store = LocalStore | S3Store

# The parts of a multipart upload; S3 allows 10,000, so a file may have 80 GB. At most `_PARTS_IN_FLIGHT` are
# in memory.
_PART_BYTES = 8 << 20
_PARTS_IN_FLIGHT = 2


class _File(Protocol):
    def write(self, data: Any) -> None: ...
    def sync(self) -> None: ...
    def move(self, path: str) -> None: ...
    def discard(self) -> None: ...


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
        make_root(path)
        return LocalStore(path, mkdir=True), str(path)


def _s3_store(
    bucket: str, prefix: str, session: Any, endpoint_url: str | None, region: str | None
) -> tuple[Store, str]:
    if not bucket:
        raise ConfigurationError("the lake's uri names no bucket; use s3://bucket/prefix")
    config: S3Config = {}
    if endpoint_url := endpoint_url or (session and _endpoint_of(session)):
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


def _endpoint_of(session: Any) -> str | None:
    """What a boto3 session says of S3's address: AWS' variables, then its profile, by service or for all."""
    from botocore.configprovider import ConfiguredEndpointProvider  # of boto3, which a session implies
    from botocore.exceptions import BotoCoreError

    core = getattr(session, "_session", None)
    if core is None:  # something like a session, that only has credentials
        return None
    try:
        if core.get_config_variable("ignore_configured_endpoint_urls"):
            return None
        provider = ConfiguredEndpointProvider(core.full_config, core.get_scoped_config(), "s3")
        endpoint: str | None = provider.provide()
    except BotoCoreError as error:
        raise ConfigurationError(f"AWS' configuration cannot be used: {error}") from None
    return endpoint


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


PathOf = str | Callable[[], str]
"""Where an object belongs, relative to the lake's root; or what says so once all of its bytes are written."""


@contextmanager
def whole_object(store: Store, uri: str, path: PathOf) -> Iterator[ObjectSink]:
    """A sink whose bytes become the object at the end of the block, or never if it ends by an exception.

    Once the block has ended, the object survives a power loss. On a disk the bytes are written to a folder of
    their own, synced and then moved, so that a process that is killed leaves nothing among the files that
    others read. S3 shows an object once its upload is complete; only where the path comes late is there a
    copy.
    """
    with whole_objects(store, {uri: path}) as sinks:
        yield sinks[uri]


@contextmanager
def whole_objects(store: Store, paths: Mapping[str, PathOf]) -> Iterator[dict[str, ObjectSink]]:
    """The same for several objects, by their uris. On a disk all are synced before the first is moved."""
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
            with suppress(BaseError, OSError):  # the first error is what the caller hears of
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
    """Write an object that survives a power loss and answer True; False if there is one already.

    One without a byte counts as none. Raises what the store raises.
    """
    if isinstance(store, LocalStore):
        file = UnfinishedFile(_root(store))
        try:
            file.write(body)
            file.sync()
            created = file.create(path)
        finally:
            file.discard()
        sync_folders(_root(store), [path])  # also where another process is about to do so
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
        except PreconditionError:  # somebody else was faster
            return False
    return True


def _create(store: Store, path: PathOf) -> _File:
    if isinstance(store, LocalStore):
        # Not by the store, which would keep its parts in memory and write them from other threads.
        return UnfinishedFile(_root(store))
    return _Upload(store, path)


def _root(store: LocalStore) -> Path:
    return Path(str(store.prefix))


def _remove_abandoned(store: Store) -> None:
    """Delete what killed processes have left, and nothing that a landing may still be at."""
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
    """An object on its way to a bucket, where it is durable once it shows."""

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
        """Nothing: `move` completes the upload, and shows it."""

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
