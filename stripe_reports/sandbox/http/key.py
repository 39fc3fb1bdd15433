"""The API key: one key, as HTTP Basic user name or as bearer token."""

from __future__ import annotations

import base64
import binascii
import hmac

from stripe_reports.sandbox.http.error import Refusal

_PREFIXES = ("sk_test_", "sk_live_", "rk_test_", "rk_live_")


def check_key(authorization: str | None, key: str) -> None:
    """Raise Stripe's 401 for a missing or wrong key."""
    given = _given_key(authorization or "")
    if not given:
        raise Refusal(
            "You did not provide an API key. You need to provide your API key in the Authorization header,"
            " using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See"
            " https://stripe.com/docs/api#authentication for details, or we can help at"
            " https://support.stripe.com/.",
            status=401,
        )
    if not hmac.compare_digest(given.encode(), key.encode()):
        raise Refusal(f"Invalid API Key provided: {masked(given)}", status=401)


def masked(key: str) -> str:
    """Return what a message may show of a key: `sk_test_****rong`."""
    prefix = next((p for p in _PREFIXES if key.startswith(p)), "")
    secret = key.removeprefix(prefix)
    return f"{prefix}****{secret[-4:] if len(secret) > 4 else ''}"


def is_live(key: str) -> bool:
    """Return whether Stripe would answer with live data."""
    return key.startswith(("sk_live_", "rk_live_"))


def _given_key(authorization: str) -> str:
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""
