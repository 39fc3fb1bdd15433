"""When a transaction is paid out: automatically, every weekday, one payout per currency.

A transaction is available two days after its own. A payout is initiated Monday to Friday for all that is
available, and arrives on the next weekday. So Monday's takes along what became available over the weekend,
Friday's arrives on Monday, and nothing arrives on a Saturday or Sunday.

What a manual payout takes, and what a payout that failed brings back, is taken or there at once: the next
automatic payout that is initiated reckons with it.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from stripe_reports.sandbox.ledger.days import DAY, day_of, midnight
from stripe_reports.sandbox.ledger.transaction import BalanceTransaction

LONGEST_WAY = 6
"""Days to the payout at most: what is paid on Thursday is available on Saturday and arrives on Tuesday."""

PAYOUT_CATEGORIES = frozenset(("payout", "payout_reversal"))
"""Transactions that are no activity."""

_AVAILABLE_AFTER = 2
_SATURDAY = 5
_ONE_DAY = timedelta(days=1)
_ARRIVES_AT = {"usd": 0, "eur": 0, "kwd": 0, "jpy": 72540}
"""Seconds into the day of arrival: midnight, and for one currency 20:09, as real files show both."""


def available_on(transaction: BalanceTransaction) -> int:
    """From when on a payout may take it along: a midnight, in Unix seconds."""
    return transaction.created // DAY * DAY + _waits(transaction) * DAY


def arrival_day(day: date, waits: int = _AVAILABLE_AFTER) -> date:
    """The day of the payout that takes along the transactions of that day, available so many days later."""
    initiated = _weekday_from(day + waits * _ONE_DAY)
    return _weekday_from(initiated + _ONE_DAY)


def transaction_days(arrival: date) -> list[date]:
    """The days whose activity arrives at the bank on that day; none for a weekend."""
    return [
        day for back in range(LONGEST_WAY, 0, -1) if arrival_day(day := arrival - back * _ONE_DAY) == arrival
    ]


def arrives_at(arrival: date, currency: str) -> int:
    """The second at which the payout of that day is effective."""
    return midnight(arrival) + _ARRIVES_AT[currency]


def paid_out_at(transaction: BalanceTransaction) -> int:
    """The second at which the transaction leaves the balance."""
    return _paid_out_at(transaction.created // DAY, transaction.currency, _waits(transaction))


def _waits(transaction: BalanceTransaction) -> int:
    return 0 if transaction.reporting_category in PAYOUT_CATEGORIES else _AVAILABLE_AFTER


@lru_cache(4096)
def _paid_out_at(day_number: int, currency: str, waits: int) -> int:
    return arrives_at(arrival_day(day_of(day_number * DAY), waits), currency)


def _weekday_from(day: date) -> date:
    while day.weekday() >= _SATURDAY:
        day += _ONE_DAY
    return day
