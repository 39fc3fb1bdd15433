"""The account of an API key: its id and the report types that it offers."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from copy import copy
from functools import cached_property
from threading import Lock
from typing import Any

import stripe

from stripe_reports.errors import StripeRequestError
from stripe_reports.stripe_api.api import StripeApi
from stripe_reports.stripe_api.fields import demand_object, word
from stripe_reports.stripe_api.refusal import is_unknown, is_withheld
from stripe_reports.stripe_api.repeat import until_it_passes
from stripe_reports.stripe_api.report_type import (
    OfferedReportType,
    list_report_types,
    retrieve_report_type,
)

_LIST_MAX_AGE = 60.0


class Account:
    """The account at Stripe; what Stripe says about it is requested when it is needed, and then cached.

    The id is cached forever, the list of report types for `max_age` seconds, because it shows new data.
    """

    def __init__(
        self,
        api: StripeApi,
        *,
        max_age: float = _LIST_MAX_AGE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.api = api
        self.rejected_columns: defaultdict[str, set[str]] = defaultdict(set)
        """By report type, the columns that Stripe has refused, so that they are not requested again."""
        self._max_age = max_age
        self._clock = clock
        self._listed: Mapping[str, OfferedReportType] = {}
        self._listed_until = float("-inf")
        self._trouble: StripeRequestError | None = None
        self._listing = Lock()

    @cached_property
    def id(self) -> str | None:
        """The account's id, `acct_…`; None if the key may not read it (restricted keys)."""
        if self.api.stripe_account:
            return self.api.stripe_account
        return until_it_passes(self._ask_for_id, self.api.trouble_attempts)

    def _ask_for_id(self) -> str | None:
        try:
            return self.api.ask(lambda client: client.v1.accounts.retrieve_current(), _id)
        except StripeRequestError as error:
            if is_withheld(error):
                return None
            raise

    def report_types(self) -> Mapping[str, OfferedReportType]:
        """Return all report types that the account offers, by id.

        An error that outlasts all attempts is raised again for every caller within `max_age`, so that they do
        not all wait for it.
        """
        with self._listing:
            if self._clock() >= self._listed_until:
                self._trouble = None
                try:
                    self._listed = until_it_passes(
                        lambda: list_report_types(self.api), self.api.trouble_attempts
                    )
                except StripeRequestError as error:
                    self._trouble = error
                self._listed_until = self._clock() + self._max_age
            if self._trouble:
                # A copy for each caller, because each adds where it happened.
                raise copy(self._trouble) from self._trouble.__cause__
            return self._listed

    def report_type(self, id_: str) -> OfferedReportType:
        """Return one report type. Raises StripeRequestError with Stripe's words if the account lacks it."""
        try:
            if listed := self.report_types().get(id_):
                return listed
        except StripeRequestError as error:
            if isinstance(error.__cause__, stripe.StripeError):
                raise
            # One damaged entry must not cost the others: request this report type alone.
        try:
            return until_it_passes(lambda: retrieve_report_type(self.api, id_), self.api.trouble_attempts)
        except StripeRequestError as error:
            if not is_unknown(error):
                raise
            raise StripeRequestError(
                "this account does not offer this report type; the others still land. Remove it from select"
                f" (STRIPE_REPORTS_SELECT); {error.what}"
            ) from error.__cause__


def _id(obj: Mapping[str, Any]) -> str:
    demand_object(obj, "account", "an account")
    return word(obj, "id")
