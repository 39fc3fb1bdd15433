"""Amounts of the books: whole numbers of 10**-18 of a currency's major unit, as fine as the lake keeps them.

Integers add up exactly, whatever the context of Python's decimals is.
"""

from __future__ import annotations

import re
from decimal import Decimal

from stripe_reports.catalog import EXACT, currency_digits

SCALE = 18
_CODE = re.compile("[a-z]{3,8}")


def is_code(currency: str) -> bool:
    """Whether it is a currency as Stripe writes it: lower-case letters."""
    return _CODE.fullmatch(currency) is not None


def units(amount: Decimal | None) -> int:
    """An amount in major units, as the tables have it; a null is nothing."""
    return 0 if amount is None else int(amount.scaleb(SCALE, EXACT))


def as_decimal(amount: int) -> Decimal:
    """In major units, with 18 digits behind the point."""
    return Decimal(amount).scaleb(-SCALE, EXACT)


def as_text(amount: int, currency: str) -> str:
    """In major units, with the currency's digits; with more where the amount has more, for it is not rounded.

    A minus in front, no thousands separator, no exponent: `-1234.50`.
    """
    whole, rest = divmod(abs(amount), 10**SCALE)
    fraction = f"{rest:0{SCALE}d}".rstrip("0").ljust(currency_digits(currency), "0")
    return f"{'-' if amount < 0 else ''}{whole}{'.' if fraction else ''}{fraction}"


def minor_units(amount: int, currency: str) -> int | None:
    """In the currency's smallest unit; None where the amount has a part of one."""
    whole, rest = divmod(amount, 10 ** (SCALE - currency_digits(currency)))
    return None if rest else whole
