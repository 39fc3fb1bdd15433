"""The journal as CSV, with a line for each posting."""

from __future__ import annotations

import csv
import io

from stripe_reports.catalog import as_text
from stripe_reports.close.books import Books

_HEADER = (
    "entry",
    "date",
    "description",
    "reporting_category",
    "payout_id",
    "account",
    "currency",
    "debit",
    "credit",
)


def journal_csv(books: Books) -> bytes:
    """Return the journal as CSV (RFC 4180 with LF). Amounts are exact, in major units, debit or credit.

    `entry` counts from 1; the first entries are the opening balances, dated the day before the month.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    for number, entry in enumerate((*books.opening_entries, *books.entries), 1):
        for account, amount in entry.postings:
            side = as_text(abs(amount), entry.currency)
            writer.writerow(
                [
                    number,
                    entry.day,
                    entry.description,
                    entry.reporting_category,
                    entry.payout_id,
                    account,
                    entry.currency.upper(),
                    side if amount > 0 else "",
                    side if amount < 0 else "",
                ]
            )
    return text.getvalue().encode()
