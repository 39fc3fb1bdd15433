"""Amounts: whole minor units in the ledger, text in major units in reports."""

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
"""The settlement currencies of the account, with two, three and no decimals."""


def decimals(currency: str) -> int:
    """Return the digits after the decimal point (https://docs.stripe.com/currencies#zero-decimal)."""
    if currency in _ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


def major_units(minor: int, currency: str, separator: str = ".") -> str:
    """Return `-123456` usd as `-1234.56`, jpy as `-123456`, kwd as `-123.456`: no thousands separator."""
    return fixed_point(minor, decimals(currency), separator)


def fixed_point(units: int, scale: int, separator: str = ".") -> str:
    """Return units of `10**-scale` as text with exactly `scale` decimals."""
    if scale == 0:
        return str(units)
    whole, rest = divmod(abs(units), 10**scale)
    return f"{'-' if units < 0 else ''}{whole}{separator}{rest:0{scale}d}"


def at_rate(units: int, numerator: int, denominator: int) -> int:
    """Return `units * numerator / denominator`, cut towards zero, so that a refund equals the charge."""
    cut = abs(units) * numerator // denominator
    return cut if units >= 0 else -cut
