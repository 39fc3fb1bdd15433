"""Reports that tell the ledger in other words: fees, revenue, cards, apps. What they say must agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from stripe_reports_tests.sandbox.every_type import SPRING, decimals_of, live_client, sums
from stripe_reports_tests.sandbox.support import DAY, Client, total

END = SPRING + 31 * DAY
ACTIVITY = "balance_change_from_activity.itemized.3"
FEES = "all_fees.balance_transaction_created"
REVENUE = "revenue_recognition.debit_credit"

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def live() -> Iterator[Client]:
    with live_client() as client:
        yield client


@pytest.fixture(scope="module")
def activity(live: Client) -> Rows:
    columns = ["balance_transaction_id", "currency", "gross", "fee", "net", "reporting_category", "charge_id"]
    return live.report(ACTIVITY, SPRING, END, columns=columns).rows


@pytest.mark.parametrize("version", [2, 3])
def test_components_of_activity_add_up_to_the_days_net(live: Client, version: int) -> None:
    for day in range(SPRING, SPRING + 14 * DAY, DAY):
        columns = ["balance_transaction_id", "currency", "gross", "fee", "net"]
        itemized = live.report(ACTIVITY, day, day + DAY, columns=columns).rows
        parts = live.report(f"activity.itemized.{version}", day, day + DAY).rows
        assert total(parts, "amount") == total(itemized, "net")
        for component, column, sign in (("gross", "gross", 1), ("fee", "fee", -1)):
            own = [row for row in parts if row["balance_transaction_component"] == component]
            assert {row["balance_transaction_id"]: Decimal(row["amount"]) for row in own} == {
                row["balance_transaction_id"]: sign * Decimal(row[column])
                for row in itemized
                if component == "gross" or Decimal(row["fee"])
            }


def test_fees_are_what_the_balance_paid(live: Client, activity: Rows) -> None:
    fees = live.report(f"{FEES}.itemized.2", SPRING, END).rows
    assert {decimals_of(row[column]) for row in fees for column in ("amount", "tax")} == {18}
    assert any(row["amount"][-1] != "0" for row in fees), "the last decimal is in use"
    paid: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in activity:
        paid[row["currency"]] += Decimal(row["fee"])
        paid[row["currency"]] -= Decimal(row["gross"]) if row["reporting_category"] == "fee" else 0
    assert total(fees, "amount") == paid


def test_fee_lines_are_repeated_and_all_of_them_count(live: Client) -> None:
    fees = live.report(f"{FEES}.itemized.2", SPRING, END).rows
    repeated = [n for n in Counter(tuple(row.items()) for row in fees).values() if n > 1]
    assert len(repeated) > 50
    summary = live.report(f"{FEES}.summary.2", SPRING, END).rows
    by = ("suite", "product", "feature_name", "currency")
    for column in ("amount", "tax"):
        assert sums(summary, column, *by) == sums(fees, column, *by)
    assert {decimals_of(row["amount"]) for row in summary} == {18}


def test_fees_by_incurrence_are_the_same_lines_on_other_days(live: Client) -> None:
    taken = live.report(f"{FEES}.itemized.2", SPRING, END + DAY).rows
    incurred = live.report("all_fees.incurred_at.itemized.2", SPRING, END).rows
    first, last = ("2025-03-01 00:00:00", "2025-04-01 00:00:00")
    assert Counter(tuple(row.items()) for row in incurred) == Counter(
        tuple(row.items()) for row in taken if first <= row["incurred_at"] < last
    )
    assert any(row["incurred_at"][:10] < row["balance_transaction_created"][:10] for row in incurred)


def test_debits_are_credits_in_all_six_revenue_reports(live: Client) -> None:
    by = ("accounting_period", "open_accounting_period", "currency", "debit", "credit")
    names = ("summary", "by_customer", "by_price", "by_product", "by_invoice", "by_invoice_line_item")
    reports = [live.report(f"{REVENUE}_{name}.1", SPRING, END).rows for name in names]
    totals = [sums(rows, "amount", *by) for rows in reports]
    assert all(each == totals[0] for each in totals)
    assert len(reports[0]) == len(totals[0]), "one line for each"
    lengths = [len(rows) for rows in reports]
    assert lengths[0] < lengths[3] < lengths[2] < lengths[1] < lengths[4] == lengths[5]
    balances: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for (period, _, currency, debit, credit), amount in totals[0].items():
        assert amount > 0
        assert debit != credit
        balances[period, currency] += amount * (debit == "Cash") - amount * (credit == "Cash")
    assert {period for period, _ in balances} >= {"2025-02", "2025-03"}
    assert {row["open_accounting_period"] for row in reports[0]} == {"true", "false"}


def test_cash_of_revenue_recognition_is_cash_of_the_ledger(live: Client, activity: Rows) -> None:
    rows = live.report(f"{REVENUE}_summary.1", SPRING, END).rows
    debits, credits_ = (
        total([row for row in rows if row[side] == "Cash"], "amount") for side in ("debit", "credit")
    )
    no_revenue = ("other_adjustment", "risk_reserved_funds", "payout_minimum_balance")
    expected = total([r for r in activity if not r["reporting_category"].startswith(no_revenue)], "net")
    assert {currency: debits[currency] - credits_[currency] for currency in expected} == expected


def test_what_is_deferred_is_earned_in_two_months(live: Client) -> None:
    rows = live.report(f"{REVENUE}_by_invoice.1", SPRING, END).rows
    deferred = [row for row in rows if row["credit"] == "DeferredRevenue"]
    earned = [row for row in rows if row["debit"] == "DeferredRevenue"]
    assert sums(deferred, "amount", "charge_id") == sums(earned, "amount", "charge_id") != {}
    assert {row["accounting_period"] for row in deferred} == {"2025-03"}
    assert {row["accounting_period"] for row in earned} == {"2025-03", "2025-04"}


def test_revenue_of_one_customer(live: Client) -> None:
    everything = live.report(f"{REVENUE}_by_invoice.1", SPRING, END).rows
    customer = next(row["customer_id"] for row in everything if row["invoice_id"])
    invoice = next(row["invoice_id"] for row in everything if row["invoice_id"])
    for parameter, value, column in (
        ("customer", customer, "customer_id"),
        ("invoice", invoice, "invoice_id"),
    ):
        kept = live.report(f"{REVENUE}_by_invoice.1", SPRING, END, **{parameter: value}).rows
        assert kept == [row for row in everything if row[column] == value] != []


@pytest.mark.parametrize("version", [1, 2])
def test_card_fees_are_rate_times_volume(live: Client, activity: Rows, version: int) -> None:
    rows = live.report(f"card_payments_fees.transaction_level.{version}", SPRING, END).rows
    for row in rows:
        variable = Decimal(row["variable_rate"]) * Decimal(row["variable_volume_amount"])
        fixed = Decimal(row["fixed_per_item_amount"]) * int(row["fixed_per_item_count"])
        assert variable + fixed == Decimal(row["subtotal"])
        assert {decimals_of(row[column]) for column in ("variable_rate", "subtotal")} == {6}
    assert "0.005991" in {row["fixed_per_item_amount"] for row in rows}
    assert {row["charge_id"] for row in rows} < {row["charge_id"] for row in activity}


def test_card_fees_of_connected_accounts_add_up(live: Client) -> None:
    rows = live.report("connect_card_payments_fees.transaction_level.1", SPRING, END).rows
    parts = (
        "card_scheme_fee", "interchange_fee", "non_transactional_card_scheme_fee", "discount_fee",
        "platform_application_fee",
    )  # fmt: skip
    for row in rows:
        assert sum(Decimal(row[part]) for part in parts) == Decimal(row["total_amount"])
        assert decimals_of(row["total_amount"]) == 6
    plans = live.report("connect_card_payments_fees.plan_level.1", SPRING, END).rows
    by = ("connected_account_id", "fee_currency")
    assert sums(plans, "total_amount", *by) == sums(rows, "total_amount", *by)
    assert {row["livemode"] for row in (*rows, *plans)} == {"true"}
    assert len({row["connected_account_id"] for row in rows}) == 3


def test_failed_payouts_are_first_tries_of_others(live: Client) -> None:
    failed = live.report("failed_payouts.itemized.2", SPRING, END).rows
    payouts = live.report("payouts.itemized.3", SPRING, END).rows
    key = ("effective_at_utc", "currency", "gross")
    columns = ["payout_id", *key]
    paid = live.report("payouts.itemized.3", SPRING, END, columns=columns).rows
    assert {tuple(row[c] for c in key) for row in failed} < {tuple(row[c] for c in key) for row in paid}
    assert not {row["payout_id"] for row in failed} & {row["payout_id"] for row in payouts}
    assert {row["payout_status"] for row in failed} == {"failed"}


def test_treasury_fees_are_dated(live: Client) -> None:
    rows = live.report("treasury_fees.administrative_facilitation_fee", SPRING, END).rows
    days = sorted({row["date"] for row in rows})
    assert (days[0], days[-1]) == ("2025-03-01 00:00:00", "2025-03-31 00:00:00")
    assert len(days) < 31, "on some days nothing is in the account"
    assert all(Decimal(row["balance_amount"]) > 0 <= Decimal(row["fee"]) for row in rows)


def test_apps_add_up(live: Client) -> None:
    def by_date(name: str, column: str) -> dict[str, int]:
        return {row["date"]: int(row[column]) for row in live.report(f"apps.{name}.1", SPRING, END).rows}

    installs, uninstalls, totals, views, visitors = (
        by_date(name, name)
        for name in (
            "install_events",
            "uninstall_events",
            "total_installs",
            "listing_views",
            "unique_listing_views",
        )
    )
    assert len(totals) == 31 > len(views)
    assert all(date.endswith(" 00:00:00") for date in totals)
    for before, date in pairwise(totals):
        assert totals[date] == totals[before] + installs.get(date, 0) - uninstalls.get(date, 0)
    assert set(visitors) == set(views)
    assert all(visitors[date] <= views[date] for date in views)
    for row in live.report("apps.churn_rate.1", SPRING, END).rows:
        had = int(row["total_installs"]) + int(row["uninstall_events"])
        assert 0 <= int(row["uninstall_events"]) / had - float(row["churn_rate"]) < 0.000001
