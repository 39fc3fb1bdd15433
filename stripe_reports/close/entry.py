"""An entry of the journal: what moved, from which account to which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from stripe_reports.close.accounts import BALANCE, OPENING, ChartOfAccounts
from stripe_reports.close.money import as_text
from stripe_reports.errors import CloseError


class Posting(NamedTuple):
    """`amount` (in the units of `money`) onto `account`: a debit if it is positive, a credit if not."""

    account: str
    amount: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Postings of one currency that add up to zero; none of them is zero."""

    day: date
    description: str
    currency: str
    postings: Sequence[Posting]
    reporting_category: str = ""
    """Empty for the opening balance."""
    payout_id: str = ""
    """Empty for what is no payout."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What is booked at once: a day's activity of one reporting category, or one payout.

    Amounts in the units of `money`, signed as the itemized reports have them: activity as the balance sees
    it, a payout as the bank sees it; `net = gross - fee`.
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
    """What the balance starts with; None if that is nothing."""
    postings = _postings((BALANCE, balance), (OPENING, -balance))
    return Entry(day, "Opening balance", currency, postings) if postings else None


def activity_entry(moved: Moved, chart: ChartOfAccounts) -> Entry | None:
    """Net onto the balance, the fee onto its account, gross from that of the category.

    None if nothing moved. Raises CloseError where net is not gross - fee.
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
    """Net from the balance, of which gross goes to the bank and the rest is what the payout costs.

    None if nothing moved. Raises CloseError where net is not gross - fee.
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
            f"net is not gross - fee of {what}, by {as_text(abs(off), moved.currency)} {moved.currency}: it"
            " cannot be booked; land the day again",
            day=moved.day,
        )
    booked = _postings(*postings)
    if not booked:
        return None
    return Entry(moved.day, description, moved.currency, booked, moved.reporting_category, moved.payout_id)


def _postings(*postings: tuple[str, int]) -> Sequence[Posting]:
    return [Posting(account, amount) for account, amount in postings if amount]
