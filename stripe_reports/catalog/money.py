"""Money as integers: amounts in units of 10**-18 of a currency's major unit, as fine as the lake keeps them.

Integers add up exactly, whatever the context of Python's decimals is.
"""

from __future__ import annotations

import re
from decimal import Decimal

from stripe_reports.catalog.amounts import EXACT, currency_digits

SCALE = 18
"""The digits after the point that a unit stands for."""
_CODE = re.compile("[a-z]{3,8}")


def is_currency_code(currency: str) -> bool:
    """Return whether the text is a currency as Stripe writes it: lower-case letters."""
    return _CODE.fullmatch(currency) is not None


def units(amount: Decimal | None) -> int:
    """Convert an amount in major units, as tables have it, to units; a null is 0."""
    return 0 if amount is None else int(amount.scaleb(SCALE, EXACT))


def as_decimal(amount: int) -> Decimal:
    """Convert units to an amount in major units, with 18 digits after the point."""
    return Decimal(amount).scaleb(-SCALE, EXACT)


def as_text(amount: int, currency: str) -> str:
    """Write units as an amount in major units, with the currency's digits, or more: it is never rounded.

    The text has a minus in front, no thousands separator and no exponent: `-1234.50`.
    """
    whole, rest = divmod(abs(amount), 10**SCALE)
    fraction = f"{rest:0{SCALE}d}".rstrip("0").ljust(currency_digits(currency), "0")
    return f"{'-' if amount < 0 else ''}{whole}{'.' if fraction else ''}{fraction}"


def minor_units(amount: int, currency: str) -> int | None:
    """Convert units to the currency's smallest unit; None if the amount is not a whole number of them."""
    whole, rest = divmod(amount, 10 ** (SCALE - currency_digits(currency)))
    return None if rest else whole
