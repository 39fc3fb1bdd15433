"""The journal for hledger (https://hledger.org/hledger.html#journal)."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_reports.close.accounts import BALANCE
from stripe_reports.close.books import Books
from stripe_reports.close.entry import Entry
from stripe_reports.close.plain_text import money, plain, postings

_INDENT = "    "


def hledger_journal(books: Books) -> bytes:
    """Return a complete ledger: accounts and commodities, the opening balance, each entry, and assertions of
    the balance at the start and the end, which hledger checks exactly."""
    return "".join(f"{line}\n" for line in _lines(books)).encode()


def _lines(books: Books) -> Iterator[str]:
    month = books.month
    yield f"; Stripe's balance in {month}, by days of {books.timezone}"
    yield ""
    # Without this line, hledger could read the point of 1.000 KWD as a thousands separator.
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
    """Write the opening balance as an entry with an assertion, or the assertion of the closing balance."""
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
    """Describe the entry. hledger reads `payout_id:` in the comment as a tag."""
    tag = f"  ; payout_id: {plain(entry.payout_id)}" if entry.payout_id else ""
    return plain(entry.description) + tag
