"""The door to Stripe: one key, two hosts, and every refusal turned into one clear line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar
from urllib.parse import urlsplit

import stamina
import stripe

from stripe_reports import environment
from stripe_reports.errors import ConfigurationError, DataNotAvailableError, StripeRequestError
from stripe_reports.stripe_api.api_key import mode_of, redact
from stripe_reports.stripe_api.rate_limit import RateLimit, shared_rate_limit

API_BASE = "https://api.stripe.com"
FILES_BASE = "https://files.stripe.com"
CALLS_PER_SECOND = 20.0

_LONGEST_PAUSE = 120.0

_T = TypeVar("_T")


@dataclass(frozen=True)
class StripeApi:
    """What is needed to ask Stripe. Its repr does not show the key.

    Where no host is given, it is that of STRIPE_API_BASE and STRIPE_FILES_BASE, or else Stripe's own.
    `stripe_account` is sent as the header `Stripe-Account` with every call, the download included
    (https://docs.stripe.com/api/connected-accounts). `calls_per_second` is for the API host, and half of it
    for the files host, whose own limit is lower (https://docs.stripe.com/rate-limits); all who use one key in
    this process share both.
    """

    api_key: str = field(repr=False)
    api_base: str = ""
    files_base: str = ""
    stripe_account: str | None = None
    max_network_retries: int = 4
    rate_limit_attempts: int = 8
    timeout_seconds: float = 80.0
    calls_per_second: float = CALLS_PER_SECOND

    def __post_init__(self) -> None:
        if not self.api_key.strip():
            raise ConfigurationError(
                "no Stripe API key: set STRIPE_API_KEY to a secret or restricted key from "
                "https://dashboard.stripe.com/apikeys (a restricted key needs Reporting: write, Files: read)"
            )
        if any(c.isspace() for c in self.api_key) or not self.api_key.isascii():
            raise ConfigurationError("STRIPE_API_KEY holds a blank or a non-ASCII character; copy it again")
        if self.calls_per_second <= 0:
            raise ConfigurationError(f"calls_per_second is {self.calls_per_second:g}; give one above 0")
        # By `object`, because the dataclass is frozen.
        if not self.api_base:
            object.__setattr__(self, "api_base", environment.text("STRIPE_API_BASE", API_BASE))
        if not self.files_base:
            object.__setattr__(self, "files_base", environment.text("STRIPE_FILES_BASE", FILES_BASE))

    @cached_property
    def _client(self) -> stripe.StripeClient:
        return stripe.StripeClient(
            self.api_key,
            stripe_account=self.stripe_account,
            base_addresses={"api": self.api_base.rstrip("/"), "files": self.files_base.rstrip("/")},
            max_network_retries=self.max_network_retries,
            http_client=stripe.RequestsClient(timeout=self.timeout_seconds),
        )

    @cached_property
    def limit(self) -> RateLimit:
        """Of calls to the API host."""
        return shared_rate_limit(self.api_base, self.api_key, self.calls_per_second)

    @cached_property
    def files_limit(self) -> RateLimit:
        """Of calls to the files host."""
        return shared_rate_limit(f"{self.files_base} files", self.api_key, self.calls_per_second / 2)

    def call(self, request: Callable[[stripe.StripeClient], _T]) -> _T:
        """Run one request of the SDK.

        The SDK repeats what broke on the way and 5xx; "too fast" (429) is repeated here, after the pause
        that Stripe asks for, and lowers the rate of all calls. Raises StripeRequestError, or
        DataNotAvailableError where Stripe says so.
        """
        try:
            for attempt in stamina.retry_context(
                on=_pause_if_too_fast, attempts=self.rate_limit_attempts, timeout=None, wait_max=30
            ):
                with attempt:
                    return self._request(request)
        except stripe.StripeError as error:
            raise self._explain(error) from error
        raise AssertionError("unreachable: the loop returns or raises")

    def _request(self, request: Callable[[stripe.StripeClient], _T]) -> _T:
        self.limit.wait()
        try:
            answer = request(self._client)
        except stripe.RateLimitError as error:
            self.limit.too_fast(retry_after(error.headers or {}))
            raise
        self.limit.went_well()
        return answer

    @property
    def which(self) -> str:
        """Which Stripe this is, in words: `Stripe, test mode`, or `sandbox at http://127.0.0.1:8000`."""
        mode = mode_of(self.api_key)
        with_key = f"{mode} mode" if mode else "a key of unknown mode"
        if self.api_base.rstrip("/") == API_BASE:
            where = f"Stripe, {with_key}"
        elif not _is_local(self.api_base):
            where = f"another server at {_host(self.api_base)}, {with_key}"
        else:
            where = f"sandbox at {_host(self.api_base)}" + (", live mode" if mode == "live" else "")
        is_split = (self.api_base.rstrip("/") == API_BASE) != (self.files_base.rstrip("/") == FILES_BASE)
        return f"{where}; files from {_host(self.files_base)}" if is_split else where

    def redact(self, text: str) -> str:
        """The text without the key, whatever a server has put into its answer."""
        return redact(text, self.api_key)

    def _explain(self, error: stripe.StripeError) -> StripeRequestError | DataNotAvailableError:
        said = self.redact((error.user_message or str(error)).strip())
        if error.request_id:
            said += f" (request {error.request_id})"
        match error:
            case stripe.AuthenticationError():
                return StripeRequestError(
                    f"Stripe refused the key: {said}; check that STRIPE_API_KEY is complete, not rolled or"
                    f" deleted, and meant for {self.api_base}"
                )
            case stripe.PermissionError():
                return StripeRequestError(
                    f"the key may not do this: {said}; a restricted key needs Reporting: write, Files: read"
                )
            case stripe.RateLimitError():
                return _passing(
                    f"Stripe limits the rate and did so {self.rate_limit_attempts} times: {said};"
                    " ask for less at once, or later"
                )
            case stripe.APIConnectionError():
                return _passing(
                    f"no answer from {self.api_base}: {said}; check the network and STRIPE_API_BASE"
                )
            case stripe.InvalidRequestError() if "only available" in said and "interval" in str(error.param):
                not_there = DataNotAvailableError(said)
                not_there.comes = "available through" in said
                return not_there
            case stripe.InvalidRequestError():
                at = f" (parameter {error.param})" if error.param else ""
                refused = StripeRequestError(f"Stripe refused the request{at}: {said}")
                refused.param = error.param
                refused.gone = error.http_status == 404
                return refused
            case stripe.IdempotencyError():
                return StripeRequestError(f"Stripe refused the request: {said}")
            case _:
                return _passing(f"Stripe is in trouble: {said}; try again later")


def is_withheld(error: StripeRequestError) -> bool:
    """Whether this is the answer to a key without the right, or of a server without that call."""
    return getattr(error.__cause__, "http_status", None) in (400, 403, 404, 405, 501)


def is_unknown(error: StripeRequestError) -> bool:
    """Whether this is the answer for what the account does not have."""
    return getattr(error.__cause__, "http_status", None) in (400, 404)


def _is_local(base: str) -> bool:
    return urlsplit(base).hostname in ("127.0.0.1", "::1", "localhost")


def _host(base: str) -> str:
    """Without a user or password that it may hold."""
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _passing(what: str) -> StripeRequestError:
    error = StripeRequestError(what)
    error.passes = True
    return error


def _pause_if_too_fast(error: Exception) -> bool | float:
    if not isinstance(error, stripe.RateLimitError):
        return False
    return retry_after(error.headers or {}) or True


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The pause in seconds that a server asks for; None if it names none, or one beyond all patience."""
    try:
        seconds = float(headers.get("Retry-After", ""))
    except ValueError:  # absent, or a date, which no server of Stripe's sends
        return None
    return seconds if 0 <= seconds <= _LONGEST_PAUSE else None
