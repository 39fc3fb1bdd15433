"""The activity report: the changes of the balance, with a row for each part of a change."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_reports.sandbox.ledger import DAY, AnyLedger, BalanceTransaction
from stripe_reports.sandbox.reports.query import Query, Row, date_stamp
from stripe_reports.sandbox.reports.transaction_row import transaction_row
from stripe_reports.sandbox.reports.transactions import filtered

_EVENTS = {
    "charge": "charge_captured",
    "dispute": "dispute_funds_withdrawn",
    "dispute_reversal": "dispute_funds_reinstated",
    "fee": "fee_billed",
    "partial_capture_reversal": "charge_captured_in_part",
    "refund": "refund_created",
    "refund_failure": "refund_failed",
}


def activity_components(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield two rows per balance transaction: its gross, and its fee, which is negative if Stripe keeps it.

    So the amounts add up to the net of the itemized balance change from activity of the same interval.
    """
    for t in filtered(query, ledger.activity(query.start, query.end)):
        row = transaction_row(query, t, ledger.payout_of(t, query.known_until)) | _activity_columns(query, t)
        yield row | {"balance_transaction_component": "gross", "amount": query.money(t.gross, t.currency)}
        if t.fee:
            amount = query.money(-t.fee, t.currency)
            fee_id = f"fee_{t.id[4:]}"
            yield row | {"balance_transaction_component": "fee", "amount": amount, "fee_id": fee_id}


def _activity_columns(query: Query, t: BalanceTransaction) -> Row:
    row: Row = {
        "balance_transaction_created_at": query.local(t.created),
        "balance_transaction_reporting_category": t.reporting_category,
        "balance_transaction_description": t.description,
        "activity_at": query.local(t.created),
        "event_type": _EVENTS.get(t.reporting_category, t.reporting_category),
        "activity_interval_type": "instant",
    }
    if t.reporting_category == "fee":  # Stripe's own fees are for a period, here the day before
        row["activity_interval_type"] = "interval"
        row["activity_start_date"] = date_stamp(t.created - DAY)
        row["activity_end_date"] = date_stamp(t.created)
    if t.source_id and t.source_id.startswith("re_"):
        row["refund_id"] = t.source_id
    if t.source_id and t.source_id.startswith("du_"):
        row["dispute_id"] = t.source_id
    return row
