"""The journal for hledger (https://hledger.org/hledger.html#journal)."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_reports.close.accounts import BALANCE
from stripe_reports.close.books import Books
from stripe_reports.close.entry import Entry
from stripe_reports.close.plain_text import money, plain, postings

_INDENT = "    "


def hledger_journal(books: Books) -> bytes:
    """A ledger of its own: accounts and commodities declared, the opening balance, each entry, and what the
    balance is at either end as assertions, which hledger holds exactly."""
    return "".join(f"{line}\n" for line in _lines(books)).encode()


def _lines(books: Books) -> Iterator[str]:
    month = books.month
    yield f"; Stripe's balance in {month}, by days of {books.timezone}"
    yield ""
    # Without it, hledger could take the point of 1.000 KWD for a thousands separator.
    yield "decimal-mark ."
    yield ""
    yield from (f"commodity {currency.upper()}" for currency in books.currencies)
    yield ""
    yield from (f"account {account}" for account in books.accounts)
    for currency in books.currencies:
        yield from _balance(books, currency, opening=True)
    for entry in books.entries:
        yield ""
        yield f"{entry.day} * {_described(entry)}"
        yield from postings(entry, _INDENT)
    for currency in books.currencies:
        yield from _balance(books, currency, opening=False)


def _balance(books: Books, currency: str, *, opening: bool) -> Iterator[str]:
    """The opening balance as an entry, and what the balance then is; at the end, what it is then."""
    month = books.month
    entries = [e for e in books.opening_entries if opening and e.currency == currency]
    stands = books.opening.get(currency, 0) if opening else books.closing(currency)
    yield ""
    yield f"{month.day_before if opening else month.last} * {'Opening' if opening else 'Closing'} balance"
    for line in (line for entry in entries for line in postings(entry, _INDENT)):
        asserted = f" = {money(stands, currency)}" if line.startswith(f"{_INDENT}{BALANCE} ") else ""
        yield line + asserted
    if not entries:
        yield f"{_INDENT}{BALANCE}  {money(0, currency)} = {money(stands, currency)}"


def _described(entry: Entry) -> str:
    """hledger takes `payout_id:` in the comment for a tag."""
    tag = f"  ; payout_id: {plain(entry.payout_id)}" if entry.payout_id else ""
    return plain(entry.description) + tag
