"""The fee reports: all of Stripe's fees, by transaction and by the time they were incurred."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from stripe_reports.sandbox.ledger import DAY, AnyLedger, Ledger
from stripe_reports.sandbox.reports.fee_line import SCALE, FeeLine, fee_lines
from stripe_reports.sandbox.reports.query import Query, Row
from stripe_reports.sandbox.reports.sums import summed


def fees_by_transaction(ledger: Ledger, query: Query) -> Iterator[Row]:
    """Yield the fee lines of the transactions created in the interval."""
    return _rows(ledger, query, _taken(ledger, query, query.start, query.end))


def fees_by_incurrence(ledger: Ledger, query: Query) -> Iterator[Row]:
    """Yield the fee lines incurred in the interval; some are charged a day later."""
    at_once = (f for f in _taken(ledger, query, query.start, query.end) if not _is_late(f))
    late = (f for f in _taken(ledger, query, query.start + DAY, query.end + DAY) if _is_late(f))
    return _rows(ledger, query, heapq.merge(at_once, late, key=lambda line: line.incurred_at))


def fees_summary(ledger: Ledger, query: Query) -> Iterator[Row]:
    """Yield the sums of `fees_by_transaction` by product and currency."""
    lines = _taken(ledger, query, query.start, query.end)
    keyed = (((*line.product, line.transaction.currency), (line.amount, line.tax)) for line in lines)
    for (suite, product, feature, description, _, currency), (amount, tax) in summed(keyed, 2):
        yield {
            "suite": suite,
            "product": product,
            "feature_name": feature,
            "feature_description": description,
            "amount": query.decimal(amount, SCALE),
            "tax": query.decimal(tax, SCALE),
            "currency": currency,
        }


def _taken(ledger: AnyLedger, query: Query, start: int, end: int) -> Iterator[FeeLine]:
    for t in ledger.activity(start, end):
        if query.currency in (None, t.currency):
            yield from fee_lines(t)


def _is_late(line: FeeLine) -> bool:
    return line.incurred_at != line.transaction.created


def _rows(ledger: Ledger, query: Query, lines: Iterable[FeeLine]) -> Iterator[Row]:
    for line in lines:
        t, product = line.transaction, line.product
        taken = query.local(t.created)
        yield {
            "balance_transaction_created": taken,
            "balance_transaction_id": t.id,
            "balance_transaction_description": t.description,
            "fee_transaction_created": taken,
            "fee_transaction_id": t.id,
            "incurred_at": query.local(line.incurred_at),
            "incurred_by": t.source_id,
            "incurred_by_type": t.reporting_category,
            "fee_description": product.description,
            "fee_category": product.category,
            "amount": query.decimal(line.amount, SCALE),
            "tax": query.decimal(line.tax, SCALE),
            "currency": t.currency,
            "suite": product.suite,
            "product": product.product,
            "feature_name": product.feature,
            "feature_description": product.description,
            "product_feature_description": f"{product.product}: {product.feature}",
            "pricing_tier": None if line.tier is None else str(line.tier),
            "settled_at": taken,
            "settled_via": "balance",
            "activity_start_time": query.local(line.incurred_at),
            "activity_end_time": taken,
            "invoice_number": f"STRIPE-{t.id[-8:].upper()}" if _is_late(line) else None,
            "platform_id": ledger.account,
        }
