"""Calls that are repeated after pauses while their trouble is temporary."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import stamina

from stripe_reports.errors import StripeRequestError

_FIRST_PAUSE, _GROWTH, _LONGEST_PAUSE = 5.0, 3.0, 90.0  # seconds

_T = TypeVar("_T")


def until_it_passes(call: Callable[[], _T], attempts: int) -> _T:
    """Return what `call` returns, and repeat it while it raises a StripeRequestError that `passes`.

    `attempts` is the number of calls in all; five take two and a half minutes of pauses.
    """

    def passes(error: Exception) -> bool:
        return isinstance(error, StripeRequestError) and error.passes

    for attempt in stamina.retry_context(
        on=passes,
        attempts=attempts,
        timeout=None,
        wait_initial=_FIRST_PAUSE,
        wait_exp_base=_GROWTH,
        wait_max=_LONGEST_PAUSE,
        wait_jitter=0.0,
    ):
        with attempt:
            return call()
    raise AssertionError("unreachable: the loop returns or raises")
