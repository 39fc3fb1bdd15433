"""The ledger as accounting entries: each debits one account and credits another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from stripe_reports.sandbox.ledger import BalanceTransaction, chance, day_of, stripe_id

GL_CODES = {
    "AccountsReceivable": "1200",
    "Cash": "1000",
    "DeferredRevenue": "2400",
    "Disputes": "4300",
    "Refunds": "4200",
    "Revenue": "4000",
    "StripeFees": None,
}
"""The merchant's account numbers; one account has none."""


class Price(NamedTuple):
    """A price of a product."""

    id: str
    product: str


PRICES = tuple(
    Price(stripe_id(chance("price", number), "price"), stripe_id(chance("product", number // 2), "prod", 14))
    for number in range(6)
)
"""The prices: two for each of three products."""


class AccountingEntry(NamedTuple):
    """An `amount` in minor units from the account `credit` to `debit`, in the accounting period `YYYY-MM`."""

    transaction: BalanceTransaction
    period: str
    debit: str
    credit: str
    amount: int
    open: bool = True


def entries(t: BalanceTransaction) -> Iterator[AccountingEntry]:
    """Yield the entries of a transaction.

    Half of a subscription is earned at once and the other half a month later. Disputes belong to the month of
    their charge, which is closed if it is not the current one. Reserves and adjustments move no revenue.
    """
    period = _month(t.created)
    entry = AccountingEntry(t, period, "Cash", "AccountsReceivable", t.gross)
    match t.reporting_category:
        case "charge" if t.charge and t.charge.subscription:
            yield entry._replace(debit="AccountsReceivable", credit="DeferredRevenue")
            yield entry
            earned = entry._replace(debit="DeferredRevenue", credit="Revenue", amount=t.gross // 2)
            yield earned
            yield earned._replace(period=_next(period), amount=t.gross - t.gross // 2)
        case "charge":
            yield entry._replace(debit="AccountsReceivable", credit="Revenue")
            yield entry
        case "refund" | "partial_capture_reversal":
            yield entry._replace(debit="Refunds", credit="Cash", amount=-t.gross)
        case "refund_failure":
            yield entry._replace(credit="Refunds")
        case "dispute" | "dispute_reversal" if t.charge:
            month = _month(t.charge.created)
            entry = entry._replace(period=month, open=month == period)
            if t.gross < 0:
                yield entry._replace(debit="Disputes", credit="Cash", amount=-t.gross)
            else:
                yield entry._replace(credit="Disputes")
        case "fee":
            yield entry._replace(debit="StripeFees", credit="Cash", amount=-t.gross)
    if t.fee > 0:
        yield AccountingEntry(t, period, "StripeFees", "Cash", t.fee)
    elif t.fee < 0:
        yield AccountingEntry(t, period, "Cash", "StripeFees", -t.fee)


def _month(instant: int) -> str:
    return f"{day_of(instant):%Y-%m}"


def _next(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year + number // 12}-{number % 12 + 1:02d}"
