"""The reports about connected accounts: the same bodies over the ledgers of the requested accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from stripe_reports.sandbox.ledger import CONNECTED, CURRENCIES, DAY, AnyLedger, Ledger, available_on
from stripe_reports.sandbox.reports.query import Query, Row

_WEEK = 7 * DAY
_IS_HIGH = 0.5
"""The change in percent from which refunds or disputes count as high."""


def over_connected(
    body: Callable[[AnyLedger, Query], Iterator[Row]],
) -> Callable[[Ledger, Query], Iterator[Row]]:
    """Return the report over the connected accounts that the run names, or over all of them.

    Summaries add the accounts up; itemized rows name theirs in `connected_account`. The platform's own ledger
    is not part of it.
    """
    return lambda ledger, query: body(ledger.connected(query.connected_accounts), query)


def negative_balance_overview(ledger: Ledger, query: Query) -> Iterator[Row]:
    """Yield a row per connected account and currency, as of the interval's end."""
    for (id_, account_ledger), business in zip(ledger.connected_accounts.items(), CONNECTED, strict=True):
        for currency in CURRENCIES:
            yield {
                "account_id": id_,
                "business_name": business.name,
                "country": business.country,
                "currency": currency,
                **_balance(query, account_ledger, currency),
                **_week(query, account_ledger, currency, "refund", "refund", "refunded"),
                **_week(query, account_ledger, currency, "dispute", "dispute", "disputed"),
            }


def _balance(query: Query, account_ledger: AnyLedger, currency: str) -> Row:
    """Return the balance columns. Pending debits are the negative amounts that are not yet available."""
    balance, _ = account_ledger.balances(query.end)[currency]
    change = balance - account_ledger.balances(query.end - DAY)[currency][0]
    pending = sum(
        -t.net
        for t in account_ledger.open_at(query.end)
        if t.currency == currency and t.net < 0 and available_on(t) > query.end
    )
    return {
        "balance": query.money(balance, currency),
        "balance_24hr_net_change": query.money(change, currency),
        "pending_debits": query.money(pending, currency),
        "balance_excluding_pending_debits": query.money(balance + pending, currency),
        "has_24hr_negative_balance_change": _flag(change < 0),
    }


def _week(query: Query, account_ledger: AnyLedger, currency: str, category: str, what: str, done: str) -> Row:
    """Return the last seven days and the seven before; without anything before, the change is unknown."""
    now, before = (
        -sum(
            t.gross
            for t in account_ledger.activity(end - _WEEK, end)
            if t.currency == currency and t.reporting_category == category
        )
        for end in (query.end, query.end - _WEEK)
    )
    change = (now - before) * 10_000 // before if before else None
    return {
        f"{done}_amount_7d": query.money(now, currency),
        f"{done}_amount_7d_prev": query.money(before, currency),
        f"{what}_pct_change": None if change is None else query.decimal(change, 4),
        f"has_high_{what}s": _flag(change is not None and change > _IS_HIGH * 10_000),
    }


def _flag(value: bool) -> str:
    return "true" if value else "false"
