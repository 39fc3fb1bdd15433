"""Where report runs are built: a few at a time, the others wait in line."""

from __future__ import annotations

import heapq


class BuildSlots:
    """So many runs are built at once, each for so many seconds, first come, first served.

    When a run will begin is thus known as soon as it comes, and nobody has to watch the line. For one
    thread at a time, with instants that do not go back.
    """

    def __init__(self, count: int | None, seconds: float) -> None:
        """None are as many places as there are runs."""
        self._count = count
        self._seconds = seconds
        self._free_from: list[float] = []

    def take(self, now: float) -> float:
        """The instant from which a run that comes now has a place."""
        if self._count is None:
            return now
        begins = now
        if len(self._free_from) == self._count:
            begins = max(now, heapq.heappop(self._free_from))
        heapq.heappush(self._free_from, begins + self._seconds)
        return begins
