"""No false alarm over days as they come."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from stripe_reports.lake import Lake
from stripe_reports.reconcile import IDENTITIES, Outcome, Verdict, reconcile
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.core_lake import days_of, land
from stripe_reports_tests.reconcile.conftest import DAYS, FIRST
from stripe_reports_tests.reconcile.support import ALL, of

CURRENCIES = ("eur", "jpy", "kwd", "usd")
ACTIVITY, PAYOUTS = "balance_change_from_activity_itemized_3", "payouts_itemized_3"


@pytest.fixture(scope="module")
def outcomes(core: Lake) -> list[Outcome]:
    return list(reconcile(core, DAYS))


def test_the_days_hold_what_makes_books_difficult(core: Lake) -> None:
    activity = core.read_pandas(ACTIVITY, columns=["date", "reporting_category", "currency"])
    assert {
        "charge",
        "refund",
        "refund_failure",
        "dispute",
        "dispute_reversal",
        "fee",
        "other_adjustment",
    } < set(activity["reporting_category"])
    assert {"risk_reserved_funds", "partial_capture_reversal"} < set(activity["reporting_category"])
    assert set(activity["currency"]) == set(CURRENCIES)
    assert set(DAYS) - set(activity["date"]), "a day without activity"
    payouts = core.read_pandas(PAYOUTS, columns=["date", "net"])
    assert set(DAYS) - set(payouts["date"]), "a day without payouts"
    assert (payouts["net"] < 0).any(), "a negative payout"


def test_all_identities_hold_on_all_days_in_all_currencies(outcomes: list[Outcome]) -> None:
    held = {(each.day, each.identity, each.currency) for each in of(outcomes, Verdict.HOLDS)}
    first = {("I2", FIRST), ("I10", FIRST)}
    assert held == {
        (day, identity, currency)
        for day in DAYS
        for identity in ALL
        for currency in CURRENCIES
        if (identity, day) not in first
    }


def test_what_needs_the_day_before_says_nothing_of_the_first_day(outcomes: list[Outcome]) -> None:
    others = [each for each in outcomes if each.verdict is not Verdict.HOLDS]
    assert [(each.identity, each.day, each.currency, each.verdict, each.reason) for each in others] == [
        ("I2", FIRST, "", Verdict.NOT_APPLICABLE, "balance_summary_1 begins with this day"),
        (
            "I10",
            FIRST,
            "",
            Verdict.NOT_APPLICABLE,
            "ending_balance_reconciliation_itemized_4 begins with this day",
        ),
    ]


def test_each_outcome_comes_once_in_the_order_of_days_identities_and_currencies(
    outcomes: list[Outcome],
) -> None:
    keys = [(each.day, ALL.index(each.identity), each.currency) for each in outcomes]
    assert keys == sorted(set(keys))


def test_an_outcome_that_holds_says_on_how_much(outcomes: list[Outcome], core: Lake) -> None:
    (held,) = [
        each for each in outcomes if (each.identity, each.day, each.currency) == ("I3", DAYS[21], "usd")
    ]
    rows = core.read_table(ACTIVITY, [DAYS[21]], columns=["currency", "net"]).to_pylist()
    assert held.expected == held.actual == sum(row["net"] for row in rows if row["currency"] == "usd") != 0
    assert (held.residual, held.reason, held.suspects, held.suspect_count, held.shares) == (0, "", (), 0, ())


def test_days_and_identities_may_be_any_of_them(core: Lake, outcomes: list[Outcome]) -> None:
    days = [DAYS[20], DAYS[3], DAYS[20]]
    some = list(reconcile(core, days, identities=["I10", "I9"]))
    assert some == [each for each in outcomes if each.day in days and each.identity in ("I9", "I10")]
    assert list(reconcile(core, [])) == []


def test_every_identity_is_named_and_has_a_statement() -> None:
    assert list(IDENTITIES) == ALL
    assert all(name == each.name and each.statement.endswith(".") for name, each in IDENTITIES.items())


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(date(2025, 3, 9), id="23 hours"),
        pytest.param(date(2025, 11, 2), id="25 hours", marks=pytest.mark.slow),
    ],
)
def test_no_alarm_where_clocks_change(lake: Lake, first: date) -> None:
    days, timezone = days_of(first, 2), "America/New_York"
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=60) as sandbox:
        land(lake, sandbox, days, timezone=timezone)
    assert not of(reconcile(lake, days, timezone=timezone), Verdict.BROKEN)
    assert not of(reconcile(lake, days, timezone=timezone), Verdict.MISSING)


def test_no_alarm_where_payouts_fail_or_are_manual(lake: Lake) -> None:
    days = days_of(date(2025, 1, 13), 8)
    unusual = ["2025-01-14,payout_reversed,currency=usd", "2025-01-15,manual_payout,currency=eur"]
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=20, tampering=unusual) as sandbox:
        land(lake, sandbox, days)
    payouts = lake.read_pandas(PAYOUTS, columns=["reporting_category"])["reporting_category"]
    assert Counter(payouts)["payout_reversal"] == 1
    others = [each for each in reconcile(lake, days) if each.verdict is not Verdict.HOLDS]
    assert [(each.identity, each.day, each.currency, each.verdict) for each in others if each.currency] == [
        (identity, date(2025, 1, 15), "eur", Verdict.NOT_APPLICABLE) for identity in ("I7", "I8", "I9", "I10")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("timezone", ["UTC", "Europe/Berlin"])
def test_no_alarm_in_a_year(tmp_path: Path, timezone: str) -> None:
    days = days_of(date(2025, 1, 2), 365)
    lake = Lake.open(str(tmp_path))
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=30) as sandbox:
        land(lake, sandbox, days, timezone=timezone)
    found = Counter((each.identity, each.verdict) for each in reconcile(lake, days, timezone=timezone))
    assert {identity for identity, verdict in found if verdict is Verdict.HOLDS} == set(ALL)
    assert {key: count for key, count in found.items() if key[1] is not Verdict.HOLDS} == {
        ("I2", Verdict.NOT_APPLICABLE): 1,
        ("I10", Verdict.NOT_APPLICABLE): 1,
    }
