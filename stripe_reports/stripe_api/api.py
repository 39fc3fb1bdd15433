"""The client of Stripe's API: one key, two hosts, and one clear line for every refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

import stamina
import stripe

from stripe_reports import environment
from stripe_reports.errors import ConfigurationError
from stripe_reports.stripe_api.api_key import mode_of, redact
from stripe_reports.stripe_api.http_client import HttpClient
from stripe_reports.stripe_api.rate_limit import RateLimit, shared_rate_limit
from stripe_reports.stripe_api.refusal import explained, is_limit, retry_after, unusable

API_BASE = "https://api.stripe.com"
FILES_BASE = "https://files.stripe.com"
CALLS_PER_SECOND = 20.0

_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What reading an answer raises if the answer has the wrong shape."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class StripeApi:
    """The settings and the client for requests to Stripe. Its repr does not show the key.

    The hosts default to STRIPE_API_BASE and STRIPE_FILES_BASE, then to Stripe's own. `stripe_account` is sent
    as the header `Stripe-Account` with every call, downloads included
    (https://docs.stripe.com/api/connected-accounts). `calls_per_second` limits calls to the API host, and
    half of it calls to the files host, whose own limit is lower (https://docs.stripe.com/rate-limits); all
    users of one key in this process share both limits. `trouble_attempts` is how many attempts a call gets
    that no other code repeats; five attempts take two and a half minutes of pauses.
    """

    api_key: str = field(repr=False)
    api_base: str = ""
    files_base: str = ""
    stripe_account: str | None = None
    max_network_retries: int = 4
    rate_limit_attempts: int = 8
    trouble_attempts: int = 5
    timeout_seconds: float = 80.0
    calls_per_second: float = CALLS_PER_SECOND

    def __post_init__(self) -> None:
        if not self.api_key.strip():
            raise ConfigurationError(
                "no Stripe API key: set STRIPE_API_KEY to a secret or restricted key from "
                "https://dashboard.stripe.com/apikeys (a restricted key needs Reporting: write, Files: read)"
            )
        if any(c.isspace() for c in self.api_key) or not self.api_key.isascii():
            raise ConfigurationError("STRIPE_API_KEY has a blank or a non-ASCII character; copy it again")
        if self.calls_per_second <= 0:
            raise ConfigurationError(f"calls_per_second is {self.calls_per_second:g}; give one above 0")
        # `object.__setattr__`, because the dataclass is frozen.
        if not self.api_base:
            object.__setattr__(self, "api_base", environment.api_base(API_BASE))
        if not self.files_base:
            object.__setattr__(self, "files_base", environment.files_base(FILES_BASE))

    @cached_property
    def _client(self) -> stripe.StripeClient:
        return stripe.StripeClient(
            self.api_key,
            stripe_account=self.stripe_account,
            base_addresses={"api": self.api_base.rstrip("/"), "files": self.files_base.rstrip("/")},
            max_network_retries=self.max_network_retries,
            http_client=HttpClient(self.timeout_seconds, self.redact),
        )

    @cached_property
    def limit(self) -> RateLimit:
        """The rate limit of calls to the API host."""
        return shared_rate_limit(self.api_base, self.api_key, self.calls_per_second)

    @cached_property
    def files_limit(self) -> RateLimit:
        """The rate limit of calls to the files host."""
        return shared_rate_limit(f"{self.files_base} files", self.api_key, self.calls_per_second / 2)

    def ask(self, request: Callable[[stripe.StripeClient], Any], read: Callable[[dict[str, Any]], _T]) -> _T:
        """Make one request of the SDK, and return what `read` makes of the answer.

        `read` raises ValueError for an answer that is not as documented. It becomes a StripeRequestError that
        `passes`, because such an answer is usually not from Stripe. Raises as `call` does.
        """
        answer = self.call(request)
        try:
            return read(answer.to_dict())
        except _UNREADABLE as error:
            what = str(error) if type(error) is ValueError else f"it cannot be read ({type(error).__name__})"
            raise unusable(f"{self.redact(what)}; check which server answers at {self.api_base}") from error

    def call(self, request: Callable[[stripe.StripeClient], _T]) -> _T:
        """Make one request of the SDK, and return the answer.

        The SDK repeats requests after network errors and 5xx. After a limit, such as "too fast" (429), this
        method repeats the request when the pause that Stripe asks for is over, and lowers the rate of all
        calls. Raises StripeRequestError, or DataNotAvailableError if that is Stripe's reason.
        """
        try:
            for attempt in stamina.retry_context(
                on=_pause_at_limit, attempts=self.rate_limit_attempts, timeout=None, wait_max=30
            ):
                with attempt:
                    return self._request(request)
        except stripe.StripeError as error:
            raise explained(error, self.redact, self.api_base, self.rate_limit_attempts) from error
        except _UNREADABLE as error:
            raise unusable(f"the Stripe SDK cannot read it ({type(error).__name__})") from error
        raise AssertionError("unreachable: the loop returns or raises")

    def _request(self, request: Callable[[stripe.StripeClient], _T]) -> _T:
        self.limit.wait()
        try:
            answer = request(self._client)
        except stripe.StripeError as error:
            if is_limit(error):
                self.limit.too_fast(retry_after(error.headers or {}))
            raise
        self.limit.went_well()
        return answer

    @property
    def which(self) -> str:
        """The Stripe that is used, in words: `Stripe, test mode`, or `sandbox at http://127.0.0.1:8000`."""
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

    @property
    def files_host(self) -> str:
        """The address of the files host, without a user or password."""
        return _host(self.files_base)

    def redact(self, text: str) -> str:
        """Return the text without the key, even if a server has repeated the key in its answer."""
        return redact(text, self.api_key)


def _is_local(base: str) -> bool:
    return urlsplit(base).hostname in ("127.0.0.1", "::1", "localhost")


def _host(base: str) -> str:
    """Return the scheme and host of an address, without a user or password."""
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _pause_at_limit(error: Exception) -> bool | float:
    if not isinstance(error, stripe.StripeError) or not is_limit(error):
        return False
    return retry_after(error.headers or {}) or True
