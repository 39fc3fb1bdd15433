"""The itemized and summary reports over balance transactions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stripe_reports.sandbox.ledger import AnyLedger, BalanceTransaction, Payout
from stripe_reports.sandbox.reports.category_summary import Line, category_summary
from stripe_reports.sandbox.reports.query import Query, Row
from stripe_reports.sandbox.reports.transaction_row import transaction_row


def activity_itemized(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield the changes of the balance in the interval, except payouts.

    The payout columns are filled in later, as at Stripe: a payout shows once it is effective before the end
    of the data that was available when the run was created. So a day that is requested again a week later
    differs in these columns, but never in its amounts.
    """
    for t in filtered(query, ledger.activity(query.start, query.end)):
        yield transaction_row(query, t, ledger.payout_of(t, query.known_until))


def activity_summary(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield the sums of `activity_itemized` by reporting category."""
    return _summary(query, ledger.activity(query.start, query.end))


def payout_reconciliation_itemized(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield the transactions in the automatic payouts that are effective in the interval."""
    return _by_payout(query, _effective(ledger, query))


def payout_reconciliation_summary(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield the sums of `payout_reconciliation_itemized` by reporting category."""
    return _summary(query, _in(_effective(ledger, query)))


def payout_by_id_itemized(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield the transactions in one automatic payout."""
    return _by_payout(query, _named(ledger, query))


def payout_by_id_summary(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield the sums of `payout_by_id_itemized` by reporting category."""
    return _summary(query, _in(_named(ledger, query)))


def ending_balance_itemized(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield the transactions that no payout includes as of the interval's end."""
    for t in filtered(query, ledger.open_at(query.end)):
        yield transaction_row(query, t, None)


def ending_balance_summary(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield the sums of `ending_balance_itemized` by reporting category."""
    return _summary(query, ledger.open_at(query.end))


def _effective(ledger: AnyLedger, query: Query) -> Iterator[Payout]:
    return (payout for payout in ledger.payouts(query.start, query.end) if payout.automatic)


def _named(ledger: AnyLedger, query: Query) -> Iterator[Payout]:
    payout = ledger.payout(query.payout or "", query.known_until)
    if payout and payout.automatic:
        yield payout


def _in(payouts: Iterable[Payout]) -> Iterator[BalanceTransaction]:
    return (t for payout in payouts for t in payout.transactions)


def _by_payout(query: Query, payouts: Iterable[Payout]) -> Iterator[Row]:
    for payout in payouts:
        for t in filtered(query, payout.transactions):
            yield transaction_row(query, t, payout)


def filtered(query: Query, transactions: Iterable[BalanceTransaction]) -> Iterator[BalanceTransaction]:
    """Yield the transactions with the requested currency and category."""
    for t in transactions:
        if query.currency not in (None, t.currency):
            continue
        if query.reporting_category in (None, t.reporting_category):
            yield t


def _summary(query: Query, transactions: Iterable[BalanceTransaction]) -> Iterator[Row]:
    return category_summary(
        query,
        (Line(t.currency, t.reporting_category, t.gross, t.fee) for t in filtered(query, transactions)),
    )
