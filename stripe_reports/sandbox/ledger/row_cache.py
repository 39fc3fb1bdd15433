"""A cache of values that are expensive to make, bounded by a number of rows."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")


class RowCache(Generic[_K, _V]):
    """A cache that drops the least recently used values when they have more than `rows` rows in all."""

    def __init__(self, rows: int) -> None:
        self._most = rows
        self._rows = 0
        self._entries: OrderedDict[_K, tuple[_V, int]] = OrderedDict()

    def get(self, key: _K) -> _V | None:
        """Return the value of the key, if it is still in the cache."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def clear(self) -> None:
        """Drop all values."""
        self._entries.clear()
        self._rows = 0

    def put(self, key: _K, value: _V, rows: int) -> None:
        """Add a value; it counts as one row more than it has, so that empty values count too."""
        if key in self._entries:
            self._rows -= self._entries.pop(key)[1]
        self._entries[key] = value, rows + 1
        self._rows += rows + 1
        while self._rows > self._most and len(self._entries) > 1:
            _, (_, freed) = self._entries.popitem(last=False)
            self._rows -= freed
