"""The slots in which report runs are built: a few at a time, while the others wait."""

from __future__ import annotations

import heapq


class BuildSlots:
    """The slots for `count` runs at once, each for some seconds, first come, first served.

    So the start of a run is known when the run is created, and no thread watches the queue. One thread at a
    time may use it, with times that never decrease.
    """

    def __init__(self, count: int | None, seconds: float) -> None:
        """Make `count` slots; None means as many as there are runs."""
        self._count = count
        self._seconds = seconds
        self._free_from: list[float] = []

    def take(self, now: float) -> float:
        """Take a slot for a new run, and return when its building starts."""
        if self._count is None:
            return now
        begins = now
        if len(self._free_from) == self._count:
            begins = max(now, heapq.heappop(self._free_from))
        heapq.heappush(self._free_from, begins + self._seconds)
        return begins
