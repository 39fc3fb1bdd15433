"""The errors of the Stripe SDK as one line each: what they mean and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import stripe

from stripe_reports.errors import DataNotAvailableError, StripeRequestError
from stripe_reports.stripe_api.http_client import UnusableAnswerError, request_id

_LONGEST_PAUSE = 120.0

_LIMITS = ("rate_limit", "lock_timeout")
_SAYS_LIMIT = re.compile(
    r"\btoo many\b.*\b(runs?|reports?|requests?|jobs?)\b"
    r"|\brate[ _-]?limit"
    r"|\bconcurren(t|cy|tly)\b"
    r"|\b(exceed|reach|hit)\w*\b.*\blimit\b",
    re.IGNORECASE | re.DOTALL,
)


def is_limit(error: stripe.StripeError) -> bool:
    """Return whether Stripe refused the request only for its rate or concurrency, whatever the status."""
    if isinstance(error, stripe.RateLimitError) or _code(error) in _LIMITS:
        return True
    # If Stripe names a parameter, the parameter is wrong: it may hold too many of something.
    is_about_a_parameter = bool(getattr(error, "param", None))
    said = error.user_message or ""
    return error.http_status in (400, 409) and not is_about_a_parameter and bool(_SAYS_LIMIT.search(said))


def is_kept(error: stripe.StripeError) -> bool:
    """Return whether Stripe would give this answer again under the same idempotency key.

    Stripe keeps the answers of endpoints, 500s included (https://docs.stripe.com/api/idempotent_requests). A
    429 is answered before the endpoint, and a conflict (409) is not kept.
    """
    if isinstance(error, UnusableAnswerError):
        return False
    status = error.http_status or 0
    return status >= 500 or (status == 400 and is_limit(error) and _code(error) not in _LIMITS)


def is_replayed(error: StripeRequestError) -> bool:
    """Return whether Stripe keeps the answer that caused this error, as in `is_kept`."""
    cause = error.__cause__
    return isinstance(cause, stripe.StripeError) and is_kept(cause)


def is_withheld(error: StripeRequestError) -> bool:
    """Return whether the key lacks the permission, or the server lacks the call."""
    return getattr(error.__cause__, "http_status", None) in (400, 403, 404, 405, 501)


def is_unknown(error: StripeRequestError) -> bool:
    """Return whether Stripe, and not a proxy, answered that the account does not have the object."""
    cause = error.__cause__
    return isinstance(cause, stripe.InvalidRequestError) and cause.http_status in (400, 404)


def unusable(what: str) -> StripeRequestError:
    """Return the temporary error of an answer that is not from Stripe, or from a Stripe with a fault."""
    return _passing(f"Stripe's answer is not as documented: {what}")


def explained(
    error: stripe.StripeError, redact: Callable[[str], str], api_base: str, attempts: int
) -> StripeRequestError | DataNotAvailableError:
    """Return the error of the SDK in one line. `attempts` is how often a limit refused the request."""
    said = redact((error.user_message or str(error)).strip())
    param = redact(found) if (found := getattr(error, "param", None)) else None
    if id_ := request_id(error.headers):
        said += f" (request {redact(id_)})"
    if is_limit(error):
        return _passing(
            f"Stripe limited the rate {attempts} times in a row: {said}; send fewer requests at once, or try"
            " again later"
        )
    match error:
        case stripe.AuthenticationError():
            return StripeRequestError(
                f"Stripe refused the key: {said}; check that STRIPE_API_KEY is complete, not rolled or"
                f" deleted, and a key of {api_base}"
            )
        case stripe.PermissionError():
            return StripeRequestError(
                f"the key lacks a permission: {said}; a restricted key needs Reporting: write, Files: read"
            )
        case UnusableAnswerError():
            return unusable(f"{said}; check which server answers at {api_base}")
        case stripe.APIConnectionError():
            return _passing(f"no answer from {api_base}: {said}; check the network and STRIPE_API_BASE")
        case stripe.InvalidRequestError() if "only available" in said and "interval" in (param or ""):
            not_there = DataNotAvailableError(said)
            not_there.comes = "available through" in said
            return not_there
        case stripe.InvalidRequestError():
            at = f" (parameter {param})" if param else ""
            refused = StripeRequestError(f"Stripe refused the request{at}: {said}")
            refused.param = param
            refused.gone = error.http_status == 404
            return refused
        case stripe.IdempotencyError():
            return StripeRequestError(f"Stripe refused the request: {said}")
        case _:
            return _passing(f"Stripe is unavailable: {said}; try again later")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the pause in seconds that a server asks for; None if it names none, or one above two minutes."""
    try:
        seconds = float(headers.get("Retry-After", ""))
    except ValueError:  # absent, or a date, which Stripe does not send
        return None
    return seconds if 0 <= seconds <= _LONGEST_PAUSE else None


def _code(error: stripe.StripeError) -> str | None:
    # Not `error.code`, which is empty for most errors of the SDK.
    return error.error.code if error.error else None


def _passing(what: str) -> StripeRequestError:
    error = StripeRequestError(what)
    error.passes = True
    return error
