"""A stream of bytes cut into blocks of whole CSV rows, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stripe_reports.errors import CsvError
from stripe_reports.lake.parsing.scan import Scan

MIB = 1 << 20
BLOCK_BYTES = 2 * MIB
"""The size at which a block is cut, at its last row end. Larger blocks are not faster."""
ROW_LIMIT_BYTES = 32 * MIB
"""The size up to which a block may grow while no row ends. Stripe's longest rows have some thousand bytes."""

_NEWLINE = ord("\n")
_SPARE_BYTES = 1
"""Room for the newline of the last row, which may be missing in the CSV."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole rows with their line ends, and the line of the first one, counted from the header's line 1."""

    data: memoryview
    first_line: int
    damage: CsvError | None
    """The error in its quotes or carriage returns, with the line, or None."""
    empty_line: int | None
    """The first line without any byte, which is a row only if the CSV has one column."""
    _memory: bytearray
    _free: deque[bytearray]

    def release(self) -> None:
        """Free the memory for another block. Call it when nobody reads the data any more."""
        self._free.append(self._memory)


def cut_blocks(
    chunks: Iterable[bytes],
    *,
    first_line: int = 1,
    block_bytes: int = BLOCK_BYTES,
    row_limit_bytes: int = ROW_LIMIT_BYTES,
) -> Iterator[Block]:
    """Cut a stream into blocks, at line ends with an even number of quotes before them.

    A row ends there, whatever is in its fields. The cuts depend on the bytes and on `block_bytes`, not on the
    chunks. Raises what `chunks` raises, unchanged, and CsvError for a row that does not end.
    """
    free: deque[bytearray] = deque()  # fresh memory costs more time than the copies into it
    memory = _memory(free, block_bytes)
    filled, full, scanned, scan = 0, block_bytes, 0, Scan()
    for chunk in chunks:
        views = [memoryview(chunk)]  # the last one comes first
        while views:
            view = views.pop()
            taken = min(full - filled, len(view))
            memory[filled : filled + taken] = view[:taken]
            filled += taken
            if filled < full:
                continue
            views.append(view[taken:])
            scan.add(memory, scanned, filled)
            scanned = filled
            end = _last_row_end(memory, filled, odd=scan.inside)
            if end:
                rest = bytes(memory[end:filled])
                yield _block(memory, end, first_line, scan, free)
                first_line += scan.newlines - rest.count(b"\n")
                views.append(memoryview(rest))
                memory = _memory(free, block_bytes)
                filled, full, scanned, scan = 0, block_bytes, 0, Scan()
            elif filled >= row_limit_bytes:
                raise _damage(memory, first_line, scan) or CsvError(
                    f"the row on line {first_line} does not end within {row_limit_bytes} bytes, the longest"
                    " that a row may be: its quotes do not match, or it is not a CSV; nothing was landed"
                )
            else:
                full = min(2 * filled, row_limit_bytes)
                longer = bytearray(full + _SPARE_BYTES)
                longer[:filled] = memoryview(memory)[:filled]
                memory = longer
    scan.add(memory, scanned, filled)
    if scan.inside:
        raise _damage(memory, first_line, scan) or CsvError(
            f"the file ends inside a quoted field that starts on line {first_line} or later;"
            " nothing was landed"
        )
    if filled:
        if memory[filled - 1 : filled] != b"\n":
            memory[filled] = _NEWLINE
            filled += 1
        yield _block(memory, filled, first_line, scan, free)


def _block(memory: bytearray, end: int, first_line: int, scan: Scan, free: deque[bytearray]) -> Block:
    damage = _damage(memory, first_line, scan, end)
    empty_line = None
    if scan.empty_line_at is not None and scan.empty_line_at < end:
        empty_line = first_line + memory.count(b"\n", 0, scan.empty_line_at)
    return Block(memoryview(memory)[:end], first_line, damage, empty_line, memory, free)


def _damage(memory: bytearray, first_line: int, scan: Scan, end: int | None = None) -> CsvError | None:
    """Return the error for the first damage before `end`, or None."""
    place = scan.damage_at
    if place is None or (end is not None and place >= end):
        return None
    if memory[place - 1 : place] == b"\r":
        what = "a carriage return outside quotes is not followed by a newline"
    else:
        what = "a quote neither frames a field nor is doubled inside one"
    line = first_line + memory.count(b"\n", 0, place)
    return CsvError(f"line {line}: {what}; nothing was landed")


def _memory(free: deque[bytearray], block_bytes: int) -> bytearray:
    while free:
        memory = free.popleft()
        if len(memory) == block_bytes + _SPARE_BYTES:  # other sizes were for long rows
            return memory
    return bytearray(block_bytes + _SPARE_BYTES)


def _last_row_end(data: bytearray, end: int, *, odd: bool) -> int:
    """Return the position after the last newline outside quotes before `end`, or 0 if there is none.

    `odd` is True if `end` is inside quotes. Works from the end, one quoted field at a time.
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
