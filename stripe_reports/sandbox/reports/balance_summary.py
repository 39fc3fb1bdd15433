"""The balance summary: the starting balance, activity, payouts and the ending balance."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from stripe_reports.sandbox.ledger import CURRENCIES, AnyLedger
from stripe_reports.sandbox.reports.query import Query, Row

_PAYOUTS = {
    "payouts_gross": "Payouts to bank",
    "payouts_fee": "Payout fees",
    "payouts": "Total payouts",
}


def balance_summary(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield a block per settlement currency; `starting_balance + activity + payouts = ending_balance`.

    All amounts are signed: `payouts` is negative if money went to the bank. Transactions of the category
    `fee` count as fees here, so `activity_gross` is not the gross of the activity reports' totals. If the
    interval has no payout at all, no block has payout rows; they occur once, with zero and no currency, as in
    some real files.
    """
    currencies = [c for c in CURRENCIES if query.currency in (None, c)]
    paid = [p for p in ledger.payouts(query.start, query.end) if p.currency in currencies]
    before_fees, net = dict.fromkeys(CURRENCIES, 0), dict.fromkeys(CURRENCIES, 0)
    for t in ledger.activity(query.start, query.end):
        before_fees[t.currency] += 0 if t.reporting_category == "fee" else t.gross
        net[t.currency] += t.net
    starting, ending = ledger.balances(query.start), ledger.balances(query.end)
    first, last = query.local_date(query.start), query.local_date(query.end - 1)
    for currency in currencies:
        row = partial(_row, query, currency)
        total, available = starting[currency]
        yield row("starting_balance", f"Starting balance ({first})", total)
        yield row("starting_balance_available", f"Available balance ({first})", available)
        yield row("activity_gross", "Account activity before fees", before_fees[currency])
        yield row("activity_fee", "Less fees", net[currency] - before_fees[currency])
        yield row("activity", "Activity", net[currency])
        if paid:
            gross = -sum(p.amount for p in paid if p.currency == currency)
            fees = -sum(p.fee for p in paid if p.currency == currency)
            amounts = {"payouts_gross": gross, "payouts_fee": fees, "payouts": gross + fees}
            for category, description in _PAYOUTS.items():
                yield row(category, description, amounts[category])
        total, _ = ending[currency]
        yield row("ending_balance", f"Ending balance ({last})", total)
    if currencies and not paid:
        for category, description in _PAYOUTS.items():
            yield _row(query, "usd", category, description, 0) | {"currency": None}


def _row(query: Query, currency: str, category: str, description: str, minor: int) -> Row:
    return {
        "category": category,
        "description": description,
        "net_amount": query.money(minor, currency),
        "currency": currency,
    }
