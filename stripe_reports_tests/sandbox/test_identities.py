"""The equations between Stripe's reports, from the files alone, with exact decimals and no tolerance."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

import pytest

from stripe_reports_tests.sandbox.ledger_days import CURRENCIES, Day, Rows, fetch
from stripe_reports_tests.sandbox.support import DAY, Client, Report, midnight, total

FIRST = midnight(date(2025, 1, 1))
DAYS = 40


@pytest.fixture(scope="module")
def ledger_days(client: Client) -> list[Day]:
    return [fetch(client, FIRST + number * DAY) for number in range(DAYS)]


def test_the_days_are_worth_testing(ledger_days: list[Day]) -> None:
    activity = [row for day in ledger_days for row in day.activity]
    assert {row["currency"] for row in activity} == set(CURRENCIES)
    assert {"charge", "refund", "dispute", "fee"} < {row["reporting_category"] for row in activity}
    assert any(not day.activity for day in ledger_days), "a day without activity"
    assert any(not day.payouts for day in ledger_days), "a day without payouts"
    assert any(Decimal(row["net"]) < 0 for day in ledger_days for row in day.payouts), "a negative payout"


def test_starting_balance_and_changes_make_the_ending_balance(ledger_days: list[Day]) -> None:
    for day in ledger_days:
        for currency in CURRENCIES:
            parts = ("starting_balance", "activity", "payouts")
            assert sum(day.of_balance(part, currency) for part in parts) == day.of_balance(
                "ending_balance", currency
            )


def test_holds_for_the_parts_of_activity_and_payouts(ledger_days: list[Day]) -> None:
    for day in ledger_days:
        for currency in CURRENCIES:
            for whole in ("activity", "payouts"):
                parts = day.of_balance(f"{whole}_gross", currency) + day.of_balance(f"{whole}_fee", currency)
                assert parts == day.of_balance(whole, currency)


def test_a_day_ends_with_what_the_next_one_starts_with(ledger_days: list[Day]) -> None:
    for currency in CURRENCIES:
        assert ledger_days[0].of_balance("starting_balance", currency) == 0
        for day, following in pairwise(ledger_days):
            ending = day.of_balance("ending_balance", currency)
            assert ending == following.of_balance("starting_balance", currency)


def test_activity_is_the_net_of_the_itemized_activity(ledger_days: list[Day]) -> None:
    for day in ledger_days:
        for currency in CURRENCIES:
            assert day.of_balance("activity", currency) == total(day.activity, "net")[currency]


def test_fees_of_their_own_move_to_the_fee_line(ledger_days: list[Day]) -> None:
    moved = 0
    for day in ledger_days:
        for currency in CURRENCIES:
            own = [row for row in day.activity if row["reporting_category"] == "fee"]
            before_fees = total(day.activity, "gross")[currency] - total(own, "gross")[currency]
            assert day.of_balance("activity_gross", currency) == before_fees
            moved += before_fees != total(day.activity, "gross")[currency]
    assert moved


@pytest.mark.parametrize(
    ("itemized", "summary"),
    [
        ("activity", "activity_summary"),
        ("payouts", "payouts_summary"),
        ("reconciliation", "reconciliation_summary"),
        ("open", "open_summary"),
    ],
)
def test_summaries_are_the_itemized_rows_by_category(
    ledger_days: list[Day], itemized: str, summary: str
) -> None:
    for day in ledger_days:
        rows: Rows = getattr(day, itemized)
        lines: Rows = getattr(day, summary)
        assert {(r["reporting_category"], r["currency"]) for r in rows} | {
            ("total", r["currency"]) for r in rows
        } == {(line["reporting_category"], line["currency"]) for line in lines}
        for line in lines:
            category, currency = line["reporting_category"], line["currency"]
            own = [
                r
                for r in rows
                if r["currency"] == currency and category in ("total", r["reporting_category"])
            ]
            assert int(line["count"]) == len(own)
            assert Decimal(line["gross"]) == total(own, "gross")[currency]
            assert Decimal(line["fee"]) == -total(own, "fee")[currency], "a summary prints fees negative"
            assert Decimal(line["net"]) == total(own, "net")[currency]
            assert Decimal(line["net"]) == Decimal(line["gross"]) + Decimal(line["fee"])


def test_totals_come_last(ledger_days: list[Day]) -> None:
    for day in ledger_days:
        categories = [line["reporting_category"] for line in day.activity_summary]
        assert categories == sorted(categories, key=lambda c: c == "total")


def test_net_is_gross_less_fee(ledger_days: list[Day]) -> None:
    rows = [
        row for day in ledger_days for row in (*day.activity, *day.payouts, *day.reconciliation, *day.open)
    ]
    assert all(Decimal(r["net"]) == Decimal(r["gross"]) - Decimal(r["fee"]) for r in rows)
    charges = [r for r in rows if r["reporting_category"] == "charge"]
    assert charges
    assert all(Decimal(r["fee"]) > 0 for r in charges)


def test_payouts_of_the_balance_summary_are_the_itemized_ones_with_the_other_sign(
    ledger_days: list[Day],
) -> None:
    for day in ledger_days:
        for currency in CURRENCIES:
            assert day.of_balance("payouts", currency) == -total(day.payouts, "net")[currency]
    (usual, *_) = (r for day in ledger_days for r in day.payouts if r["currency"] == "usd")
    assert Decimal(usual["gross"]) > 0, "money that goes to the bank is positive in the payouts report"


def test_what_was_paid_out_is_what_payouts_took_from_the_balance(ledger_days: list[Day]) -> None:
    for day in ledger_days:
        for currency in CURRENCIES:
            assert total(day.reconciliation, "net")[currency] == -day.of_balance("payouts", currency)


def test_each_payout_is_the_sum_of_its_transactions(ledger_days: list[Day]) -> None:
    payouts = 0
    for day in ledger_days:
        assert {r["automatic_payout_id"] for r in day.reconciliation} == {r["payout_id"] for r in day.payouts}
        for payout in day.payouts:
            own = [r for r in day.reconciliation if r["automatic_payout_id"] == payout["payout_id"]]
            assert total(own, "net") == {payout["currency"]: Decimal(payout["net"])}
            assert {r["automatic_payout_effective_at_utc"] for r in own} == {payout["effective_at"]}
            payouts += 1
    assert payouts > 80


def test_the_ending_balance_is_what_was_not_paid_out(ledger_days: list[Day]) -> None:
    for day in ledger_days:
        for currency in CURRENCIES:
            assert total(day.open, "net")[currency] == day.of_balance("ending_balance", currency)
        assert all(r["automatic_payout_id"] is None for r in day.open)


def test_every_transaction_is_open_until_it_is_paid_out_once(ledger_days: list[Day]) -> None:
    open_before: Counter[str] = Counter()
    for day in ledger_days:
        ids = {
            name: Counter(r["balance_transaction_id"] for r in rows)
            for name, rows in (("new", day.activity), ("paid", day.reconciliation), ("open", day.open))
        }
        assert open_before + ids["new"] == ids["paid"] + ids["open"]
        open_before = ids["open"]


def test_a_transaction_is_in_the_activity_of_one_day(ledger_days: list[Day]) -> None:
    ids = [r["balance_transaction_id"] for day in ledger_days for r in day.activity]
    assert len(ids) == len(set(ids)) > 1000


def test_ranges_add_up(client: Client, ledger_days: list[Day]) -> None:
    columns = ["balance_transaction_id", "created_utc", "automatic_payout_id", "net", "currency"]
    for report_type, days_rows in (
        ("balance_change_from_activity.itemized.3", [day.activity for day in ledger_days]),
        ("payout_reconciliation.itemized.5", [day.reconciliation for day in ledger_days]),
    ):
        whole = client.report(report_type, FIRST, FIRST + DAYS * DAY, columns=columns).rows
        assert whole == [{c: row[c] for c in columns} for rows in days_rows for row in rows]
    whole = client.report("payouts.itemized.3", FIRST, FIRST + DAYS * DAY).rows
    assert whole == [row for day in ledger_days for row in day.payouts]


def test_at_any_second(client: Client) -> None:
    rows = _bodies(client, "balance_change_from_activity.itemized.3", FIRST, FIRST + 4 * DAY)
    cut = rows[len(rows) // 2]["created_utc"]
    second = _seconds(cut)
    parts = [
        _bodies(client, "balance_change_from_activity.itemized.3", *interval)
        for interval in ((FIRST, second), (second, second + 1), (second + 1, FIRST + 4 * DAY))
    ]
    assert parts[0] + parts[1] + parts[2] == rows
    assert [r["created_utc"] for r in parts[1]] == [cut], "the start is inclusive, the end is not"


def test_a_payout_belongs_to_the_second_at_which_it_is_effective(client: Client) -> None:
    monday = FIRST + 12 * DAY
    (payout,) = client.report("payouts.itemized.3", monday, monday + 1, currency="usd").rows
    assert payout["effective_at"] == "2025-01-13 00:00:00"
    assert client.report("payouts.itemized.3", monday - 1, monday, currency="usd").rows == []
    evening = monday + 20 * 3600 + 9 * 60
    (payout,) = client.report("payouts.itemized.3", evening, evening + 1).rows
    assert (payout["currency"], payout["effective_at"]) == ("jpy", "2025-01-13 20:09:00")
    assert client.report("payouts.itemized.3", evening - 1, evening).rows == []


def test_balances_within_a_day(client: Client) -> None:
    noon = FIRST + 20 * DAY + 43_211
    morning, evening, day = (
        _balance(client.report("balance.summary.1", *interval))
        for interval in (
            (FIRST + 20 * DAY, noon),
            (noon, FIRST + 21 * DAY),
            (FIRST + 20 * DAY, FIRST + 21 * DAY),
        )
    )
    for currency in CURRENCIES:
        assert morning["ending_balance", currency] == evening["starting_balance", currency]
        for part in ("activity", "activity_gross", "activity_fee"):
            assert morning[part, currency] + evening[part, currency] == day[part, currency]


def test_the_available_balance_is_the_older_part_of_the_open_transactions(client: Client) -> None:
    day = FIRST + 20 * DAY
    available = _balance(client.report("balance.summary.1", day, day + DAY))
    columns = ["currency", "net", "available_on_utc"]
    open_ = client.report("ending_balance_reconciliation.itemized.4", day, columns=columns).rows
    older = [r for r in open_ if r["available_on_utc"] <= "2025-01-21 00:00:00"]
    assert 0 < len(older) < len(open_)
    for currency in CURRENCIES:
        assert available["starting_balance_available", currency] == total(older, "net")[currency]


def _balance(report: Report) -> dict[tuple[str, str], Decimal]:
    return {(r["category"], r["currency"]): Decimal(r["net_amount"]) for r in report.rows}


def _bodies(client: Client, report_type: str, start: int, end: int) -> Rows:
    columns = ["balance_transaction_id", "created_utc", "gross", "description"]
    return client.report(report_type, start, end, columns=columns).rows


def _seconds(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp())
