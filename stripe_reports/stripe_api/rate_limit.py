"""The rate limit of one key, shared by all threads of the process."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

_BURST_SECONDS = 0.5
"""The part of a second's calls that may start at once after a quiet time."""
_LEAST = 0.5
"""The lowest rate, in calls per second."""
_PAUSE_BETWEEN_CUTS = 1.0
"""How many seconds pass before the rate is cut again, so that answers to simultaneous calls count as one."""


class RateLimit:
    """A rate limit that adapts, starting at `most` calls per second.

    "Too fast" halves the rate at once; successful calls raise it by about one call per second each second, up
    to `most` again (additive increase, multiplicative decrease).
    """

    def __init__(
        self,
        most: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.rate = self._most = most
        self.lowest = most
        """The lowest rate since the start, in calls per second."""
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._tokens = most * _BURST_SECONDS
        self._counted_at = clock()
        self._cut_at = float("-inf")

    def allow(self, most: float) -> None:
        """Set `most` for the calls from now on."""
        with self._lock:
            if most != self._most:
                self.rate = self.lowest = self._most = most

    def wait(self) -> None:
        """Wait until the next call may start."""
        with self._lock:
            self._count()
            self._tokens -= 1
            pause = -self._tokens / self.rate if self._tokens < 0 else 0.0
        if pause:
            self._sleep(pause)

    def went_well(self) -> None:
        """Count a call whose answer was not "too fast"."""
        with self._lock:
            self._count()
            self.rate = min(self._most, self.rate + 1 / self.rate)

    def too_fast(self, retry_after: float | None = None) -> None:
        """Count a call whose answer was "too fast", and start no other for `retry_after` seconds."""
        with self._lock:
            self._count()
            if self._clock() - self._cut_at >= _PAUSE_BETWEEN_CUTS:
                self._cut_at = self._clock()
                self.rate = max(_LEAST, self.rate / 2)
                self.lowest = min(self.lowest, self.rate)
            self._tokens = min(self._tokens, 0.0, -(retry_after or 0.0) * self.rate)

    def _count(self) -> None:
        now = self._clock()
        earned = (now - self._counted_at) * self.rate
        self._tokens = min(self._tokens + earned, max(1.0, self.rate * _BURST_SECONDS))
        self._counted_at = now


_limits: dict[tuple[str, str], RateLimit] = {}
_limits_lock = Lock()


def shared_rate_limit(host: str, api_key: str, most: float) -> RateLimit:
    """Return the one limit of a key at a host in this process; the last caller decides on `most`."""
    with _limits_lock:
        limit = _limits.setdefault((host, api_key), RateLimit(most))
    limit.allow(most)
    return limit
