"""Books made by hand, for tests that need no lake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from stripe_reports.catalog import units
from stripe_reports.close.accounts import ChartOfAccounts
from stripe_reports.close.books import Books, keep_books
from stripe_reports.close.entry import Moved
from stripe_reports.close.month import Month
from stripe_reports.close.movements import Movements

OCTOBER = Month(date(2026, 10, 1))


def moved(
    category: str,
    gross: str,
    fee: str = "0",
    *,
    currency: str = "usd",
    day: date = OCTOBER.first,
    payout_id: str = "",
) -> Moved:
    amounts = units(Decimal(gross)), units(Decimal(fee))
    return Moved(day, currency, category, *amounts, amounts[0] - amounts[1], 1, payout_id)


def books_of(
    activity: Sequence[Moved] = (),
    payouts: Sequence[Moved] = (),
    starting: dict[str, int] | None = None,
    accounts: dict[str, str] | None = None,
) -> Books:
    """Books that tie: Stripe ends with what the movements come to."""
    starting = starting or {}
    currencies = {*starting, *(each.currency for each in (*activity, *payouts))}
    ending = {
        currency: starting.get(currency, 0)
        + sum(each.net for each in activity if each.currency == currency)
        - sum(each.net for each in payouts if each.currency == currency)
        for currency in currencies
    }
    movements = Movements(starting, ending, activity, payouts)
    return keep_books(OCTOBER, "UTC", movements, ChartOfAccounts(accounts))
