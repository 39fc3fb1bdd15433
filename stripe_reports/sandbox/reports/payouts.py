"""The payouts reports: money to the bank, by the instant at which it left the balance."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_reports.sandbox.ledger import AnyLedger, Payout
from stripe_reports.sandbox.reports.category_summary import Line, category_summary
from stripe_reports.sandbox.reports.query import Query, Row, date_stamp


def payouts_itemized(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield a row per payout, seen from the bank: a positive amount left the balance.

    This is the opposite sign of `payouts` in the balance summary, and the sign of the sums in payout
    reconciliation, as merchants' tools read the real files. A payout that fails is `paid` in runs that were
    created before it returned.
    """
    for payout in selected_payouts(ledger, query):
        yield {
            "payout_id": payout.id,
            **query.stamps("effective_at", payout.effective_at),
            "currency": payout.currency,
            "gross": query.money(payout.amount, payout.currency),
            "fee": query.money(payout.fee, payout.currency),
            "net": query.money(payout.net, payout.currency),
            "application_fee": query.money(0, payout.currency),
            "reporting_category": payout.reporting_category,
            "balance_transaction_id": payout.balance_transaction_id,
            "description": payout.description,
            "payout_expected_arrival_date": date_stamp(payout.expected_arrival),
            **_fate(query, payout),
            "payout_type": "bank_account",
            "payout_description": "STRIPE PAYOUT" if (payout.reverses or payout).automatic else None,
            "payout_destination_id": payout.destination,
            "trace_id": payout.trace_id,
            "trace_id_status": "supported",
            "connected_account": payout.account,
        }


def _fate(query: Query, payout: Payout) -> Row:
    if payout.reversed_at is None or not payout.has_failed(query.known_until):
        return {"payout_status": "paid"}
    return {"payout_status": "failed", **query.stamps("payout_reversed_at", payout.reversed_at)}


def payouts_summary(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield the sums by reporting category, with the same sign; the fee is negative, as in all summaries."""
    return category_summary(
        query,
        (Line(p.currency, p.reporting_category, p.amount, p.fee) for p in selected_payouts(ledger, query)),
    )


def selected_payouts(ledger: AnyLedger, query: Query) -> Iterator[Payout]:
    """Yield the payouts that are effective in the interval and pass the filters."""
    for payout in ledger.payouts(query.start, query.end):
        if query.currency not in (None, payout.currency):
            continue
        if query.reporting_category in (None, payout.reporting_category):
            yield payout
