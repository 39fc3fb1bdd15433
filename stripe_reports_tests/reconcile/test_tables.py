"""What is said where tables, days or columns are not there, and of amounts that are out of the ordinary."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal, localcontext
from pathlib import Path

import pytest

from stripe_reports.errors import ConfigurationError, LakeError
from stripe_reports.lake import Lake
from stripe_reports.reconcile import IDENTITIES, Verdict, reconcile, reconciled_tables
from stripe_reports_tests.core_lake import days_of
from stripe_reports_tests.reconcile.hand_made import COLUMNS, Account, Change, put
from stripe_reports_tests.reconcile.support import ALL, broken, of, outcome

D1, D2, D3 = days_of(date(2025, 3, 30), 3)
BALANCE, ACTIVITY = "balance_summary_1", "balance_change_from_activity_itemized_3"
PAYOUTS, UNPAID = "payouts_itemized_3", "ending_balance_reconciliation_itemized_4"
CORE = list(COLUMNS)
NEEDED_BY = {
    "balance_summary_1": "balance_adds_up balance_continues activity_matches_balance "
    "payouts_match_balance paid_out_matches_payouts ending_balance_is_explained",
    "balance_change_from_activity_itemized_3": "activity_matches_balance summaries_match_rows "
    "net_is_gross_less_fee nothing_lost_between_days no_transaction_twice rows_in_their_day",
    "balance_change_from_activity_summary_1": "summaries_match_rows",
    "payouts_itemized_3": "summaries_match_rows net_is_gross_less_fee payouts_match_balance "
    "paid_out_matches_payouts each_payout_is_explained ending_balance_is_explained "
    "nothing_lost_between_days rows_in_their_day",
    "payouts_summary_1": "summaries_match_rows",
    "payout_reconciliation_itemized_5": "summaries_match_rows net_is_gross_less_fee "
    "paid_out_matches_payouts each_payout_is_explained ending_balance_is_explained "
    "nothing_lost_between_days rows_in_their_day",
    "payout_reconciliation_summary_1": "summaries_match_rows paid_out_matches_payouts "
    "each_payout_is_explained ending_balance_is_explained nothing_lost_between_days",
    "ending_balance_reconciliation_itemized_4": "summaries_match_rows net_is_gross_less_fee "
    "ending_balance_is_explained nothing_lost_between_days",
    "ending_balance_reconciliation_summary_1": "summaries_match_rows",
}


@pytest.fixture
def account(lake: Lake) -> Account:
    account = Account(lake)
    account.day(D1, [Change("txn_1", "100"), Change("txn_2", "30")])
    return account


@pytest.mark.parametrize(("table", "identities"), NEEDED_BY.items(), ids=list(NEEDED_BY))
def test_where_a_table_has_not_landed_the_identities_that_read_it_are_missing(
    account: Account, lake: Lake, table: str, identities: str
) -> None:
    account.day(D2, pays={"po_1": ["txn_1"]}, without=[table])
    missing = of(reconcile(lake, [D2], tables=CORE), Verdict.MISSING)
    assert {(each.identity, each.currency) for each in missing} == {(name, "") for name in identities.split()}
    assert {each.reason for each in missing} == {f"{table} of 2025-03-31 has not landed"}
    assert {(each.expected, each.actual, each.residual) for each in missing} == {(None, None, None)}


def test_a_table_that_is_selected_and_never_landed_is_missing_too(lake: Lake) -> None:
    found = list(reconcile(lake, [D1], tables=CORE))
    assert [(each.identity, each.verdict) for each in found] == [(name, Verdict.MISSING) for name in ALL]


def test_where_a_report_is_not_selected_the_identity_is_not_applicable(account: Account, lake: Lake) -> None:
    account.day(D2, pays={"po_1": ["txn_1"]})
    found = list(reconcile(lake, [D2], tables=[BALANCE, PAYOUTS]))
    verdicts = {each.identity: (each.verdict, each.reason) for each in found}
    assert {name for name, (verdict, _) in verdicts.items() if verdict is Verdict.HOLDS} == {
        "balance_adds_up",
        "balance_continues",
        "net_is_gross_less_fee",
        "payouts_match_balance",
        "rows_in_their_day",
    }
    assert verdicts["activity_matches_balance"] == (
        Verdict.NOT_APPLICABLE,
        "balance_change_from_activity.itemized is not selected",
    )
    assert verdicts["each_payout_is_explained"][0] is Verdict.NOT_APPLICABLE
    applicable = {name for name, each in IDENTITIES.items() if each.is_applicable([BALANCE, PAYOUTS])}
    assert applicable == {
        "balance_adds_up",
        "balance_continues",
        "net_is_gross_less_fee",
        "payouts_match_balance",
        "rows_in_their_day",
    }


def test_where_no_report_is_selected_nothing_is_applicable(account: Account, lake: Lake) -> None:
    found = list(reconcile(lake, [D1], tables=["tax_transactions_itemized_2"]))
    assert [(each.identity, each.verdict) for each in found] == [(n, Verdict.NOT_APPLICABLE) for n in ALL]
    assert all(each.reason.endswith("not selected") for each in found)


def test_without_the_payouts_an_ending_balance_is_held_against_what_is_open(
    account: Account, lake: Lake
) -> None:
    assert outcome(lake, D1, "ending_balance_is_explained", tables=[BALANCE, UNPAID]).verdict is Verdict.HOLDS
    put(lake, UNPAID, D1, [Change("txn_1", "100").row])
    assert (
        outcome(lake, D1, "ending_balance_is_explained", tables=[BALANCE, UNPAID]).verdict is Verdict.BROKEN
    )


def test_where_the_day_before_has_not_landed_a_link_is_missing(account: Account, lake: Lake) -> None:
    account.day(D3)
    for name, table in (("balance_continues", BALANCE), ("nothing_lost_between_days", UNPAID)):
        found = outcome(lake, D3, name)
        assert (found.verdict, found.reason) == (Verdict.MISSING, f"{table} of 2025-03-31 has not landed")


def test_a_pair_that_is_broken_is_told_beside_one_that_is_missing(account: Account, lake: Lake) -> None:
    account.day(D2, [Change("txn_3", "5")], without=["payouts_summary_1"])
    put(lake, "balance_change_from_activity_summary_1", D2, [])
    found = list(reconcile(lake, [D2], tables=CORE, identities=["summaries_match_rows"]))
    assert [(each.currency, each.verdict) for each in found] == [
        ("", Verdict.MISSING),
        ("usd", Verdict.BROKEN),
    ]


def test_a_balance_that_is_gone_on_the_next_day_breaks_the_link(account: Account, lake: Lake) -> None:
    account.balance.clear()
    account.open.clear()
    account.day(D2, [Change("txn_3", "1", "eur")])
    found = outcome(lake, D2, "balance_continues")
    assert (found.verdict, found.expected, found.actual) == (Verdict.BROKEN, 130, 0)
    assert outcome(lake, D2, "balance_continues", "eur").verdict is Verdict.HOLDS, (
        "a currency that is new starts with nothing"
    )


def test_a_day_on_which_nothing_is_holds_as_nothing_is_nothing(lake: Lake) -> None:
    for table in CORE:
        put(lake, table, D1, [])
    found = of(reconcile(lake, [D1]), Verdict.HOLDS)
    assert [(each.identity, each.currency, each.expected, each.actual) for each in found] == [
        (name, "", 0, 0) for name in ALL if name not in ("balance_continues", "nothing_lost_between_days")
    ]


def test_a_line_without_a_currency_counts_if_it_has_an_amount(account: Account, lake: Lake) -> None:
    lines = lake.read_table(BALANCE, [D1], columns=list(COLUMNS[BALANCE])).to_pylist()
    put(lake, BALANCE, D1, [*lines, {"category": "payouts", "net_amount": Decimal(0)}])
    assert {each.currency for each in of(reconcile(lake, [D1]), Verdict.HOLDS)} == {"usd"}
    put(lake, BALANCE, D1, [*lines, {"category": "payouts", "net_amount": Decimal(-3)}])
    assert broken(reconcile(lake, [D1])) == {
        ("balance_adds_up", D1, ""),
        ("payouts_match_balance", D1, ""),
        ("paid_out_matches_payouts", D1, ""),
    }


def test_a_day_whose_only_line_has_no_currency_is_held_all_the_same(lake: Lake) -> None:
    put(lake, BALANCE, D1, [{"category": "payouts", "net_amount": Decimal(0)}])
    (found,) = reconcile(lake, [D1], tables=[BALANCE], identities=["balance_adds_up"])
    assert (found.currency, found.verdict) == ("", Verdict.HOLDS)


@pytest.mark.parametrize(
    ("table", "column", "silent"),
    [
        (PAYOUTS, "net", "payouts_match_balance paid_out_matches_payouts each_payout_is_explained"),
        (ACTIVITY, "balance_transaction_id", "nothing_lost_between_days no_transaction_twice"),
        (UNPAID, "currency", "ending_balance_is_explained nothing_lost_between_days"),
        (
            BALANCE,
            "net_amount",
            "balance_adds_up balance_continues activity_matches_balance payouts_match_balance "
            "paid_out_matches_payouts ending_balance_is_explained",
        ),
    ],
)
def test_where_a_column_is_not_there_the_identities_that_need_it_are_not_applicable(
    account: Account, lake: Lake, table: str, column: str, silent: str
) -> None:
    account.day(D2, [Change("txn_3", "1")], pays={"po_1": ["txn_1"]})
    rows = lake.read_table(table, [D2]).to_pylist()
    put(lake, table, D2, rows, [name for name in COLUMNS[table] if name != column])
    others = [each for each in reconcile(lake, [D2]) if each.verdict is not Verdict.HOLDS]
    assert {each.verdict for each in others} == {Verdict.NOT_APPLICABLE}
    assert sorted(each.identity for each in others) == sorted(silent.split())
    assert {each.reason for each in others} == {f"{table} has no column {column}"}


def test_a_column_without_values_says_nothing(account: Account, lake: Lake) -> None:
    rows = lake.read_table(ACTIVITY, [D1]).to_pylist()
    put(lake, ACTIVITY, D1, [{**row, "created_utc": None} for row in rows])
    found = outcome(lake, D1, "rows_in_their_day", tables=[ACTIVITY])
    assert found.verdict is Verdict.NOT_APPLICABLE
    assert found.reason.startswith(
        f"{ACTIVITY} has no value in created_utc; payouts.itemized is not selected"
    )


def test_without_instants_in_utc_the_local_ones_tell_the_day(account: Account, lake: Lake) -> None:
    rows = lake.read_table(ACTIVITY, [D1]).to_pylist()
    columns = [name for name in COLUMNS[ACTIVITY] if name != "created_utc"] + ["created"]
    midnight = rows[0]["created_utc"].replace(tzinfo=None, hour=0)
    put(lake, ACTIVITY, D1, [{**row, "created": midnight} for row in rows], columns)
    put(lake, ACTIVITY, D2, [{**row, "created": midnight} for row in rows], columns)
    told = {"tables": [ACTIVITY], "timezone": "America/New_York"}
    assert outcome(lake, D1, "rows_in_their_day", **told).verdict is Verdict.HOLDS
    found = outcome(lake, D2, "rows_in_their_day", **told)
    assert (found.verdict, found.suspects[0].why) == (Verdict.BROKEN, "at 2025-03-30 00:00:00")


def test_a_day_begins_with_its_first_instant_and_ends_before_that_of_the_next(
    account: Account, lake: Lake
) -> None:
    rows = lake.read_table(ACTIVITY, [D1]).to_pylist()
    begins = rows[0]["created_utc"].replace(hour=0)
    verdicts = []
    for instant in (begins, begins + timedelta(days=1, microseconds=-1), begins + timedelta(days=1)):
        put(lake, ACTIVITY, D1, [{**row, "created_utc": instant} for row in rows])
        verdicts.append(outcome(lake, D1, "rows_in_their_day", tables=[ACTIVITY]).verdict)
    assert verdicts == [Verdict.HOLDS, Verdict.HOLDS, Verdict.BROKEN]


def test_of_several_versions_that_of_the_core_is_reconciled_and_otherwise_the_newest() -> None:
    assert reconciled_tables(["payouts_itemized_1", "payouts_itemized_3", "payouts_itemized_5"]) == [PAYOUTS]
    assert reconciled_tables(["payouts_itemized_1", "payouts_itemized_5"]) == ["payouts_itemized_5"]
    others = [
        "connected_account_payouts_itemized_3",
        "payout_reconciliation_by_id_itemized_4",
        "reconciliation",
        "daily_fees",
    ]
    assert reconciled_tables(others) == []
    assert reconciled_tables(reversed(CORE)) == CORE


def test_sums_that_no_table_could_hold_are_an_error_and_do_not_wrap(account: Account, lake: Lake) -> None:
    huge = "60000000000000000000"
    account.day(D2, [Change("txn_3", huge), Change("txn_4", huge, "eur")])
    assert outcome(lake, D2, "activity_matches_balance").expected == Decimal(huge), (
        "as large as that, it is exact"
    )
    rows = lake.read_table(ACTIVITY, [D2]).to_pylist()
    put(lake, ACTIVITY, D2, [{**row, "currency": "usd"} for row in rows])
    with pytest.raises(LakeError) as caught:
        list(reconcile(lake, [D2]))
    assert str(caught.value) == (
        "cannot reconcile 2025-03-30 to 2025-03-31: amounts add up to more than a decimal(38, 18) can hold;"
        " look for absurd amounts in these days"
    )


def test_residuals_are_exact_to_the_last_of_38_digits(account: Account, lake: Lake) -> None:
    with localcontext(prec=60):
        account.day(D2, [Change("txn_3", "12345678901234567890.000000000000000001")])
    put(lake, ACTIVITY, D2, [Change("txn_3", "12345678901234567890.000000000000000002").row])
    found = outcome(lake, D2, "activity_matches_balance")
    assert found.residual == Decimal("0.000000000000000001")
    assert "found 12345678901234567890.000000000000000002, 0.000000000000000001 too much" in found.reason
    put(lake, ACTIVITY, D2, [])
    assert outcome(lake, D2, "activity_matches_balance").residual == Decimal(
        "-12345678901234567890.000000000000000001"
    )


def test_an_amount_that_is_off_is_told_before_a_count_of_rows(account: Account, lake: Lake) -> None:
    account.day(D2, [Change(f"txn_{number}", "0.1") for number in (3, 4, 5)])
    put(lake, ACTIVITY, D2, [])
    found = outcome(lake, D2, "summaries_match_rows")
    assert (found.expected, found.actual) == (Decimal("0.3"), 0)


def test_a_row_whose_net_is_the_difference_is_named_if_nothing_else_is(account: Account, lake: Lake) -> None:
    account.day(D2, [Change("txn_3", "5"), Change("txn_4", "-1")])
    lines = lake.read_table(BALANCE, [D2], columns=list(COLUMNS[BALANCE])).to_pylist()
    dearer = {"net_amount": Decimal(5)}
    put(lake, BALANCE, D2, [line | (dearer if line["category"] == "activity" else {}) for line in lines])
    named = [(each.id, each.why) for each in outcome(lake, D2, "activity_matches_balance").suspects]
    assert named == [("txn_4", "its net is the difference")]
    wrong = Change("txn_3", "5").row | {"net": Decimal(7)}
    put(lake, ACTIVITY, D2, [wrong, Change("txn_4", "-1").row])
    named = [(each.id, each.why) for each in outcome(lake, D2, "activity_matches_balance").suspects]
    assert named == [("txn_3", "net is not gross - fee")]


def test_an_unknown_identity_is_answered_with_the_nearest(lake: Lake) -> None:
    with pytest.raises(
        ConfigurationError,
        match="'balance_add_up' is not an identity; did you mean 'balance_adds_up'",
    ):
        reconcile(lake, [D1], identities=["balance_add_up"])


def test_a_former_name_of_an_identity_is_answered_with_the_new_one(lake: Lake) -> None:
    with pytest.raises(
        ConfigurationError,
        match="'I9' is not an identity; its name is now 'ending_balance_is_explained'; there are rows_in_",
    ):
        reconcile(lake, [D1], identities=["I9"])


def test_an_unknown_time_zone_is_told_at_once(lake: Lake) -> None:
    with pytest.raises(ConfigurationError, match="Europe/Nowhere"):
        reconcile(lake, [D1], timezone="Europe/Nowhere")


def test_a_damaged_table_is_an_error_that_names_it(account: Account, lake: Lake) -> None:
    path = Path(lake.uri(ACTIVITY, D1))
    path.write_bytes(b"PAR1" + b"\0" * 200)
    with pytest.raises(LakeError, match=ACTIVITY) as caught:
        list(reconcile(lake, [D1]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shouted", [[ACTIVITY], [BALANCE, PAYOUTS], CORE], ids=len)
def test_case_makes_no_other_currency_or_category(account: Account, lake: Lake, shouted: list[str]) -> None:
    account.day(D2, [Change("txn_3", "-5", category="refund")], pays={"po_1": ["txn_1"]})
    texts = ("currency", "category", "reporting_category")
    for table in shouted:
        rows = lake.read_table(table, [D2], columns=list(COLUMNS[table])).to_pylist()
        put(lake, table, D2, [{**r, **{n: r[n].upper() for n in texts if n in r}} for r in rows])
    found = list(reconcile(lake, [D2], tables=CORE))
    assert [(each.identity, each.currency, each.verdict) for each in found] == [
        (name, "usd", Verdict.HOLDS) for name in ALL
    ]


def test_blanks_make_another_currency(account: Account, lake: Lake) -> None:
    """What differs otherwise than by case is not merged."""
    rows = lake.read_table(ACTIVITY, [D1]).to_pylist()
    put(lake, ACTIVITY, D1, [{**row, "currency": "usd "} for row in rows])
    assert {"usd", "usd "} <= {each.currency for each in of(reconcile(lake, [D1]), Verdict.BROKEN)}
