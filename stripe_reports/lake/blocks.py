"""A stream of bytes cut into blocks of whole CSV rows, in bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stripe_reports.errors import CsvError, DownloadError

if TYPE_CHECKING:
    from hashlib import _Hash

MIB = 1 << 20
BLOCK_BYTES = 2 * MIB
"""A block is cut at the last row end that is there when so many bytes are. Larger ones are not faster."""
ROW_LIMIT_BYTES = 256 * MIB
"""The most a block may grow while no row ends: beyond that the quotes of the file cannot be right."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole rows, each with its line end, and the line (1 is the header's) on which the first one starts."""

    data: bytes
    first_line: int


@dataclass(slots=True)
class Tally:
    """What went through: `bytes_` and `sha256` of the CSV as it came, whole once the stream is at its end."""

    size: int | None = None
    bytes_: int = 0
    _hash: _Hash = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        """In hex."""
        return self._hash.hexdigest()

    def add(self, data: bytes) -> None:
        """Raises DownloadError as soon as there are more bytes than `size`."""
        self.bytes_ += len(data)
        self._hash.update(data)
        if self.size is not None and self.bytes_ > self.size:
            raise DownloadError(
                f"the file should have {self.size} bytes and at least {self.bytes_} came; nothing was landed"
            )

    def end(self) -> None:
        """Raises DownloadError if bytes are missing, CsvError if there are none at all."""
        if self.size is not None and self.bytes_ < self.size:
            raise DownloadError(
                f"the download is truncated: {self.bytes_} of {self.size} bytes came; nothing was landed"
            )
        if not self.bytes_:
            raise CsvError("the file is empty, without even a header; nothing was landed")


def cut_blocks(
    chunks: Iterable[bytes],
    tally: Tally,
    *,
    block_bytes: int = BLOCK_BYTES,
    row_limit_bytes: int = ROW_LIMIT_BYTES,
) -> Iterator[Block]:
    """Cut where a line ends and the quotes so far are even: there a row ends, whatever is in its fields.

    Where the cuts are depends on the bytes and on `block_bytes`, not on the chunks. The size is checked
    before the last block is given out: a truncated file is a DownloadError, not a CSV with an odd end.
    Raises what `chunks` raises, unchanged.
    """
    pending: list[bytes] = []
    pending_bytes = 0
    odd = False  # is the end of `pending` inside quotes?
    line = 1
    for data in _pieces(chunks, max(1, block_bytes // 4)):
        tally.add(data)
        odd ^= data.count(b'"') % 2 == 1
        pending.append(data)
        pending_bytes += len(data)
        if pending_bytes < block_bytes:
            continue
        if end := _last_row_end(data, odd):
            block = b"".join((*pending[:-1], data[:end]))
            yield Block(block, line)
            line += block.count(b"\n")
            pending = [data[end:]]
            pending_bytes = len(data) - end
        elif pending_bytes > row_limit_bytes:
            raise CsvError(
                f"no row ends within {row_limit_bytes} bytes from line {line} on: its quotes do not match,"
                " or it is no CSV; nothing was landed"
            )
    tally.end()
    if odd:
        raise CsvError(
            f"the file ends inside a quoted field that starts on line {line} or later; nothing was landed"
        )
    rest = b"".join(pending)
    if rest:
        yield Block(rest if rest.endswith(b"\n") else rest + b"\n", line)


def _pieces(chunks: Iterable[bytes], length: int) -> Iterator[bytes]:
    """The same bytes in pieces of this length, the last one shorter."""
    pending = bytearray()
    for chunk in chunks:
        start = 0
        if not pending:  # whole pieces need no copy in between
            while len(chunk) - start >= length:
                yield bytes(chunk[start : start + length])
                start += length
        pending += chunk[start:]
        while len(pending) >= length:
            yield bytes(pending[:length])
            del pending[:length]
    if pending:
        yield bytes(pending)


def _last_row_end(data: bytes, odd: bool) -> int:
    """The position behind the last newline outside quotes; 0 if there is none.

    `odd` says whether the end of `data` is inside quotes. Works from the end, one quoted field at a time.
    """
    end = len(data)
    while True:
        if not odd:
            newline = data.rfind(b"\n", 0, end)
            if newline < 0:
                return 0
            if data.count(b'"', newline, end) % 2 == 0:
                return newline + 1
            end = newline
        quote = data.rfind(b'"', 0, end)
        if quote < 0:
            return 0
        end, odd = quote, False
