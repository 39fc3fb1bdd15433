"""Days of a sandbox that tampers with some of them."""

from __future__ import annotations

from datetime import date
from typing import Any

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.ledger_days import PAYOUT_COLUMNS, Day, Rows, fetch
from stripe_reports_tests.sandbox.support import DAY, NOW, Client, clock_at, midnight

FIRST = midnight(date(2025, 1, 1))
DAYS = 40
PAYOUTS = "payouts.itemized.3"
ACTIVITY = "balance_change_from_activity.itemized.3"
ACTIVITY_COLUMNS = ("balance_transaction_id", "created_utc", "currency", "gross", "fee", "net")
FRIDAY, SUNDAY, MONDAY, TUESDAY = (date(2025, 1, day) for day in (24, 26, 27, 28))
"""A payout of the Friday comes back on the Sunday. The one that is initiated on the Monday takes it along."""
_START = midnight(FRIDAY)


def fetch_days(*tampering: str, days: int = DAYS, first: int = FIRST) -> list[Day]:
    """The days of a sandbox with that tampering."""
    with Sandbox(port=0, files_port=0, latency=0, now=clock_at(NOW), tampering=tampering) as sandbox:
        client = Client(sandbox)
        fetched = [fetch(client, first + number * DAY, PAYOUT_COLUMNS) for number in range(days)]
        client.close()
    return fetched


def on_day(days: list[Day], day: date) -> Day:
    return next(each for each in days if each.day == day)


def fetch_activity(client: Client, start: int = _START, end: int = _START + DAY, **more: Any) -> Rows:
    """The rows of ACTIVITY; of the Friday, unless the interval is another."""
    return client.report(ACTIVITY, start, end, columns=ACTIVITY_COLUMNS, **more).rows
