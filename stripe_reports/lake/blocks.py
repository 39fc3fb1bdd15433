"""A stream of bytes cut into blocks of whole CSV rows, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stripe_reports.errors import CsvError
from stripe_reports.lake.scan import Scan

MIB = 1 << 20
BLOCK_BYTES = 2 * MIB
"""A block is cut at the last row end that is there when so many bytes are. Larger ones are not faster."""
ROW_LIMIT_BYTES = 256 * MIB
"""The most a block may grow while no row ends: beyond that the quotes of the file cannot be right."""

_SPARE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Block:
    """Whole rows, each with its line end, and the line (1 is the header's) on which the first one starts."""

    data: memoryview
    first_line: int
    may_have_stray_quote: bool
    """As `Scan.stray_quote` says."""
    _memory: bytearray
    _free: deque[bytearray]

    def contains(self, byte: bytes) -> bool:
        """Whether this byte is in the data."""
        return self._memory.find(byte, 0, len(self.data)) >= 0

    def ending_with(self, row: bytes) -> memoryview:
        """The data and one more row behind it: without a copy, and valid until the next such call."""
        end = len(self.data) + len(row)
        if end > len(self._memory):
            return memoryview(bytes(self.data) + row)
        self._memory[len(self.data) : end] = row
        return memoryview(self._memory)[:end]

    def release(self) -> None:
        """Nobody reads the data any more: its memory may be used for another block."""
        self._free.append(self._memory)


def cut_blocks(
    chunks: Iterable[bytes],
    *,
    first_line: int = 1,
    block_bytes: int = BLOCK_BYTES,
    row_limit_bytes: int = ROW_LIMIT_BYTES,
) -> Iterator[Block]:
    """Cut where a line ends and the quotes so far are even: there a row ends, whatever is in its fields.

    Where the cuts are depends on the bytes and on `block_bytes`, not on the chunks. Raises what `chunks`
    raises, unchanged, and CsvError where the quotes of the file cannot be right.
    """
    free: deque[bytearray] = deque()  # fresh memory costs more than what is copied into it
    memory = _memory(free, block_bytes)
    filled, full, scan = 0, block_bytes, Scan()
    for chunk in chunks:
        views = [memoryview(chunk)]  # the last one comes first
        while views:
            view = views.pop()
            taken = min(full - filled, len(view))
            memory[filled : filled + taken] = view[:taken]
            scan.add(memory, filled, filled + taken)
            filled += taken
            if filled < full:
                continue
            views.append(view[taken:])
            end = _last_row_end(memory, filled, odd=scan.quotes % 2 == 1)
            if end:
                rest = bytes(memory[end:filled])
                yield Block(memoryview(memory)[:end], first_line, scan.stray_quote, memory, free)
                first_line += scan.newlines - rest.count(b"\n")
                views.append(memoryview(rest))
                memory = _memory(free, block_bytes)
                filled, full, scan = 0, block_bytes, Scan()
            elif filled > row_limit_bytes:
                raise CsvError(
                    f"no row ends within {row_limit_bytes} bytes from line {first_line} on: its quotes do not"
                    " match, or it is no CSV; nothing was landed"
                )
            else:
                memory = memory[:filled] + bytearray(filled + _SPARE_BYTES)
                full = 2 * filled
    if scan.quotes % 2:
        raise CsvError(
            f"the file ends inside a quoted field that starts on line {first_line} or later;"
            " nothing was landed"
        )
    if filled:
        if memory[filled - 1 : filled] != b"\n":
            memory[filled : filled + 1] = b"\n"
            filled += 1
        yield Block(memoryview(memory)[:filled], first_line, scan.stray_quote, memory, free)


def _memory(free: deque[bytearray], block_bytes: int) -> bytearray:
    while free:
        memory = free.popleft()
        if len(memory) == block_bytes + _SPARE_BYTES:  # others were for long rows
            return memory
    return bytearray(block_bytes + _SPARE_BYTES)


def _last_row_end(data: bytearray, end: int, *, odd: bool) -> int:
    """The position behind the last newline outside quotes before `end`; 0 if there is none.

    `odd` says whether `end` is inside quotes. Works from the end, one quoted field at a time.
    """
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
