"""The journal for Beancount (https://beancount.github.io/docs/beancount_language_syntax.html)."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_reports.catalog import as_text
from stripe_reports.close.accounts import BALANCE
from stripe_reports.close.books import Books
from stripe_reports.close.plain_text import plain, postings


def beancount_journal(books: Books) -> bytes:
    """Return a complete ledger: accounts, the opening balance, each entry, and assertions of the balance at
    the start and the end.

    An assertion is about a day's first instant, so the opening balance is booked on the day before the month.
    The tolerance is 0, because Beancount's default lets a cent pass.
    """
    return "".join(f"{line}\n" for line in _lines(books)).encode()


def _lines(books: Books) -> Iterator[str]:
    month = books.month
    yield f"; Stripe's balance in {month}, by days of {books.timezone}"
    yield ""
    yield from (f"{month.day_before} open {account}" for account in books.accounts)
    for entry in (*books.opening_entries, *books.entries):
        yield ""
        yield f'{entry.day} * "{plain(entry.description)}"'
        if entry.payout_id:
            yield f'  payout_id: "{plain(entry.payout_id)}"'
        yield from postings(entry, "  ")
    for day, balances in (
        (month.first, books.opening),
        (month.day_after, {each: books.closing(each) for each in books.currencies}),
    ):
        yield ""
        for currency in books.currencies:
            stands = as_text(balances.get(currency, 0), currency)
            yield f"{day} balance {BALANCE}  {stands} ~ 0 {currency.upper()}"
