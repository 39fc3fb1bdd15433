"""Downloads that cannot go on where they stopped begin again, a bounded number of times."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import stamina

from stripe_reports.errors import DownloadError
from stripe_reports.stripe_api import ResultFile, StripeApi, open_result

_ATTEMPTS = 6
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds

_T = TypeVar("_T")


def repeat_downloads(use: Callable[[], _T]) -> _T:
    """What `use` returns; it is called again, after a pause, where a DownloadError says that it may help."""

    def may_help(error: Exception) -> bool:
        return isinstance(error, DownloadError) and error.worth_repeating

    for attempt in stamina.retry_context(
        on=may_help, attempts=_ATTEMPTS, timeout=None, wait_initial=_FIRST_PAUSE, wait_max=_LONGEST_PAUSE
    ):
        with attempt:
            return use()
    raise AssertionError("unreachable: the loop returns or raises")


def download(api: StripeApi, result: ResultFile) -> bytes:
    """A small result as a whole. Raises DownloadError if it does not come, or not as long as Stripe says."""

    def whole() -> bytes:
        with open_result(api, result) as chunks:
            return b"".join(chunks)

    return repeat_downloads(whole)
