"""The entries of the journal: amounts that move between accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from stripe_reports.catalog import as_text
from stripe_reports.close.accounts import BALANCE, OPENING, ChartOfAccounts
from stripe_reports.errors import CloseError


class Posting(NamedTuple):
    """An amount (in the units of `money`) on an account: a debit if it is positive, a credit if negative."""

    account: str
    amount: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Postings in one currency. None of them is zero, and they add up to zero."""

    day: date
    description: str
    currency: str
    postings: Sequence[Posting]
    reporting_category: str = ""
    """The reporting category; empty for the opening balance."""
    payout_id: str = ""
    """The id of the payout; empty for other entries."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Amounts that are booked as one entry: a day's activity of one reporting category, or one payout.

    They are in the units of `money`, with the signs of the itemized reports: activity as the balance sees it,
    a payout as the bank sees it. `net = gross - fee`.
    """

    day: date
    currency: str
    reporting_category: str
    gross: int
    fee: int
    net: int
    count: int = 1
    payout_id: str = ""


def opening_entry(day: date, currency: str, balance: int) -> Entry | None:
    """Return the entry of an opening balance; None if it is zero."""
    postings = _postings((BALANCE, balance), (OPENING, -balance))
    return Entry(day, "Opening balance", currency, postings) if postings else None


def activity_entry(moved: Moved, chart: ChartOfAccounts) -> Entry | None:
    """Return an entry that posts net to the balance, the fee to its account, and gross from the category's.

    None if nothing moved. Raises CloseError if net is not gross - fee.
    """
    category = moved.reporting_category
    return _entry(
        moved,
        f"Activity: {category or 'no reporting category'}",
        (BALANCE, moved.net),
        (chart.fees, moved.fee),
        (chart.account(category), -moved.gross),
    )


def payout_entry(moved: Moved, chart: ChartOfAccounts) -> Entry | None:
    """Return an entry that posts net from the balance: gross to the bank, and the rest as the payout's cost.

    None if nothing moved. Raises CloseError if net is not gross - fee.
    """
    return _entry(
        moved,
        f"{moved.reporting_category.replace('_', ' ').capitalize()} {moved.payout_id}",
        (chart.account(moved.reporting_category), moved.gross),
        (chart.fees, -moved.fee),
        (BALANCE, -moved.net),
    )


def _entry(moved: Moved, description: str, *postings: tuple[str, int]) -> Entry | None:
    off = sum(amount for _, amount in postings)
    if off:
        what = moved.payout_id or f"the activity of {moved.reporting_category}"
        raise CloseError(
            f"net is not gross - fee of {what}, by {as_text(abs(off), moved.currency)} {moved.currency}, so"
            " it cannot be booked; land the day again",
            day=moved.day,
        )
    booked = _postings(*postings)
    if not booked:
        return None
    return Entry(moved.day, description, moved.currency, booked, moved.reporting_category, moved.payout_id)


def _postings(*postings: tuple[str, int]) -> Sequence[Posting]:
    return [Posting(account, amount) for account, amount in postings if amount]
