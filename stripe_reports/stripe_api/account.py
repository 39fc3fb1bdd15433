"""The account behind a key: who it is, and which report types it offers."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cached_property
from threading import Lock

from stripe_reports.errors import StripeRequestError
from stripe_reports.stripe_api.api import StripeApi, is_unknown, is_withheld
from stripe_reports.stripe_api.report_type import (
    OfferedReportType,
    list_report_types,
    retrieve_report_type,
)

_LIST_MAX_AGE = 60.0


class Account:
    """What Stripe says of the account, asked for where it is needed and then kept: its id for good, the list
    of its report types for `max_age` seconds, because new data show there."""

    def __init__(
        self,
        api: StripeApi,
        *,
        max_age: float = _LIST_MAX_AGE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.api = api
        self.rejected_columns: defaultdict[str, set[str]] = defaultdict(set)
        """By report type, what was asked for once and refused, so that it is not asked for again."""
        self._max_age = max_age
        self._clock = clock
        self._listed: Mapping[str, OfferedReportType] = {}
        self._listed_until = float("-inf")
        self._listing = Lock()

    @cached_property
    def id(self) -> str | None:
        """`acct_…`; None where the key may not read it (restricted keys)."""
        if self.api.stripe_account:
            return self.api.stripe_account
        try:
            return str(self.api.call(lambda client: client.v1.accounts.retrieve_current()).id)
        except StripeRequestError as error:
            if is_withheld(error):
                return None
            raise

    def report_types(self) -> Mapping[str, OfferedReportType]:
        """All report types that the account offers, by id."""
        with self._listing:
            if self._clock() >= self._listed_until:
                self._listed = list_report_types(self.api)
                self._listed_until = self._clock() + self._max_age
            return self._listed

    def report_type(self, id_: str) -> OfferedReportType:
        """One of them. Raises StripeRequestError, with Stripe's words, where the account does not have it."""
        if listed := self.report_types().get(id_):
            return listed
        try:
            return retrieve_report_type(self.api, id_)
        except StripeRequestError as error:
            if not is_unknown(error):
                raise
            raise StripeRequestError(
                "this account does not offer it, and other reports land without it; leave it out of select"
                f" (STRIPE_REPORTS_SELECT); {error.what}"
            ) from error.__cause__
