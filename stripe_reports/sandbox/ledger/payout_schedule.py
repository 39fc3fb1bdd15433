"""The schedule of automatic payouts: every weekday, one payout per currency.

A transaction becomes available two days after its day. A payout is initiated from Monday to Friday for the
whole available balance, and arrives on the next weekday. So Monday's payout includes what became available
over the weekend, Friday's arrives on Monday, and nothing arrives on a Saturday or Sunday.

A manual payout and the return of a failed payout are available at once: the next automatic payout that is
initiated includes them.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from stripe_reports.sandbox.ledger.days import DAY, day_of, midnight
from stripe_reports.sandbox.ledger.transaction import BalanceTransaction

LONGEST_WAY = 6
"""The most days until a payout: a payment of Thursday is available on Saturday and arrives on Tuesday."""

PAYOUT_CATEGORIES = frozenset(("payout", "payout_reversal"))
"""The categories of transactions that are not activity."""

_AVAILABLE_AFTER = 2
_SATURDAY = 5
_ONE_DAY = timedelta(days=1)
_ARRIVES_AT = {"usd": 0, "eur": 0, "kwd": 0, "jpy": 72540}
"""The second of the day of arrival: midnight, and for one currency 20:09, as real files show both."""


def available_on(transaction: BalanceTransaction) -> int:
    """Return the midnight from which a payout may include the transaction, in Unix seconds."""
    return transaction.created // DAY * DAY + _waits(transaction) * DAY


def arrival_day(day: date, waits: int = _AVAILABLE_AFTER) -> date:
    """Return the day of the payout that includes that day's transactions, available `waits` days later."""
    initiated = _weekday_from(day + waits * _ONE_DAY)
    return _weekday_from(initiated + _ONE_DAY)


def transaction_days(arrival: date) -> list[date]:
    """Return the days whose activity arrives at the bank on that day; none for a weekend."""
    return [
        day for back in range(LONGEST_WAY, 0, -1) if arrival_day(day := arrival - back * _ONE_DAY) == arrival
    ]


def arrives_at(arrival: date, currency: str) -> int:
    """Return the second at which the payout of that day is effective."""
    return midnight(arrival) + _ARRIVES_AT[currency]


def paid_out_at(transaction: BalanceTransaction) -> int:
    """Return the second at which the transaction leaves the balance."""
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
