"""A balance transaction as a row of itemized reports, with the columns of all these report types."""

from __future__ import annotations

from stripe_reports.sandbox.ledger import BalanceTransaction, Payout, available_on
from stripe_reports.sandbox.reports.query import Query, Row


def transaction_row(query: Query, transaction: BalanceTransaction, payout: Payout | None) -> Row:
    """Return the columns by name; `fee` is positive if Stripe keeps money, and `net = gross - fee`.

    `payout` is the automatic payout that includes the transaction, if the report may show it.
    """
    t = transaction
    fee = query.money(t.fee, t.currency)
    row: Row = {
        "balance_transaction_id": t.id,
        **query.stamps("created", t.created),
        **query.stamps("available_on", available_on(t)),
        "currency": t.currency,
        "gross": query.money(t.gross, t.currency),
        "fee": fee,
        "net": query.money(t.net, t.currency),
        "withheld_tax": query.money(0, t.currency),
        "fee_net_of_withheld_tax": fee,
        "reporting_category": t.reporting_category,
        "source_id": t.source_id,
        "description": t.description,
        "dispute_reason": t.dispute_reason,
        "refund_metadata[reason]": t.refund_reason,
        "connected_account": t.account,
    }
    if t.customer_facing:
        row["customer_facing_amount"] = query.money(t.customer_facing.amount, t.customer_facing.currency)
        row["customer_facing_currency"] = t.customer_facing.currency
    if charge := t.charge:
        row |= charge.customer.columns
        row |= charge.payment_method.columns
        row |= query.stamps("charge_created", charge.created)
        row["charge_id"] = charge.id
        row["payment_intent_id"] = charge.payment_intent
        row["invoice_id"] = charge.invoice
        row["invoice_number"] = charge.invoice and f"SBX-{charge.invoice[-6:].upper()}"
        row["subscription_id"] = charge.subscription
        row["order_id"] = row["payment_metadata[order_id]"] = charge.order_id
        row["payment_metadata[channel]"] = charge.channel
        row["payment_metadata[cart]"] = f'{{"order": "{charge.order_id}", "note": "a, b"}}'
    if payout:
        row |= query.stamps("automatic_payout_effective_at", payout.effective_at)
        row["automatic_payout_id"] = payout.id
        row["trace_id"] = payout.trace_id
        row["trace_id_status"] = "supported"
        row["payout_statement_descriptor"] = "SANDBOX PAYOUT"
    return row
