"""A secret key: its mode and kind, and how it stays out of messages."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache
from typing import Literal

_PREFIX = re.compile(r"([sr])k_(live|test)_")
_SHORTEST_SECRET = 8
"""The least characters that a secret has; fewer occur in any text by chance."""

Mode = Literal["live", "test"]
Kind = Literal["secret", "restricted"]


def mode_of(key: str) -> Mode | None:
    """Return the mode in the key's prefix; None for a prefix that Stripe does not document."""
    found = _PREFIX.match(key)
    return ("live" if found[2] == "live" else "test") if found else None


def kind_of(key: str) -> Kind | None:
    """Return the kind of key that the prefix states; None for a prefix that Stripe does not document."""
    found = _PREFIX.match(key)
    return ("secret" if found[1] == "s" else "restricted") if found else None


def redact(text: str, key: str) -> str:
    """Remove the key from the text: plain, quoted for a URL, escaped for JSON, or in base64 as in HTTP Basic.

    Only the key's public prefix stays, such as `sk_test_…`.
    """
    if not key:
        return text
    prefix = found[0] if (found := _PREFIX.match(key)) else ""
    return _plain(key).sub(f"{prefix}…", _encoded(key).sub("…", text))


@lru_cache(maxsize=64)
def _plain(key: str) -> re.Pattern[str]:
    found = _PREFIX.match(key)
    secret = key[found.end() :] if found else key
    start = f"(?:{_each(found[0])})?" if found else ""
    if len(secret) < _SHORTEST_SECRET:
        return re.compile(_each(key))
    return re.compile(start + _each(secret), re.IGNORECASE)


def _each(text: str) -> str:
    """Return a pattern of these characters, each as itself, as `%5f` or as `\\u005f`."""
    return "".join(rf"(?:{re.escape(c)}|%{ord(c):02x}|\\u{ord(c):04x})" for c in text)


@lru_cache(maxsize=64)
def _encoded(key: str) -> re.Pattern[str]:
    """Return a pattern of the base64 of any text that contains the secret.

    It matches the digits that depend on the secret alone, at each of three offsets, and the digits around
    them that hold some of its bits.
    """
    found = _PREFIX.match(key)
    secret = (key[found.end() :] if found else key).encode()
    if len(secret) < _SHORTEST_SECRET:
        secret = key.encode()
    forms = []
    for offset in range(3):
        digits = b64encode(bytes(offset) + secret).decode().rstrip("=")
        first = -(-offset * 8 // 6)
        last = (offset + len(secret)) * 8 // 6
        forms.append("".join("[+-]" if c == "+" else "[/_]" if c == "/" else c for c in digits[first:last]))
    return re.compile(rf"[A-Za-z0-9+/_-]?(?:{'|'.join(forms)})[A-Za-z0-9+/_-]*=*")
