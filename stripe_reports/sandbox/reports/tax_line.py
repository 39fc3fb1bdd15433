"""The taxes in the ledger's charges and refunds, by line item and jurisdiction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stripe_reports.sandbox.ledger import BalanceTransaction, Charge, at_rate, chance
from stripe_reports.sandbox.reports.tax_place import PLACES, RATE_SCALE, Jurisdiction, Place

_REVERSALS = ("refund", "partial_capture_reversal")
_HALVES = (2, 2, 2, 2, 1, 0)
"""How many halves of a line item are taxable: mostly both, sometimes one or none."""


@dataclass(frozen=True, slots=True)
class TaxLine:
    """A line item in one jurisdiction; amounts are in minor units, and negative in a reversal.

    `taxable + non_taxable = subtotal`. The charged amount includes the taxes of all jurisdictions.
    """

    transaction: BalanceTransaction
    charge: Charge
    place: Place
    jurisdiction: Jurisdiction
    number: int
    subtotal: int
    taxable: int
    tax: int

    @property
    def is_reversal(self) -> bool:
        """Whether the line returns tax."""
        return self.transaction.reporting_category in _REVERSALS

    @property
    def non_taxable(self) -> int:
        """The part of the subtotal that is not taxable."""
        return self.subtotal - self.taxable

    @property
    def sale_id(self) -> str:
        """The id of the tax transaction of the charge."""
        return f"tax_{self.charge.id[3:]}"

    @property
    def id(self) -> str:
        """The id of the tax transaction."""
        return f"tax_{self.transaction.id[4:]}" if self.is_reversal else self.sale_id


def tax_lines(t: BalanceTransaction) -> Iterator[TaxLine]:
    """Yield the tax lines of a transaction; a refund has the line items and jurisdictions of its charge."""
    charge = t.charge
    if charge is None or t.reporting_category not in ("charge", *_REVERSALS):
        return
    draw = chance("tax", charge.id)
    place = draw.choice(PLACES)
    first = at_rate(t.gross, 2, 3) if draw.random() < 0.3 else t.gross
    for number, total in enumerate((first, t.gross - first), 1):
        halves = draw.choice(_HALVES)
        if total:
            yield from _by_jurisdiction(t, charge, place, number, total, halves)


def _by_jurisdiction(
    t: BalanceTransaction, charge: Charge, place: Place, number: int, total: int, halves: int
) -> Iterator[TaxLine]:
    """Split a total so that `total = subtotal + taxes`, with taxes of `rate * halves / 2` of the subtotal."""
    rates = sum(each.rate for each in place.jurisdictions)
    whole = 2 * 10**RATE_SCALE + halves * rates
    taxes = [at_rate(total, halves * each.rate, whole) for each in place.jurisdictions]
    subtotal = total - sum(taxes)
    taxable = at_rate(subtotal, halves, 2) if rates else 0
    for jurisdiction, tax in zip(place.jurisdictions, taxes, strict=True):
        yield TaxLine(t, charge, place, jurisdiction, number, subtotal, taxable, tax)
