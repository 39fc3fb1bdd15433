"""What is in raw bytes: quotes, line ends, quotes where none may be. At the speed of memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_QUOTE, _COMMA, _NEWLINE = b'",\n'
_CACHED = 64 << 10
"""So much is looked at in one go that what is found still lies in the processor's cache."""


@dataclass(slots=True)
class Scan:
    """What was found so far."""

    quotes: int = 0
    newlines: int = 0
    stray_quote: bool = False
    """Whether some quote touches no comma, newline or other quote.

    That one would lie inside a field without being doubled, as RFC 4180 demands. A carriage return counts as
    any other character here; where lines end with one, look more closely.
    """

    def add(self, data: memoryview | bytearray, start: int, end: int) -> None:
        """Look at `data[start:end]`; what is before `start` has been looked at."""
        whole = np.frombuffer(data, np.uint8)
        for begin in range(start, end, _CACHED):
            stop = min(begin + _CACHED, end)
            before = min(begin, 2)  # the last character's neighbour was not there yet
            part = whole[begin - before : stop]
            quote, edge = part == _QUOTE, part == _NEWLINE
            self.quotes += int(np.count_nonzero(quote[before:]))
            self.newlines += int(np.count_nonzero(edge[before:]))
            edge |= part == _COMMA
            edge |= quote
            # For booleans, `greater` is "and not".
            self.stray_quote |= bool(np.greater(quote[1:-1], edge[:-2] | edge[2:]).any())
