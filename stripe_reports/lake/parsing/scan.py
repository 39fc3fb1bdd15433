"""The ends of fields and rows in raw bytes, and the first bytes that break the rules of CSV.

Works at the speed of memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_QUOTE, _COMMA, _NEWLINE, _RETURN = b'",\n\r'
# The bytes to look at in one go: few enough for the results to stay in the processor's cache.
_PIECE = 256 << 10
_WORD_BITS = 64
_SHIFTS = (1, 2, 4, 8, 16, 32)

_Bits = npt.NDArray[np.uint64]
"""One bit per byte. The first byte has the lowest bit of the first word."""


@dataclass(frozen=True, slots=True)
class _LastByte:
    """The kind of the byte before the next one."""

    end: bool = True
    """A comma, a newline or a quote, which a quote may follow."""
    closing: bool = False
    """A quote that ends a field, or the first of two."""
    lone_return: bool = False
    """A carriage return outside quotes."""
    row_end: bool = True
    """A newline outside quotes."""


_ROW_END = _LastByte()


@dataclass(slots=True)
class Scan:
    """The findings in the bytes so far, which start where a row starts.

    The rules are those of RFC 4180: a quote stands before and after a field, or is doubled inside such a
    field, and a carriage return outside quotes stands only before a newline.
    """

    inside: bool = False
    """Whether the bytes so far end inside a quoted field."""
    newlines: int = 0
    damage_at: int | None = None
    """The position of the first byte that breaks these rules."""
    empty_line_at: int | None = None
    """The position of the first line without any byte. It is a row only if the CSV has one column."""
    _last: _LastByte = _ROW_END

    def add(self, data: bytearray, start: int, end: int) -> None:
        """Look at `data[start:end]`, which follows the bytes of the last call."""
        whole = np.frombuffer(data, np.uint8)
        for begin in range(start, end, _PIECE):
            stop = min(begin + _PIECE, end)
            has_returns = data.find(_RETURN, begin, stop) >= 0
            self._look_at(whole[begin:stop], begin, has_returns=has_returns)

    def _look_at(self, part: npt.NDArray[np.uint8], begin: int, *, has_returns: bool) -> None:
        last = self._last
        newline = part == _NEWLINE
        self.newlines += int(np.count_nonzero(newline))
        newlines, quotes = _bits(newline), _bits(part == _QUOTE)
        outside = ~_inside(quotes, starts_inside=self.inside)
        ends = _bits(part == _COMMA) | newlines | quotes
        row_ends, closing = newlines & outside, quotes & outside
        row_starts = _next(row_ends, last.row_end)
        damage = quotes & ~outside & ~_next(ends, last.end)
        behind_field = _next(closing, last.closing) & ~ends
        empty = row_starts & row_ends
        ends_with_return = False
        if has_returns or last.lone_return:
            returns = _bits(part == _RETURN)
            lone = returns & outside
            damage |= _next(lone, last.lone_return) & ~newlines
            behind_field &= ~returns
            empty |= row_starts & lone
            ends_with_return = _has(lone, len(part) - 1)
        if self.damage_at is None:
            self.damage_at = _first(damage | behind_field, begin, len(part))
        if self.empty_line_at is None:
            self.empty_line_at = _first(empty, begin, len(part))
        ended, closed, row_ended = (_has(bits, len(part) - 1) for bits in (ends, closing, row_ends))
        self._last = _LastByte(ended, closed, ends_with_return, row_ended)
        self.inside = not _has(outside, len(part) - 1)


def _bits(flags: npt.NDArray[np.bool_]) -> _Bits:
    packed = np.packbits(flags, bitorder="little")
    if lacking := -len(packed) % (_WORD_BITS // 8):
        packed = np.append(packed, np.zeros(lacking, np.uint8))
    return packed.view("<u8")


def _inside(quotes: _Bits, *, starts_inside: bool) -> _Bits:
    """Return the bytes inside quotes. An opening quote is one of them, a closing quote is not."""
    inside = quotes.copy()
    for shift in _SHIFTS:  # each bit becomes the parity of itself and those before it in its word
        inside ^= inside << np.uint64(shift)
    parity = np.bitwise_xor.accumulate(inside >> np.uint64(_WORD_BITS - 1))
    before = np.empty_like(parity)
    before[0] = starts_inside
    before[1:] = parity[:-1] ^ np.uint64(starts_inside)
    inside ^= ~before + np.uint64(1)  # all bits of a word, or none
    return inside


def _next(bits: _Bits, before: bool) -> _Bits:
    """Return the bytes after the given ones. `before` is True if the byte before the first one is given."""
    moved = bits << np.uint64(1)
    moved[1:] |= bits[:-1] >> np.uint64(_WORD_BITS - 1)
    moved[0] |= np.uint64(before)
    return moved


def _first(bits: _Bits, begin: int, length: int) -> int | None:
    """Return `begin` plus the position of the first of these bits, or None if none is below `length`."""
    if not bits.any():
        return None
    number = int(np.flatnonzero(bits)[0])
    word = int(bits[number])
    place = number * _WORD_BITS + (word & -word).bit_length() - 1
    return begin + place if place < length else None


def _has(bits: _Bits, place: int) -> bool:
    return bool(int(bits[place // _WORD_BITS]) >> (place % _WORD_BITS) & 1)
