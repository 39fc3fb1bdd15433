"""What identities say of payouts that are manual, come back or are negative."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from stripe_reports.lake import Lake
from stripe_reports.reconcile import Outcome, Verdict, reconcile
from stripe_reports_tests.core_lake import days_of
from stripe_reports_tests.reconcile.hand_made import Account, Change, put
from stripe_reports_tests.reconcile.support import broken, of, outcome

D1, D2, D3, D4 = days_of(date(2025, 3, 30), 4)
OF_PAYOUTS = (
    "paid_out_matches_payouts",
    "each_payout_is_explained",
    "ending_balance_is_explained",
    "nothing_lost_between_days",
)
PAID, PAID_SUMMARY = "payout_reconciliation_itemized_5", "payout_reconciliation_summary_1"


@pytest.fixture
def account(lake: Lake) -> Account:
    """It has two open transactions on the evening of D1."""
    account = Account(lake)
    account.day(D1, [Change("txn_1", "100"), Change("txn_2", "30", fee="1")])
    return account


def verdicts(lake: Lake, day: date, currency: str = "usd") -> dict[str, Verdict]:
    found = reconcile(lake, [day], identities=OF_PAYOUTS)
    return {each.identity: each.verdict for each in found if each.currency == currency}


def test_an_account_made_by_hand_agrees_in_all_its_reports(lake: Lake, account: Account) -> None:
    account.day(D2, [Change("txn_3", "7")], pays={"po_1": ["txn_1", "txn_2"]})
    assert {each.verdict for each in reconcile(lake, [D2])} == {Verdict.HOLDS}
    assert outcome(lake, D2, "paid_out_matches_payouts").actual == 130


def test_with_a_manual_payout_the_day_is_not_applicable_in_its_currency(lake: Lake, account: Account) -> None:
    account.day(D2, [Change("txn_3", "7", "eur")], by_hand=[Change("po_1", "40", category="payout")])
    assert verdicts(lake, D2) == dict.fromkeys(OF_PAYOUTS, Verdict.NOT_APPLICABLE)
    assert verdicts(lake, D2, "eur") == dict.fromkeys(OF_PAYOUTS, Verdict.HOLDS)
    assert outcome(lake, D2, "ending_balance_is_explained").reason == "po_1 is no automatic payout"
    assert not broken(reconcile(lake, [D2]))


def test_beside_a_manual_payout_an_automatic_one_is_still_held_against_its_transactions(
    lake: Lake, account: Account
) -> None:
    by_hand = [Change("po_2", "29", category="payout")]
    account.day(D2, pays={"po_1": ["txn_1"]}, by_hand=by_hand)
    assert outcome(lake, D2, "each_payout_is_explained").verdict is Verdict.NOT_APPLICABLE
    rows = lake.read_table(PAID, [D2]).to_pylist()
    put(lake, PAID, D2, [rows[0] | {"net": Decimal(99)}])
    found = outcome(lake, D2, "each_payout_is_explained")
    assert (found.verdict, found.expected, found.actual) == (Verdict.BROKEN, 100, 99)
    assert "payout po_1" in found.reason
    put(lake, "ending_balance_reconciliation_itemized_4", D2, [])
    suspects = {each.id for each in outcome(lake, D2, "each_payout_is_explained").suspects}
    assert suspects == {"txn_1", "po_1"}, "txn_2 may be in the manual payout"


def test_with_manual_payouts_a_transaction_that_is_nowhere_else_is_not_suspected(lake: Lake) -> None:
    account = Account(lake, automatic=False)
    account.day(D1, [Change("txn_1", "100")])
    account.day(D2, [Change("txn_2", "5")])
    put(lake, "balance_change_from_activity_itemized_3", D2, [Change("txn_2", "6").row])
    found = outcome(lake, D2, "activity_matches_balance")
    assert (found.verdict, found.suspects) == (Verdict.BROKEN, ())


def test_after_a_manual_payout_the_balance_need_not_be_what_is_open(lake: Lake) -> None:
    account = Account(lake, automatic=False)
    account.day(D1, [Change("txn_1", "100")])
    account.day(D2, by_hand=[Change("po_1", "40", category="payout")])
    account.day(D3, [Change("txn_2", "5")])
    found = {each.identity: each for each in reconcile(lake, [D3]) if each.currency == "usd"}
    assert {name for name, each in found.items() if each.verdict is not Verdict.HOLDS} == {
        "ending_balance_is_explained",
        "nothing_lost_between_days",
    }
    for name in ("ending_balance_is_explained", "nothing_lost_between_days"):
        assert found[name].verdict is Verdict.NOT_APPLICABLE
        assert found[name].reason == "the last payout in usd was not automatic"


def test_before_the_first_payout_an_account_without_open_rows_is_not_applicable(lake: Lake) -> None:
    account = Account(lake, automatic=False)
    account.day(D1, [Change("txn_1", "100")])
    found = outcome(lake, D1, "ending_balance_is_explained")
    assert (found.verdict, found.reason) == (
        Verdict.NOT_APPLICABLE,
        "no payout in usd is known, and no open transaction",
    )


def test_after_an_automatic_payout_the_balance_is_what_is_open_or_it_is_broken(
    lake: Lake, account: Account
) -> None:
    account.day(D2, pays={"po_1": ["txn_1"]})
    account.day(D3)
    put(lake, "ending_balance_reconciliation_itemized_4", D3, [])
    found = outcome(lake, D3, "ending_balance_is_explained")
    assert (found.verdict, found.expected, found.actual) == (Verdict.BROKEN, 30, 0)
    assert outcome(lake, D3, "nothing_lost_between_days").verdict is Verdict.BROKEN


def test_the_last_payout_is_looked_for_in_earlier_months(lake: Lake) -> None:
    account = Account(lake, automatic=False)
    account.day(date(2025, 1, 10), [Change("txn_1", "9")], by_hand=[Change("po_1", "4", category="payout")])
    account.day(D3)
    assert (
        outcome(lake, D3, "ending_balance_is_explained").reason == "the last payout in usd was not automatic"
    )


def test_of_several_payouts_the_last_one_up_to_the_day_decides(lake: Lake) -> None:
    account = Account(lake, automatic=False)
    march = [date(2025, 3, day) for day in (5, 10, 12, 20, 22)]
    account.day(march[0], [Change("txn_1", "100")], pays={"po_1": ["txn_1"]})
    account.day(march[1], [Change("txn_2", "9")], by_hand=[Change("po_2", "4", category="payout")])
    account.day(march[2])
    account.day(march[3], [Change("txn_3", "50")], pays={"po_3": ["txn_3"]})
    account.day(march[4])
    verdicts = [outcome(lake, day, "ending_balance_is_explained").verdict for day in march]
    applies, broken_, silent = Verdict.HOLDS, Verdict.BROKEN, Verdict.NOT_APPLICABLE
    assert verdicts == [applies, silent, silent, broken_, broken_]


def test_a_payout_that_comes_back_is_no_part_of_the_reconciliation(lake: Lake, account: Account) -> None:
    account.day(D2, pays={"po_1": ["txn_1"]})
    account.day(D3, pays={"po_2": ["txn_2"]}, comes_back=[Change("po_1", "100")])
    found = {each.identity: each for each in reconcile(lake, [D3]) if each.currency == "usd"}
    assert {name for name, each in found.items() if each.verdict is not Verdict.HOLDS} == {
        "ending_balance_is_explained"
    }, "the money is in the balance again, and this account does not report it as open"
    assert (found["payouts_match_balance"].actual, found["paid_out_matches_payouts"].actual) == (
        Decimal(70),
        Decimal(30),
    )


@pytest.mark.parametrize("reported", [True, False])
def test_a_payout_that_comes_back_may_be_an_open_item_or_not(
    lake: Lake, account: Account, reported: bool
) -> None:
    account.day(D2, pays={"po_1": ["txn_1", "txn_2"]})
    if reported:
        account.open.append(Change("txn_of_po_1", "130", category="payout_reversal"))
    account.day(D3, comes_back=[Change("po_1", "130")])
    assert outcome(lake, D3, "nothing_lost_between_days").verdict is Verdict.HOLDS
    assert outcome(lake, D3, "ending_balance_is_explained").verdict is (
        Verdict.HOLDS if reported else Verdict.BROKEN
    )


def test_a_negative_payout_is_held_against_its_transactions_as_any_other(lake: Lake) -> None:
    account = Account(lake)
    account.day(D1, [Change("txn_1", "-25.5", category="refund")])
    account.day(D2, pays={"po_1": ["txn_1"]})
    found = [each for each in reconcile(lake, [D2]) if each.currency == "usd"]
    assert {each.verdict for each in found} == {Verdict.HOLDS}
    by_name = {each.identity: each.expected for each in found}
    assert (
        by_name["payouts_match_balance"],
        by_name["paid_out_matches_payouts"],
        by_name["each_payout_is_explained"],
    ) == (
        Decimal("25.5"),
        Decimal("-25.5"),
        Decimal("-25.5"),
    )


def test_a_payout_of_nothing_that_is_in_one_report_only_is_broken(lake: Lake, account: Account) -> None:
    account.day(D2, [Change("txn_3", "-100", category="refund")], pays={"po_1": ["txn_1", "txn_3"]})
    assert outcome(lake, D2, "each_payout_is_explained").verdict is Verdict.HOLDS
    put(lake, "payouts_itemized_3", D2, [])
    found = outcome(lake, D2, "each_payout_is_explained")
    assert (found.verdict, found.residual, found.suspects[0].id) == (Verdict.BROKEN, 0, "po_1")


def test_without_the_summary_a_payout_that_lost_all_its_rows_is_taken_for_a_manual_one(
    lake: Lake, account: Account
) -> None:
    account.day(D2, pays={"po_1": ["txn_1"]})
    put(lake, PAID, D2, [])
    assert outcome(lake, D2, "each_payout_is_explained").verdict is Verdict.BROKEN
    without = [table for table in lake.tables() if table != PAID_SUMMARY]
    assert outcome(lake, D2, "each_payout_is_explained", tables=without).verdict is Verdict.NOT_APPLICABLE


def test_zero_and_three_decimals_are_nothing_special(lake: Lake) -> None:
    account = Account(lake)
    account.day(D1, [Change("txn_1", "1234567", "jpy"), Change("txn_2", "0.001", "kwd")])
    account.day(D2, pays={"po_1": ["txn_1"], "po_2": ["txn_2"]})
    found: list[Outcome] = of(reconcile(lake, [D2], identities=["paid_out_matches_payouts"]), Verdict.HOLDS)
    assert [(each.currency, each.actual) for each in found] == [("jpy", 1234567), ("kwd", Decimal("0.001"))]
