"""The CSVs as they came, kept beside the tables: what a table can be proven against."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pyarrow as pa

from stripe_reports.errors import LakeError
from stripe_reports.lake.store import ObjectSink, Store, whole_object
from stripe_reports.lake.tally import Tally

Through = Callable[[Iterable[bytes]], Iterator[bytes]]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LEVEL = 1
_FRAME_BYTES = 1 << 20
_FRAMES_IN_FLIGHT = 3


def csv_path(sha256: str) -> str:
    """Where the CSV with this digest is kept, relative to the lake's root. Raises LakeError for what is no
    digest."""
    if not _SHA256.fullmatch(sha256):
        raise LakeError(f"{sha256[:80]!r} is no SHA-256 of a CSV; a day's provenance says its csv_sha256")
    return f"_csv/{sha256}.csv.zst"


@contextmanager
def keep_csv(store: Store, root: str, tally: Tally) -> Iterator[Through]:
    """Gives a function that passes chunks on and keeps them, compressed by another thread.

    The file has its place at the end of the block, under the digest that `tally` has then, or not at all if
    the block ends by an exception. It is a row of zstd frames, which every zstd reader takes for one stream.
    """
    where = f"{root}/_csv"
    with whole_object(store, where, lambda: csv_path(tally.sha256)) as sink:
        frames = _Frames(sink)
        try:
            yield frames.through
            frames.finish()
        finally:
            frames.abandon()


@contextmanager
def keep_nothing(tally: Tally) -> Iterator[Through]:  # noqa: ARG001
    """The same for a lake that keeps no CSVs."""
    yield iter


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
