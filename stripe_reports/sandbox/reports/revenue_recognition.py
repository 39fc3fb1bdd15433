"""The revenue recognition reports: one set of entries, in six granularities."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from stripe_reports.sandbox.ledger import AnyLedger, chance
from stripe_reports.sandbox.reports.accounting_entry import GL_CODES, PRICES, AccountingEntry, entries
from stripe_reports.sandbox.reports.query import Query, Row, date_stamp
from stripe_reports.sandbox.reports.sums import summed

_KEY = ("accounting_period", "open_accounting_period", "currency", "debit", "credit")


def debits_and_credits(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield a row per entry with its origin, for the reports by invoice and by invoice line item.

    Entries without an invoice are included, so that all six reports have the same sums.
    """
    for entry, row in _matching(ledger, query):
        yield row | {"amount": query.money(entry.amount, entry.transaction.currency)}


def debits_and_credits_by(*columns: str) -> Callable[[AnyLedger, Query], Iterator[Row]]:
    """Return the report of the entries added up by period, currency, accounts and these columns."""

    def body(ledger: AnyLedger, query: Query) -> Iterator[Row]:
        names = (*_KEY, *columns)
        keyed = (
            (tuple(row[name] for name in names), (entry.amount,)) for entry, row in _matching(ledger, query)
        )
        for key, (amount,) in summed(keyed, 1):
            row: Row = dict(zip(names, key, strict=True))
            yield row | _gl_codes(row) | {"amount": query.money(amount, row["currency"] or "")}

    return body


def _matching(ledger: AnyLedger, query: Query) -> Iterator[tuple[AccountingEntry, Row]]:
    for t in ledger.activity(query.start, query.end):
        for entry in entries(t):
            for row in query.matching([_row(query, entry)]):
                yield entry, row


def _row(query: Query, entry: AccountingEntry) -> Row:
    t = entry.transaction
    row: Row = {
        "accounting_period": entry.period,
        "open_accounting_period": "true" if entry.open else "false",
        "currency": t.currency,
        "debit": entry.debit,
        "credit": entry.credit,
        "booked_date": date_stamp(t.created),
        "transaction_model_id": t.id,
        "refund_id": _id_of("re_", t.source_id),
        "dispute_id": _id_of("du_", t.source_id),
        "price_id": None,
        "product_id": None,
        "customer_id": None,
    }
    if charge := t.charge:
        price = chance("price of", charge.id).choice(PRICES)
        row |= {
            "charge_id": charge.id,
            "price_id": price.id,
            "product_id": price.product,
            "customer_id": charge.customer.id,
            "invoice_id": charge.invoice,
            "subscription_id": charge.subscription,
        }
        if charge.invoice:
            row["invoice_line_item_id"] = f"il_{charge.invoice[3:]}"
            row["invoice_number"] = f"SBX-{charge.invoice[-6:].upper()}"
            row["invoice_item_id"] = None if charge.subscription else f"ii_{charge.invoice[3:]}"
            row["subscription_item_id"] = charge.subscription and f"si_{charge.subscription[4:]}"
    if seen := t.customer_facing:
        row["presentment_currency"] = seen.currency
        row["presentment_amount"] = query.money(seen.amount, seen.currency)
    return row | _gl_codes(row)


def _gl_codes(row: Row) -> Row:
    return {f"{side}_gl_code": GL_CODES[row[side] or ""] for side in ("debit", "credit")}


def _id_of(prefix: str, source: str | None) -> str | None:
    return source if source and source.startswith(prefix) else None
