"""Amounts: whole minor units inside, text in major units outside."""

from __future__ import annotations

_ZERO_DECIMAL = frozenset(
    (
        "bif",
        "clp",
        "djf",
        "gnf",
        "jpy",
        "kmf",
        "krw",
        "mga",
        "pyg",
        "rwf",
        "ugx",
        "vnd",
        "vuv",
        "xaf",
        "xof",
        "xpf",
    )
)
_THREE_DECIMAL = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))

CURRENCIES = ("usd", "eur", "kwd", "jpy")
"""The settlement currencies of the account: two, three and no decimals."""


def decimals(currency: str) -> int:
    """Digits behind the point (https://docs.stripe.com/currencies#zero-decimal)."""
    if currency in _ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


def major_units(minor: int, currency: str, separator: str = ".") -> str:
    """`-123456` usd as `-1234.56`, jpy as `-123456`, kwd as `-123.456`: no thousands separator, no float."""
    scale = decimals(currency)
    if scale == 0:
        return str(minor)
    whole, rest = divmod(abs(minor), 10**scale)
    return f"{'-' if minor < 0 else ''}{whole}{separator}{rest:0{scale}d}"
