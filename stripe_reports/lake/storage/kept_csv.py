"""The CSVs that a lake keeps as they came, so that its tables can be proven against them."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pyarrow as pa

from stripe_reports.errors import CsvNotKeptError, LakeError
from stripe_reports.lake.storage.object_files import open_store_files, read_errors
from stripe_reports.lake.storage.store import Store
from stripe_reports.lake.storage.whole_object import ObjectSink, whole_object

Through = Callable[[Iterable[bytes]], Iterator[bytes]]
"""A function that passes chunks on, and keeps them."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LEVEL = 1
_FRAME_BYTES = 1 << 20
_FRAMES_IN_FLIGHT = 3
_REQUEST_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 18


def csv_path(sha256: str) -> str:
    """Return the path of the CSV with this digest, relative to the lake's root.

    Raises LakeError if it is not a digest.
    """
    if not _SHA256.fullmatch(sha256):
        raise LakeError(
            f"{sha256[:80]!r} is not the SHA-256 of a CSV; use a csv_sha256 from the provenance of a day"
        )
    return f"_csv/{sha256}.csv.zst"


@contextmanager
def keep_csv(store: Store, root: str, sha256: Callable[[], str]) -> Iterator[Through]:
    """Yield a function that passes chunks on and keeps them. Another thread compresses them.

    The file gets its place when the block ends, under the digest that `sha256` returns then; if the block
    ends by an exception, nothing is kept. The file is a row of zstd frames, which every zstd reader takes for
    one stream.
    """
    where = f"{root}/_csv"
    with whole_object(store, where, lambda: csv_path(sha256())) as sink:
        frames = _Frames(sink)
        try:
            yield frames.through
            frames.finish()
        finally:
            frames.abandon()


@contextmanager
def keep_nothing(sha256: Callable[[], str]) -> Iterator[Through]:  # noqa: ARG001
    """Yield a function that passes chunks on, for a lake that keeps no CSVs."""
    yield iter


def read_kept_csv(store: Store, root: str, sha256: str) -> Iterator[bytes]:
    """Yield the bytes of a CSV as they came, in chunks of at most 256 KiB.

    Raises CsvNotKeptError if it is not there, and LakeError if it is damaged.
    """
    path = csv_path(sha256)
    try:
        with (
            read_errors(f"{root}/{path}"),
            open_store_files(store, root).open_input_stream(path, compression=None) as file,
            pa.CompressedInputStream(pa.BufferedInputStream(file, _REQUEST_BYTES), "zstd") as stream,
        ):
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk
    except LakeError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise CsvNotKeptError(
                f"{root}/{path} is not there: this CSV was not kept, or was deleted;"
                " materialize its day again with STRIPE_REPORTS_KEEP_CSV=true"
            ) from error
        raise


def is_kept(store: Store, root: str, sha256: str) -> bool:
    """Return whether the CSV with this digest is there, whole. Reads all of it."""
    digest = hashlib.sha256()
    try:
        for chunk in read_kept_csv(store, root, sha256):
            digest.update(chunk)
    except LakeError:
        return False
    return digest.hexdigest() == sha256


class _Frames:
    def __init__(self, sink: ObjectSink) -> None:
        self._sink = sink
        self._codec = pa.Codec("zstd", compression_level=_LEVEL)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="stripe-reports-keep")
        self._in_flight: deque[Future[None]] = deque()

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        pending: list[bytes] = []
        pending_bytes = 0
        for chunk in chunks:
            pending.append(chunk)
            pending_bytes += len(chunk)
            if pending_bytes >= _FRAME_BYTES:
                self._submit(pending)
                pending, pending_bytes = [], 0
            yield chunk
        if pending:
            self._submit(pending)

    def finish(self) -> None:
        while self._in_flight:
            self._in_flight.popleft().result()

    def abandon(self) -> None:
        self._thread.shutdown(cancel_futures=True)

    def _submit(self, chunks: list[bytes]) -> None:
        self._in_flight.append(self._thread.submit(self._write, chunks))
        while len(self._in_flight) > _FRAMES_IN_FLIGHT:
            self._in_flight.popleft().result()

    def _write(self, chunks: list[bytes]) -> None:
        self._sink.write(self._codec.compress(b"".join(chunks)))
