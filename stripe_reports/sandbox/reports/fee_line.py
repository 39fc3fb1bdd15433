"""Stripe's fees, line by line and to the eighteenth decimal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from stripe_reports.sandbox.ledger import DAY, BalanceTransaction, at_rate, chance, decimals

SCALE = 18
"""The decimals of the fee reports."""


class Product(NamedTuple):
    """The product that a fee is for, as the columns of the fee summary."""

    suite: str
    product: str
    feature: str
    description: str
    category: str


_CARDS = Product("payments", "payments", "card_payments", "Card payments, standard", "processing_fee")
_SCREENING = Product("payments", "radar", "screening", "Radar, per screened payment", "stripe_fee")
_DISPUTES = Product("payments", "payments", "disputes", "Dispute, received", "stripe_fee")
_USAGE = Product("revenue", "billing", "usage", "Usage, billed the day after", "stripe_fee")


class FeeLine(NamedTuple):
    """A fee line. `amount` includes `tax`, both in units of `10**-18`; `incurred_at` is in Unix seconds."""

    transaction: BalanceTransaction
    product: Product
    incurred_at: int
    amount: int
    tax: int
    tier: int | None


def fee_lines(t: BalanceTransaction) -> Iterator[FeeLine]:
    """Yield lines that add up exactly to the transaction's fee, or to its amount in the category `fee`.

    Some charges were screened twice: their two lines are equal in everything, and both are genuine.
    """
    unit = 10 ** (SCALE - decimals(t.currency))
    if t.reporting_category == "fee":
        yield _line(t, _USAGE, -t.gross * unit, incurred_at=t.created - DAY)
    elif t.reporting_category == "charge":
        draw = chance("fees", t.id)
        screenings = draw.choice((0, 0, 1, 2))
        per_screening = t.fee * unit // 37  # not a power of ten, so that all eighteen decimals are used
        for _ in range(screenings):
            yield _line(t, _SCREENING, per_screening)
        tier = draw.choice((1, 2, 3))
        yield _line(t, _CARDS, t.fee * unit - screenings * per_screening, tier=tier)
    elif t.fee:
        yield _line(t, _DISPUTES, t.fee * unit)


def _line(
    t: BalanceTransaction,
    product: Product,
    amount: int,
    *,
    incurred_at: int | None = None,
    tier: int | None = None,
) -> FeeLine:
    tax = at_rate(amount, 19, 119) if t.currency == "eur" else 0
    return FeeLine(t, product, t.created if incurred_at is None else incurred_at, amount, tax, tier)
