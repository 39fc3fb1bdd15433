"""The books of a month: the opening balance, each entry, and the closing balance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stripe_reports.catalog import as_text
from stripe_reports.close.accounts import BALANCE, ChartOfAccounts
from stripe_reports.close.entry import Entry, activity_entry, opening_entry, payout_entry
from stripe_reports.close.month import Month
from stripe_reports.close.movements import Movements
from stripe_reports.errors import CloseError


@dataclass(frozen=True, slots=True)
class Books:
    """A month's entries, in the order of days, currencies, activity and payouts."""

    month: Month
    timezone: str
    opening: Mapping[str, int]
    """The balance at the month's first instant by currency, in the units of `money`."""
    entries: Sequence[Entry]
    unclassified: Sequence[str]
    """The reporting categories that the chart of accounts does not know."""

    @property
    def currencies(self) -> Sequence[str]:
        """The currencies with a balance or an entry, sorted."""
        return sorted({*self.opening, *(entry.currency for entry in self.entries)})

    @property
    def opening_entries(self) -> Sequence[Entry]:
        """An entry for each currency whose opening balance is not zero, on the day before the month."""
        entries = (
            opening_entry(self.month.day_before, currency, balance)
            for currency, balance in sorted(self.opening.items())
        )
        return [entry for entry in entries if entry]

    @property
    def accounts(self) -> Sequence[str]:
        """The accounts of all postings and of the balance, sorted."""
        every = (*self.opening_entries, *self.entries)
        return sorted({BALANCE, *(posting.account for entry in every for posting in entry.postings)})

    def closing(self, currency: str) -> int:
        """Return the closing balance of the entries."""
        moved = (
            p.amount
            for e in self.entries
            if e.currency == currency
            for p in e.postings
            if p.account == BALANCE
        )
        return self.opening.get(currency, 0) + sum(moved)


def keep_books(month: Month, timezone: str, movements: Movements, chart: ChartOfAccounts) -> Books:
    """Make the month's books from what moved.

    Raises CloseError if an entry does not balance, or if the closing balance is not exactly the one in
    Stripe's balance summary.
    """
    made = [
        *(activity_entry(moved, chart) for moved in movements.activity),
        *(payout_entry(moved, chart) for moved in movements.payouts),
    ]
    entries = sorted(
        (entry for entry in made if entry),
        key=lambda e: (e.day, e.currency, bool(e.payout_id), e.reporting_category, e.payout_id),
    )
    moved = (*movements.activity, *movements.payouts)
    categories = {each.reporting_category for each in moved}
    unclassified = sorted(each for each in categories if not chart.knows(each))
    books = Books(month, timezone, movements.starting, entries, unclassified)
    _tie(books, movements.ending)
    return books


def _tie(books: Books, ending: Mapping[str, int]) -> None:
    currencies: Iterable[str] = sorted({*books.currencies, *ending})
    for currency in currencies:
        ours, stripes = books.closing(currency), ending.get(currency, 0)
        if ours != stripes:
            raise CloseError(
                f"{books.month} is not closed: the journal brings the balance to {as_text(ours, currency)}"
                f" {currency}, and Stripe's balance summary ends with {as_text(stripes, currency)}, which is"
                f" {as_text(stripes - ours, currency)} off; see which identities of its days are broken,"
                " and land those days again"
            )
