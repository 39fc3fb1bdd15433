"""Amounts in messages and in sums, exactly."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact

EXACT = Context(prec=1000, traps=[Inexact])
"""Far more digits than there can be; Python would round at 28 without a word."""


def amount_text(amount: Decimal) -> str:
    """All its digits, without zeros that say nothing: `0.01`, `1200`."""
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
