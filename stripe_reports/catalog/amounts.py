"""Exact amounts, in sums and in messages."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact

EXACT = Context(prec=1000, traps=[Inexact])
"""Arithmetic with far more digits than any sum needs; by default, Python silently rounds at 28."""


# https://docs.stripe.com/currencies#zero-decimal and #three-decimal
_ZERO_DECIMAL = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split()  # noqa: SIM905
)
_THREE_DECIMAL = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))


def currency_digits(currency: str) -> int:
    """Return how many digits Stripe writes after the decimal point in this currency."""
    if currency in _ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


def amount_text(amount: Decimal, currency: str = "") -> str:
    """Return all digits of the amount, never rounded, without an exponent: `0.01`, `1200`.

    With a currency, it has at least the currency's digits: `1200.00` in usd, `1200` in jpy.
    """
    whole, _, fraction = format(amount, "f").partition(".")
    fraction = fraction.rstrip("0")
    if currency:
        fraction = fraction.ljust(currency_digits(currency), "0")
    if not fraction.strip("0") and whole in ("-0", ""):
        whole = "0"
    return f"{whole}.{fraction}" if fraction else whole
