"""One amount or row of one landed table is wrong: exactly what rests on it breaks, and the row is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from stripe_reports.lake import Lake
from stripe_reports.reconcile import Verdict, reconcile
from stripe_reports_tests.core_lake import Rows, a_cent_off, rewrite, with_row_twice, without_row
from stripe_reports_tests.reconcile.support import broken, of, outcome

DAY = date(2025, 1, 22)
NEXT = DAY + timedelta(days=1)

BALANCE = "balance_summary_1"
ACTIVITY = "balance_change_from_activity_itemized_3"
ACTIVITY_SUMMARY = "balance_change_from_activity_summary_1"
PAYOUTS, PAYOUTS_SUMMARY = "payouts_itemized_3", "payouts_summary_1"
PAID, PAID_SUMMARY = "payout_reconciliation_itemized_5", "payout_reconciliation_summary_1"
UNPAID, UNPAID_SUMMARY = "ending_balance_reconciliation_itemized_4", "ending_balance_reconciliation_summary_1"

ACTS = "activity_matches_balance"
SUMS = "summaries_match_rows"
NETS = "net_is_gross_less_fee"
PAYS = "payouts_match_balance"
OUTS = "paid_out_matches_payouts"
EACH = "each_payout_is_explained"
ENDS = "ending_balance_is_explained"
LOSS = "nothing_lost_between_days"
ONCE = "no_transaction_twice"
ADDS = "balance_adds_up"
LINK = "balance_continues"

CURRENCIES = ("usd", "eur", "jpy", "kwd")

Change = Callable[[int], Callable[[Rows], Rows]]


def cent(column: str) -> Change:
    return lambda number: a_cent_off(column, number)


NET, GROSS, FEE, LOST, TWICE = cent("net"), cent("gross"), cent("fee"), without_row, with_row_twice


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        (
            ACTIVITY,
            [
                (NET, f"{ACTS} {SUMS} {NETS}"),
                (GROSS, f"{SUMS} {NETS}"),
                (FEE, f"{SUMS} {NETS}"),
                (LOST, f"{ACTS} {SUMS} {LOSS}"),
            ],
        ),
        (ACTIVITY, [(TWICE, f"{ACTS} {SUMS} {LOSS} {ONCE}")]),
        (
            PAYOUTS,
            [
                (NET, f"{SUMS} {NETS} {PAYS} {EACH}"),
                (GROSS, f"{SUMS} {NETS}"),
                (FEE, f"{SUMS} {NETS}"),
                (LOST, f"{SUMS} {PAYS} {EACH}"),
            ],
        ),
        (PAYOUTS, [(TWICE, f"{SUMS} {PAYS} {EACH}")]),
        (
            PAID,
            [
                (NET, f"{SUMS} {NETS} {OUTS} {EACH}"),
                (GROSS, f"{SUMS} {NETS}"),
                (FEE, f"{SUMS} {NETS}"),
                (LOST, f"{SUMS} {OUTS} {EACH} {LOSS}"),
            ],
        ),
        (PAID, [(TWICE, f"{SUMS} {OUTS} {EACH} {LOSS}")]),
        (
            UNPAID,
            [
                (NET, f"{SUMS} {NETS} {ENDS}"),
                (GROSS, f"{SUMS} {NETS}"),
                (FEE, f"{SUMS} {NETS}"),
                (LOST, f"{SUMS} {ENDS} {LOSS} {LOSS}-next"),
            ],
        ),
        (UNPAID, [(TWICE, f"{SUMS} {ENDS} {LOSS} {LOSS}-next")]),
    ],
)
def test_a_wrong_row_of_an_itemized_report_breaks_what_rests_on_it_and_is_named(
    few_days: Lake, table: str, changes: list[tuple[Change, str]]
) -> None:
    """One change in each currency, so that each shows what it breaks."""
    rows = _rows(few_days, table)
    key = "payout_id" if table == PAYOUTS else "balance_transaction_id"
    wrong = {}
    for currency, (change, _) in zip(CURRENCIES, changes, strict=False):
        number = next(n for n, row in enumerate(rows) if row["currency"] == currency)
        wrong[currency] = rows[number][key]
        rewrite(few_days, table, DAY, change(_number(few_days, table, key, rows[number][key])))
    found = list(reconcile(few_days, [DAY, NEXT]))
    assert broken(found) == _expected([names for _, names in changes])
    for each in of(found, Verdict.BROKEN):
        assert wrong[each.currency] in {suspect.id for suspect in each.suspects}, each.reason
        assert wrong[each.currency] in each.reason, "the first of them is told at once"


@pytest.mark.parametrize(
    "lines",
    [
        {
            "starting_balance": f"{ADDS} {LINK}",
            "activity": f"{ADDS} {ACTS}",
            "payouts": f"{ADDS} {PAYS} {OUTS}",
            "ending_balance": f"{ADDS} {ENDS} {LINK}-next",
        },
        {
            "activity_gross": "balance_adds_up",
            "activity_fee": "balance_adds_up",
            "payouts_gross": "balance_adds_up",
            "payouts_fee": "balance_adds_up",
        },
    ],
    ids=["sums", "parts"],
)
def test_a_cent_in_a_line_of_the_balance_summary_breaks_what_rests_on_it(
    few_days: Lake, lines: dict[str, str]
) -> None:
    for currency, category in zip(CURRENCIES, lines, strict=True):
        rewrite(few_days, BALANCE, DAY, a_cent_off("net_amount", _line(few_days, category, currency)))
    found = list(reconcile(few_days, [DAY, NEXT]))
    assert broken(found) == _expected(list(lines.values()))
    for each in of(found, Verdict.BROKEN):
        assert abs(each.residual or 0) == Decimal("0.01")
        if each.identity in ("balance_adds_up", "balance_continues"):
            category = list(lines)[CURRENCIES.index(each.currency)]
            assert category in {s.reporting_category for s in each.suspects if s.table == BALANCE}
        else:
            assert not each.suspects
            assert each.reason.endswith("no row explains it")


def test_a_line_of_the_balance_summary_that_stands_twice_is_named(few_days: Lake) -> None:
    rewrite(few_days, BALANCE, DAY, with_row_twice(_line(few_days, "starting_balance_available")))
    (found,) = of(reconcile(few_days, [DAY]), Verdict.BROKEN)
    assert (found.identity, found.residual) == ("balance_adds_up", 0), (
        "no sum has it, and it is wrong all the same"
    )
    assert (found.suspects[0].why, found.suspects[0].reporting_category) == (
        "twice",
        "starting_balance_available",
    )


@pytest.mark.parametrize(
    "summary",
    [
        ACTIVITY_SUMMARY,
        PAID_SUMMARY,
        *(pytest.param(each, marks=pytest.mark.slow) for each in (PAYOUTS_SUMMARY, UNPAID_SUMMARY)),
    ],
)
@pytest.mark.parametrize("changes", [[NET, GROSS, FEE, lambda n: a_cent_off("count", n, "1")], [LOST, TWICE]])
def test_a_wrong_line_of_a_summary_breaks_it_and_is_named(
    few_days: Lake, summary: str, changes: list[Change]
) -> None:
    wrong = {}
    for currency, change in zip(CURRENCIES, changes, strict=False):
        lines = enumerate(_rows(few_days, summary))
        number, line = next((n, line) for n, line in lines if line["currency"] == currency)
        wrong[currency] = line["reporting_category"]
        rewrite(few_days, summary, DAY, change(number))
    found = of(reconcile(few_days, [DAY, NEXT]), Verdict.BROKEN)
    assert broken(found) == _expected(["summaries_match_rows"] * len(changes))
    for each in found:
        assert [share.reporting_category for share in each.shares] == [wrong[each.currency]]
        assert [suspect.reporting_category for suspect in each.suspects] == [wrong[each.currency]]


def test_a_wrong_total_of_a_summary_breaks_it_and_is_named(few_days: Lake) -> None:
    numbers = [n for n, r in enumerate(_rows(few_days, PAID_SUMMARY)) if r["reporting_category"] == "total"]
    rewrite(few_days, PAID_SUMMARY, DAY, a_cent_off("net", numbers[0]))
    (found,) = of(reconcile(few_days, [DAY]), Verdict.BROKEN)
    assert [suspect.reporting_category for suspect in found.suspects] == ["total"]
    assert found.shares == ()


def test_a_summary_without_totals_is_as_good(few_days: Lake) -> None:
    rewrite(few_days, PAID_SUMMARY, DAY, lambda rows: [r for r in rows if r["reporting_category"] != "total"])
    assert not of(reconcile(few_days, [DAY]), Verdict.BROKEN)


def test_a_reason_says_which_equation_by_how_much_and_where_to_look(few_days: Lake) -> None:
    row = _rows(few_days, ACTIVITY)[0]
    before = outcome(few_days, DAY, "activity_matches_balance").expected
    assert before is not None
    rewrite(few_days, ACTIVITY, DAY, a_cent_off("net"))
    found = outcome(few_days, DAY, "activity_matches_balance")
    assert (found.expected, found.actual, found.residual) == (
        before,
        before + Decimal("0.01"),
        Decimal("0.01"),
    )
    assert found.reason == (
        "activity of the balance summary = net of the itemized activity: expected 635.19, found 635.2,"
        f" 0.01 too much; look at {row['balance_transaction_id']} in {ACTIVITY} of 2025-01-22"
        " (net is not gross - fee)"
    )
    (suspect,) = found.suspects
    assert (suspect.table, suspect.day, suspect.expected, suspect.actual) == (
        ACTIVITY,
        DAY,
        row["net"],
        row["net"] + Decimal("0.01"),
    )
    (share,) = found.shares
    assert (share.reporting_category, share.residual) == ("charge", Decimal("0.01"))


def test_amounts_that_are_wrong_in_themselves_consistently_are_found_by_a_neighbouring_report(
    few_days: Lake,
) -> None:
    row = _rows(few_days, ACTIVITY)[0]

    def dearer(rows: Rows) -> Rows:
        return [{**rows[0], "net": row["net"] + 5, "gross": row["gross"] + 5}, *rows[1:]]

    rewrite(few_days, ACTIVITY, DAY, dearer)
    (suspect,) = outcome(few_days, DAY, "activity_matches_balance").suspects
    assert suspect.why == f"other amounts than in {UNPAID} of 2025-01-22"
    assert (suspect.id, suspect.expected, suspect.actual) == (
        row["balance_transaction_id"],
        row["net"],
        row["net"] + 5,
    )


def test_errors_that_cancel_out_are_found_by_their_rows(few_days: Lake) -> None:
    other = _usd(few_days, ACTIVITY)[1]
    rewrite(few_days, ACTIVITY, DAY, lambda rows: a_cent_off("net", other, "-0.01")(a_cent_off("net")(rows)))
    found = outcome(few_days, DAY, "net_is_gross_less_fee")
    assert (found.verdict, found.residual, found.suspect_count) == (Verdict.BROKEN, 0, 2)
    assert "2 rows are off" in found.reason


def test_a_transaction_in_place_of_another_is_found_though_the_counts_agree(few_days: Lake) -> None:
    first, second, *_ = _usd(few_days, UNPAID)
    rewrite(few_days, UNPAID, DAY, lambda rows: [rows[second if n == first else n] for n in range(len(rows))])
    found = outcome(few_days, DAY, "nothing_lost_between_days")
    assert (found.verdict, found.residual) == (Verdict.BROKEN, 0)


def test_only_the_first_suspects_are_told_and_all_are_counted(few_days: Lake) -> None:
    rows = [r for r in _rows(few_days, UNPAID) if r["currency"] == "usd"]
    rewrite(few_days, UNPAID, DAY, lambda rows: [{**r, "net": r["net"] + 1} for r in rows])
    found = outcome(few_days, DAY, "ending_balance_is_explained")
    assert (len(found.suspects), found.suspect_count) == (20, len(rows))
    assert len(rows) > 20


def test_categories_tell_their_share_of_the_residual(few_days: Lake) -> None:
    def cheaper(rows: Rows) -> Rows:
        return [{**r, "net": r["net"] - 1} if r["currency"] == "usd" else r for r in rows]

    rewrite(few_days, UNPAID, DAY, cheaper)
    found = outcome(few_days, DAY, "ending_balance_is_explained")
    assert len(found.shares) > 1
    assert sum(share.residual for share in found.shares) == found.residual


def test_a_row_of_another_day_is_outside_and_in_the_activity_twice(few_days: Lake) -> None:
    strangers = [r for r in _rows(few_days, ACTIVITY, NEXT) if r["currency"] == "usd"][:1]
    rewrite(few_days, ACTIVITY, DAY, lambda rows: rows + strangers)
    found = list(reconcile(few_days, [DAY, NEXT]))
    assert broken(found) == {
        *(
            (identity, DAY, "usd")
            for identity in (
                "activity_matches_balance",
                "summaries_match_rows",
                "nothing_lost_between_days",
                "no_transaction_twice",
                "rows_in_their_day",
            )
        ),
        ("no_transaction_twice", NEXT, "usd"),
    }
    id_ = strangers[0]["balance_transaction_id"]
    whys = {
        (each.identity, each.day): suspect.why
        for each in found
        for suspect in each.suspects
        if suspect.id == id_ and each.identity in ("no_transaction_twice", "rows_in_their_day")
    }
    assert whys == {
        ("no_transaction_twice", DAY): "also on 2025-01-23",
        ("no_transaction_twice", NEXT): "also on 2025-01-22",
        ("rows_in_their_day", DAY): f"at {strangers[0]['created_utc']:%Y-%m-%d %H:%M:%S} UTC",
    }
    for day in (DAY, NEXT):
        alone = outcome(few_days, day, "no_transaction_twice")
        assert alone.verdict is Verdict.BROKEN, "also where only this day is asked for"


def test_a_payout_that_lost_all_its_rows_does_not_pass_for_a_manual_one(few_days: Lake) -> None:
    rewrite(few_days, PAID, DAY, lambda rows: [r for r in rows if r["currency"] != "jpy"])
    found = broken(reconcile(few_days, [DAY]))
    assert found == {
        (identity, DAY, "jpy")
        for identity in (
            "summaries_match_rows",
            "paid_out_matches_payouts",
            "each_payout_is_explained",
            "nothing_lost_between_days",
        )
    }


def _rows(lake: Lake, table: str, day: date = DAY) -> Rows:
    rows: Rows = pq.read_table(lake.uri(table, day)).to_pylist()
    return rows


def _number(lake: Lake, table: str, key: str, id_: str) -> int:
    return [row[key] for row in _rows(lake, table)].index(id_)


def _usd(lake: Lake, table: str) -> list[int]:
    return [n for n, row in enumerate(_rows(lake, table)) if row["currency"] == "usd"]


def _line(lake: Lake, category: str, currency: str = "usd") -> int:
    lines = enumerate(_rows(lake, BALANCE))
    return next(n for n, row in lines if (row["category"], row["currency"]) == (category, currency))


def _expected(names: list[str]) -> set[tuple[str, date, str]]:
    """Identities by currency; of the day after where they end with -next."""
    return {
        (name.removesuffix("-next"), NEXT if name.endswith("-next") else DAY, currency)
        for currency, all_ in zip(CURRENCIES, names, strict=False)
        for name in all_.split()
    }
