"""The trial balance: the opening, the movements and the closing of each account."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stripe_reports.catalog import as_text
from stripe_reports.close.books import Books
from stripe_reports.close.entry import Entry, Posting

TOTAL = "Total"
COLUMNS = ("currency", "account", "opening", "debits", "credits", "closing")


@dataclass(frozen=True, slots=True)
class Line:
    """An account in one currency, in the units of `money`: `closing = opening + debits - credits`.

    A credit balance is negative.
    """

    currency: str
    account: str
    opening: int = 0
    debits: int = 0
    credits: int = 0

    @property
    def closing(self) -> int:
        """The balance of the account at the end of the month."""
        return self.opening + self.debits - self.credits

    @property
    def texts(self) -> Sequence[str]:
        """The fields of the CSV, in the order of its columns."""
        amounts = (self.opening, self.debits, self.credits, self.closing)
        return [self.currency.upper(), self.account, *(as_text(each, self.currency) for each in amounts)]


def trial_balance(books: Books) -> list[Line]:
    """Return the lines by currency and account. A line `Total` ends each currency: its opening and closing
    are 0, and its debits equal its credits."""
    lines: list[Line] = []
    for currency in books.currencies:
        opening, debits, credits_ = Counter[str](), Counter[str](), Counter[str]()
        for account, amount in _postings(books.opening_entries, currency):
            opening[account] += amount
        for account, amount in _postings(books.entries, currency):
            (debits if amount > 0 else credits_)[account] += abs(amount)
        accounts = sorted({*opening, *debits, *credits_})
        of_currency = [Line(currency, each, opening[each], debits[each], credits_[each]) for each in accounts]
        lines += of_currency
        lines.append(
            Line(
                currency,
                TOTAL,
                sum(line.opening for line in of_currency),
                sum(line.debits for line in of_currency),
                sum(line.credits for line in of_currency),
            )
        )
    return lines


def _postings(entries: Sequence[Entry], currency: str) -> Iterator[Posting]:
    return (posting for entry in entries if entry.currency == currency for posting in entry.postings)


def trial_balance_csv(lines: Sequence[Line]) -> bytes:
    """Return the trial balance as CSV (RFC 4180 with LF). Amounts are exact, in major units."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(line.texts for line in lines)
    return text.getvalue().encode()
