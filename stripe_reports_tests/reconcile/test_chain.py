"""Whether all landed days hang together."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from stripe_reports.lake import Lake
from stripe_reports.reconcile import Verdict, chain
from stripe_reports_tests.core_lake import days_of
from stripe_reports_tests.reconcile.conftest import DAYS
from stripe_reports_tests.reconcile.hand_made import Account, Change

D = days_of(date(2025, 2, 27), 8)


def test_all_landed_days_are_one_chain(core: Lake) -> None:
    found = chain(core)
    assert (found.first, found.last, found.days, found.links) == (DAYS[0], DAYS[-1], 25, 24)
    assert (found.broken, found.gaps) == ((), ())


def test_a_day_that_starts_with_another_balance_breaks_it(lake: Lake) -> None:
    account = Account(lake)
    account.day(D[0], [Change("txn_1", "10"), Change("txn_2", "1", "eur")])
    account.day(D[1])
    account.balance["usd"] += Decimal("0.01")
    account.day(D[2])
    found = chain(lake)
    (broken,) = found.broken
    assert (broken.identity, broken.day, broken.currency, broken.verdict) == (
        "I2", D[2], "usd", Verdict.BROKEN,
    )  # fmt: skip
    assert (broken.expected, broken.actual, broken.residual) == (10, Decimal("10.01"), Decimal("0.01"))
    assert "expected 10, found 10.01, 0.01 too much" in broken.reason
    assert found.links == 2


def test_days_that_have_not_landed_are_gaps_and_no_links(lake: Lake) -> None:
    account = Account(lake)
    for number in (0, 1, 3, 7):
        account.day(D[number], [Change(f"txn_{number}", "10")])
        account.balance["usd"] += 5
    found = chain(lake)
    assert (found.first, found.last, found.days, found.links) == (D[0], D[7], 4, 1)
    assert found.gaps == ((D[2], D[2]), (D[4], D[6]))
    assert [each.day for each in found.broken] == [D[1]]


def test_without_balances_there_is_no_chain(lake: Lake) -> None:
    Account(lake).day(D[0])
    found = chain(lake, tables=["payouts_itemized_3"])
    assert (found.first, found.last, found.days, found.links) == (None, None, 0, 0)
