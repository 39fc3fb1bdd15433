"""Payouts that fail or are made by hand, many at once. All reports agree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stripe_reports.sandbox import Sandbox
from stripe_reports.sandbox.ledger import Ledger, day_of
from stripe_reports.sandbox.reports import REPORT_BODIES, Query
from stripe_reports_tests.sandbox.ledger_days import PAYOUT_COLUMNS, Rows, broken, fetch
from stripe_reports_tests.sandbox.support import DAY, NOW, Client, clock_at, midnight
from stripe_reports_tests.sandbox.tampered_days import DAYS, FIRST, PAYOUTS, fetch_days, on_day

pytestmark = pytest.mark.slow

RECONCILIATION = "payout_reconciliation.itemized.5"
_SEVERAL = (
    "2025-01-24,payout_reversed",
    "2025-01-28,payout_reversed",  # it had taken the other one along
    "2025-01-14,payout_reversed,currency=eur",  # the payout that takes it along has nothing else
    "2025-01-22,payout_reversed,currency=jpy",
    "2025-01-23,payout_reversed,currency=kwd",
    "2025-01-25,manual_payout,currency=kwd",  # of what came back on the same day
    "2025-01-24,manual_payout",
    "2025-01-24,manual_payout,currency=eur",
    "2025-01-24,payout_reversed,currency=eur",
)
_BY_HAND = {(date(2025, 1, 25), "kwd"), (date(2025, 1, 24), "usd"), (date(2025, 1, 24), "eur")}


def test_all_identities_hold_with_several_at_once() -> None:
    days = fetch_days(*_SEVERAL)
    assert broken(days, _BY_HAND) == set()
    came_back = {(r["currency"], day.day.day) for day in days for r in _reversals(day.payouts)}
    assert came_back == {("eur", 16), ("jpy", 24), ("kwd", 25), ("usd", 26), ("eur", 26), ("usd", 30)}
    alone = on_day(days, date(2025, 1, 17))
    assert [r["reporting_category"] for r in alone.reconciliation] == ["payout_reversal"]
    assert [r["net"] for r in alone.payouts] == [r["net"] for r in alone.reconciliation]


def _reversals(rows: Rows) -> Rows:
    return [r for r in rows if r["reporting_category"] == "payout_reversal"]


def test_the_order_in_which_they_are_set_changes_nothing() -> None:
    told = []
    for texts in (_SEVERAL, _SEVERAL[::-1]):
        with Sandbox(port=0, files_port=0, latency=0, now=clock_at(NOW)) as sandbox:
            client = Client(sandbox)
            for text in texts:  # nor does it matter what was read before
                day, kind, *currency = text.split(",")
                sandbox.tamper(day, kind, currency=currency[0][-3:] if currency else "usd")
                last = fetch(client, FIRST, PAYOUT_COLUMNS, length=DAYS * DAY)
            told.append(last)
            client.close()
    assert told[0] == told[1]


def test_ranges_add_up_over_payouts_that_came_back_or_are_manual() -> None:
    first = midnight(date(2025, 1, 18))
    with Sandbox(port=0, files_port=0, latency=0, now=clock_at(NOW), tampering=_SEVERAL) as sandbox:
        client = Client(sandbox)
        for report_type, columns in ((PAYOUTS, PAYOUT_COLUMNS), (RECONCILIATION, ["balance_transaction_id"])):
            by_day = [
                client.report(report_type, first + n * DAY, first + (n + 1) * DAY, columns=columns).rows
                for n in range(14)
            ]
            whole = client.report(report_type, first, first + 14 * DAY, columns=columns).rows
            assert whole == [row for rows in by_day for row in rows]
        start = first + 5 * 3600  # days of another time zone
        local_days = [fetch(client, start + n * DAY, PAYOUT_COLUMNS) for n in range(14)]
        client.close()
    assert broken(local_days, _BY_HAND) == set()
    assert _reversals([row for day in local_days for row in day.payouts])


class _Books:
    """A client that needs no sandbox: a year of days over HTTP would take long."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def report(self, report_type: str, *interval: int, columns: Sequence[str] = ()) -> Any:
        query = Query(interval[0], interval[-1], known_until=FIRST + 400 * DAY)
        return SimpleNamespace(rows=list(REPORT_BODIES[report_type](self._ledger, query)))


def test_a_year_with_one_each_week_stays_balanced() -> None:
    ledger = Ledger(1, 12, date(2025, 1, 1))
    payouts = [p for p in ledger.payouts(FIRST, FIRST + 340 * DAY) if p.currency in ("usd", "jpy")][4::10]
    by_hand = set()
    for number, payout in enumerate(payouts):
        day = day_of(payout.effective_at)
        ledger.let_happen("payout_reversed", day, payout.currency)
        if number % 2 and ledger.balances(midnight(day) + 21 * 3600)[payout.currency][1] > 1:
            by_hand.add((day, ledger.let_happen("manual_payout", day, payout.currency)))
    assert len(payouts) > 40
    assert len(by_hand) > 15
    client = cast("Client", _Books(ledger))
    days = [fetch(client, FIRST + number * DAY) for number in range(365)]
    assert broken(days, by_hand) == set()
