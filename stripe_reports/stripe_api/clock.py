"""The local clock, compared with Stripe's."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import stripe

from stripe_reports.errors import StripeRequestError
from stripe_reports.stripe_api.api import StripeApi

_STATED_LATE = 2.0
"""How many seconds old the header may be. (Servers such as uvicorn renew it once a second.)"""


@dataclass(frozen=True, slots=True)
class ClockLead:
    """How many seconds the local clock is ahead of Stripe's: `least` to `most`; negative if it is behind.

    A server states whole seconds and may state each for a second too long; the time of its answer is known as
    exactly as the call was short.
    """

    least: float
    most: float

    @property
    def seconds(self) -> float:
        """The seconds that are certain: 0 if the clocks may agree."""
        if self.least <= 0 <= self.most:
            return 0.0
        return self.least if self.least > 0 else self.most


def clock_lead(api: StripeApi, *, clock: Callable[[], float] = time.time) -> ClockLead | None:
    """Compare the clocks by the HTTP header `Date` of one call; None if the answer has none.

    A refusal has the header as well. Raises StripeRequestError if no answer comes.
    """
    before = clock()
    try:
        answer = api.call(lambda client: client.v1.reporting.report_runs.list({"limit": 1}))
        headers: Mapping[str, str] = answer.last_response.headers if answer.last_response else {}
    except StripeRequestError as error:
        cause = error.__cause__
        headers = (cause.headers if isinstance(cause, stripe.StripeError) else None) or {}
        if "Date" not in headers:
            raise
    after = clock()
    try:
        stated = parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return None
    return ClockLead(before - stated - _STATED_LATE, after - stated)
