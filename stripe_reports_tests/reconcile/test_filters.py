"""What is said of currencies of which filters left rows out: nothing is proven, and nothing is broken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from stripe_reports.catalog import PRESETS
from stripe_reports.lake import Lake
from stripe_reports.landing import ReportRequest
from stripe_reports.reconcile import Outcome, Verdict, chain, reconcile
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.core_lake import days_of, land
from stripe_reports_tests.reconcile.hand_made import COLUMNS, Account, Change, put, put_again
from stripe_reports_tests.reconcile.support import ALL, broken, of, outcome

_DAY = date(2025, 1, 22)
_DAYS = [_DAY - timedelta(days=1), _DAY]
_ACTIVITY = "balance_change_from_activity_itemized_3"
_ACTIVITY_ID = "balance_change_from_activity.itemized.3"
_READ_ACTIVITY = ["I3", "I4", "I5", "I10", "I11", "I12"]
_CORE = list(COLUMNS)
_PAID = "payout_reconciliation_itemized_5"
_UNPAID = "ending_balance_reconciliation_itemized_4"
_HOLDS, _SILENT = Verdict.HOLDS, Verdict.NOT_APPLICABLE


def _filtered(lake: Lake, requests: dict[str, ReportRequest]) -> list[Outcome]:
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=20) as sandbox:
        land(lake, sandbox, _DAYS, requests=requests)
    return [each for each in reconcile(lake, _DAYS) if each.day == _DAY]


def _names(outcomes: Sequence[Outcome], verdict: Verdict, currency: str) -> list[str]:
    return [each.identity for each in of(outcomes, verdict) if each.currency == currency]


def test_a_filter_on_one_report_leaves_the_other_currencies_unproven_and_breaks_none(lake: Lake) -> None:
    found = _filtered(lake, {_ACTIVITY_ID: ReportRequest(parameters={"currency": "eur"})})
    assert broken(found) == set()
    assert _names(found, _HOLDS, "eur") == ALL
    assert _names(found, _SILENT, "usd") == _READ_ACTIVITY
    assert _names(found, _HOLDS, "usd") == [name for name in ALL if name not in _READ_ACTIVITY]
    reason = f"{_ACTIVITY} of {_DAY} has the rows of currency eur only"
    assert {each.reason for each in of(found, _SILENT)} == {reason}


def test_a_filter_that_is_the_same_on_all_reports_proves_its_currency(lake: Lake) -> None:
    found = _filtered(lake, dict.fromkeys(PRESETS["core"], ReportRequest(parameters={"currency": "EUR"})))
    assert [(each.identity, each.currency, each.verdict) for each in found] == [
        (name, "eur", _HOLDS) for name in ALL
    ]


def test_a_filter_by_reporting_category_leaves_every_currency_unproven(lake: Lake) -> None:
    found = _filtered(lake, {_ACTIVITY_ID: ReportRequest(parameters={"reporting_category": "charge"})})
    assert broken(found) == set()
    for currency in ("usd", "eur"):
        assert _names(found, _SILENT, currency) == _READ_ACTIVITY
    assert {each.reason for each in of(found, _SILENT)} == {
        f"{_ACTIVITY} of {_DAY} has the rows of reporting_category charge only"
    }


def test_local_times_printed_in_another_zone_do_not_say_the_day(lake: Lake) -> None:
    columns = ["created", "currency", "gross", "fee", "net", "balance_transaction_id", "reporting_category"]
    request = ReportRequest(columns=columns, parameters={"timezone": "Asia/Tokyo"})
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=20) as sandbox:
        land(lake, sandbox, [_DAY], select=_ACTIVITY_ID, requests={_ACTIVITY_ID: request})
    found = outcome(lake, _DAY, "I12", tables=[_ACTIVITY])
    assert found.verdict is _SILENT
    assert f"{_ACTIVITY} has its times in Asia/Tokyo only" in found.reason


D1, D2, D3 = days_of(date(2025, 3, 30), 3)


@pytest.fixture
def account(lake: Lake) -> Account:
    """With both currencies, and nothing that is filtered."""
    account = Account(lake)
    account.day(D1, [Change("txn_1", "100"), Change("txn_2", "30", "eur")])
    account.day(D2, pays={"po_1": ["txn_1"], "po_2": ["txn_2"]})
    return account


@pytest.mark.parametrize(
    ("table", "day"),
    [
        ("balance_summary_1", D2),
        (_PAID, D2),
        (_UNPAID, D1),
        *(
            pytest.param(table, day, marks=pytest.mark.slow)
            for table, day in [*((table, D2) for table in _CORE), ("balance_summary_1", D1)]
            if (table, day) not in [("balance_summary_1", D2), (_PAID, D2)]
        ),
    ],
)
def test_whichever_report_is_filtered_nothing_breaks_and_its_currency_is_proven(
    account: Account, lake: Lake, table: str, day: date
) -> None:
    put_again(lake, table, day, currency="eur")
    found = list(reconcile(lake, [D2], tables=_CORE))
    assert broken(found) == set()
    assert _names(found, _HOLDS, "eur") == ALL
    assert {each.currency for each in of(found, _SILENT)} <= {"usd"}


@pytest.mark.parametrize("table", ["balance_summary_1", _PAID])
def test_filters_by_two_currencies_prove_neither(account: Account, lake: Lake, table: str) -> None:
    for each in _CORE:
        put_again(lake, each, D2, currency="usd" if each == table else "eur")
    found = list(reconcile(lake, [D2], tables=_CORE))
    assert broken(found) == set()
    for currency in ("usd", "eur"):
        assert len(_names(found, _SILENT, currency)) >= 1


def test_in_the_currency_that_is_there_a_difference_is_still_found(account: Account, lake: Lake) -> None:
    put_again(lake, _ACTIVITY, D1, currency="eur")
    rows = lake.read_table(_ACTIVITY, [D1]).to_pylist()
    put(lake, _ACTIVITY, D1, [], timezone="UTC", parameters={"currency": "eur"})
    assert rows
    found = list(reconcile(lake, [D1], tables=_CORE))
    assert {currency for _, _, currency in broken(found)} == {"eur"}
    (i3,) = [each for each in of(found, Verdict.BROKEN) if each.identity == "I3"]
    assert i3.residual == -30


def test_where_nothing_is_left_of_a_day_the_filtered_currency_is_what_is_proven(lake: Lake) -> None:
    for table in _CORE:
        put(lake, table, D1, [], timezone="UTC", parameters={"currency": "eur"})
    found = list(reconcile(lake, [D1], identities=["I1", "I3"]))
    assert [(each.currency, each.verdict) for each in found] == [("eur", _HOLDS)] * 2
    put(lake, _ACTIVITY, D1, [], timezone="UTC", parameters={"reporting_category": "charge"})
    for table in set(_CORE) - {_ACTIVITY}:
        put(lake, table, D1, [], timezone="UTC")
    (found_,) = reconcile(lake, [D1], identities=["I3"])
    assert (found_.currency, found_.verdict) == ("", _SILENT)


def test_payouts_whose_transactions_a_filter_left_out_are_not_taken_for_manual_ones(
    account: Account, lake: Lake
) -> None:
    """If they were, a difference on a later day would have an excuse."""
    put_again(lake, _PAID, D2, currency="eur")
    account.day(D3, [Change("txn_3", "7")])
    put(lake, _UNPAID, D3, [Change("txn_3", "6").row])
    found = outcome(lake, D3, "I9", tables=_CORE)
    assert (found.verdict, found.residual) == (Verdict.BROKEN, -1)


def test_a_filtered_balance_summary_breaks_no_chain(account: Account, lake: Lake) -> None:
    put_again(lake, "balance_summary_1", D1, currency="eur")
    found = chain(lake)
    assert (found.days, found.links, found.broken) == (2, 1, ())
