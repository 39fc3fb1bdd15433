"""What the errors of the Stripe SDK mean: one line each, with what to do."""

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
    """Whether Stripe would do it, but not at once with what else it is asked for, whatever the status."""
    if isinstance(error, stripe.RateLimitError) or _code(error) in _LIMITS:
        return True
    # A parameter that is named is what is wrong, such as too many of something in it.
    is_about_a_parameter = bool(getattr(error, "param", None))
    said = error.user_message or ""
    return error.http_status in (400, 409) and not is_about_a_parameter and bool(_SAYS_LIMIT.search(said))


def is_kept(error: stripe.StripeError) -> bool:
    """Whether Stripe would give this answer again under the same idempotency key.

    It keeps what an endpoint answered, 500s included (https://docs.stripe.com/api/idempotent_requests). A 429
    comes before the endpoint, a conflict (409) is not kept.
    """
    if isinstance(error, UnusableAnswerError):
        return False
    status = error.http_status or 0
    return status >= 500 or (status == 400 and is_limit(error) and _code(error) not in _LIMITS)


def is_replayed(error: StripeRequestError) -> bool:
    """Whether Stripe keeps the answer behind this error under the idempotency key, as `is_kept` says."""
    cause = error.__cause__
    return isinstance(cause, stripe.StripeError) and is_kept(cause)


def is_withheld(error: StripeRequestError) -> bool:
    """Whether this is the answer to a key without the right, or of a server without that call."""
    return getattr(error.__cause__, "http_status", None) in (400, 403, 404, 405, 501)


def is_unknown(error: StripeRequestError) -> bool:
    """Whether this is Stripe's answer for what the account does not have; no page of a proxy's."""
    cause = error.__cause__
    return isinstance(cause, stripe.InvalidRequestError) and cause.http_status in (400, 404)


def unusable(what: str) -> StripeRequestError:
    """Of an answer that is not Stripe's, or not a healthy Stripe's: it passes."""
    return _passing(f"Stripe's answer is not what it documents: {what}")


def explained(
    error: stripe.StripeError, redact: Callable[[str], str], api_base: str, attempts: int
) -> StripeRequestError | DataNotAvailableError:
    """What the SDK raised, in one line. `attempts` is how often a limit was met."""
    said = redact((error.user_message or str(error)).strip())
    param = redact(found) if (found := getattr(error, "param", None)) else None
    if id_ := request_id(error.headers):
        said += f" (request {redact(id_)})"
    if is_limit(error):
        return _passing(
            f"Stripe limits the rate and did so {attempts} times: {said}; ask for less at once, or later"
        )
    match error:
        case stripe.AuthenticationError():
            return StripeRequestError(
                f"Stripe refused the key: {said}; check that STRIPE_API_KEY is complete, not rolled or"
                f" deleted, and meant for {api_base}"
            )
        case stripe.PermissionError():
            return StripeRequestError(
                f"the key may not do this: {said}; a restricted key needs Reporting: write, Files: read"
            )
        case UnusableAnswerError():
            return unusable(f"{said}; check what answers at {api_base}")
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
            return _passing(f"Stripe is in trouble: {said}; try again later")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The pause in seconds that a server asks for; None if it names none, or one beyond all patience."""
    try:
        seconds = float(headers.get("Retry-After", ""))
    except ValueError:  # absent, or a date, which no server of Stripe's sends
        return None
    return seconds if 0 <= seconds <= _LONGEST_PAUSE else None


def _code(error: stripe.StripeError) -> str | None:
    # Not `error.code`, which the SDK leaves empty for most kinds of error.
    return error.error.code if error.error else None


def _passing(what: str) -> StripeRequestError:
    error = StripeRequestError(what)
    error.passes = True
    return error
