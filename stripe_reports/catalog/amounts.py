"""Amounts in messages and in sums, exactly."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact

EXACT = Context(prec=1000, traps=[Inexact])
"""Far more digits than there can be; Python would round at 28 without a word."""


# https://docs.stripe.com/currencies#zero-decimal and #three-decimal
_ZERO_DECIMAL = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split()  # noqa: SIM905
)
_THREE_DECIMAL = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))


def currency_digits(currency: str) -> int:
    """How many digits behind the point Stripe writes amounts of a currency with."""
    if currency in _ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


def amount_text(amount: Decimal, currency: str = "") -> str:
    """All its digits, never rounded, with no exponent: `0.01`, `1200`.

    With a currency it has at least the currency's digits: `1200.00` in usd, `1200` in jpy.
    """
    whole, _, fraction = format(amount, "f").partition(".")
    fraction = fraction.rstrip("0")
    if currency:
        fraction = fraction.ljust(currency_digits(currency), "0")
    if not fraction.strip("0") and whole in ("-0", ""):
        whole = "0"
    return f"{whole}.{fraction}" if fraction else whole
