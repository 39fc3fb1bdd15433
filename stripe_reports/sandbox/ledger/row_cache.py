"""Things made with some effort, kept up to a number of rows."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")


class RowCache(Generic[_K, _V]):
    """Forgets what was not used for longest once all of it together has more than `rows` rows."""

    def __init__(self, rows: int) -> None:
        self._most = rows
        self._rows = 0
        self._entries: OrderedDict[_K, tuple[_V, int]] = OrderedDict()

    def get(self, key: _K) -> _V | None:
        """What was put there, if it is still kept."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def clear(self) -> None:
        """Forget all of it."""
        self._entries.clear()
        self._rows = 0

    def put(self, key: _K, value: _V, rows: int) -> None:
        """Keep it; it counts as one row more than it has, so that empty ones count too."""
        if key in self._entries:
            self._rows -= self._entries.pop(key)[1]
        self._entries[key] = value, rows + 1
        self._rows += rows + 1
        while self._rows > self._most and len(self._entries) > 1:
            _, (_, freed) = self._entries.popitem(last=False)
            self._rows -= freed
