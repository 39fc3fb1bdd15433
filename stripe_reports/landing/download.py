"""Downloads that break are repeated, a bounded number of times."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import stamina

from stripe_reports.errors import DownloadError
from stripe_reports.stripe_api import ResultFile, StripeApi, open_result

_ATTEMPTS = 6
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds; a file can be some moments late behind its run

_T = TypeVar("_T")


def repeat_downloads(use: Callable[[], _T]) -> _T:
    """What `use` returns; it is called again, after a pause, when it raises DownloadError."""

    def pause(error: Exception) -> bool | float:
        return isinstance(error, DownloadError) and (error.retry_after or True)

    for attempt in stamina.retry_context(
        on=pause, attempts=_ATTEMPTS, timeout=None, wait_initial=_FIRST_PAUSE, wait_max=_LONGEST_PAUSE
    ):
        with attempt:
            return use()
    raise AssertionError("unreachable: the loop returns or raises")


def download(api: StripeApi, result: ResultFile) -> bytes:
    """A small result as a whole. Raises DownloadError if it is not as long as Stripe says."""

    def whole() -> bytes:
        with open_result(api, result) as chunks:
            data = b"".join(chunks)
        if len(data) != result.size:
            raise DownloadError(f"{len(data)} of {result.size} bytes of {result.id} came")
        return data

    return repeat_downloads(whole)
