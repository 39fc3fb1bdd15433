"""Connected accounts: each has books of its own, in which the identities hold; the platform's have none."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from stripe_reports.sandbox.ledger import CURRENCIES
from stripe_reports_tests.sandbox.every_type import FIRST, SPRING, books
from stripe_reports_tests.sandbox.support import DAY, Client, refusal, total

ACCOUNTS = tuple(books().connected_accounts)
DAYS = range(FIRST, FIRST + 21 * DAY, DAY)
END = SPRING + 14 * DAY
ACTIVITY = "connected_account_balance_change_from_activity.itemized.3"
BY_ID = "connected_account_payout_reconciliation.by_id"
COLUMNS = (
    "connected_account", "balance_transaction_id", "currency", "gross", "fee", "net", "reporting_category",
    "automatic_payout_id",
)  # fmt: skip
PAYOUT_COLUMNS = (
    "connected_account", "payout_id", "currency", "gross", "fee", "net", "reporting_category",
)  # fmt: skip

Rows = list[dict[str, Any]]
WHOSE = pytest.mark.parametrize("whose", [*ACCOUNTS, None], ids=["first", "second", "third", "all"])


def _ask(client: Client, id_: str, start: int, end: int, whose: str | None, *columns: str) -> Rows:
    more = {} if whose is None else {"connected_account": whose}
    return client.report(f"connected_account_{id_}", start, end, columns=columns, **more).rows


def _balance(client: Client, start: int, whose: str | None) -> defaultdict[tuple[str, str], Decimal]:
    """By category and currency; a line without a currency is zero for each."""
    rows = _ask(client, "balance.summary.1", start, start + DAY, whose)
    return defaultdict(Decimal, {(r["category"], r["currency"]): Decimal(r["net_amount"]) for r in rows})


def test_there_are_three_made_from_the_seed() -> None:
    assert len(set(ACCOUNTS)) == 3
    assert all(id_.startswith("acct_1") and len(id_) == len(books().account) for id_ in ACCOUNTS)
    assert books().account not in ACCOUNTS


@WHOSE
def test_the_balance_adds_up_and_continues(client: Client, whose: str | None) -> None:
    balances = [_balance(client, day, whose) for day in DAYS]
    assert balances[0]["ending_balance", "usd"] != 0
    for currency in CURRENCIES:
        for day in balances:
            parts = ("starting_balance", "activity", "payouts")
            assert sum(day[part, currency] for part in parts) == day["ending_balance", currency]
        for day, following in pairwise(balances):
            assert day["ending_balance", currency] == following["starting_balance", currency]


@WHOSE
def test_activity_and_payouts_match_the_balance(client: Client, whose: str | None) -> None:
    for day in DAYS[:14]:
        balance = _balance(client, day, whose)
        activity = _ask(client, "balance_change_from_activity.itemized.3", day, day + DAY, whose, *COLUMNS)
        payouts = _ask(client, "payouts.itemized.3", day, day + DAY, whose, *PAYOUT_COLUMNS)
        paid = _ask(client, "payout_reconciliation.itemized.5", day, day + DAY, whose, *COLUMNS)
        for currency in CURRENCIES:
            assert balance["activity", currency] == total(activity, "net")[currency]
            assert balance["payouts", currency] == -total(payouts, "net")[currency]
            assert balance["payouts", currency] == -total(paid, "net")[currency]


@WHOSE
def test_the_ending_balance_is_explained(client: Client, whose: str | None) -> None:
    more = {} if whose is None else {"connected_account": whose}
    ending = _balance(client, END - DAY, whose)
    open_ = client.report(
        "connected_account_ending_balance_reconciliation.itemized.4", END, columns=COLUMNS, **more
    ).rows
    assert open_
    for currency in CURRENCIES:
        assert total(open_, "net")[currency] == ending["ending_balance", currency]


@WHOSE
@pytest.mark.parametrize(
    ("itemized", "summary"),
    [
        ("balance_change_from_activity.itemized.3", "balance_change_from_activity.summary.1"),
        ("payouts.itemized.3", "payouts.summary.1"),
        ("payout_reconciliation.itemized.5", "payout_reconciliation.summary.1"),
    ],
)
def test_summaries_match_rows(client: Client, itemized: str, summary: str, whose: str | None) -> None:
    columns = PAYOUT_COLUMNS if itemized.startswith("payouts") else COLUMNS
    rows = _ask(client, itemized, SPRING, END, whose, *columns)
    lines = _ask(client, summary, SPRING, END, whose)
    assert {(r["reporting_category"], r["currency"]) for r in rows} == {
        (line["reporting_category"], line["currency"])
        for line in lines
        if line["reporting_category"] != "total"
    }
    for line in lines:
        own = [
            row
            for row in rows
            if row["currency"] == line["currency"]
            and line["reporting_category"] in ("total", row["reporting_category"])
        ]
        assert int(line["count"]) == len(own) > 0
        assert Decimal(line["gross"]) == total(own, "gross")[line["currency"]]
        assert Decimal(line["fee"]) == -total(own, "fee")[line["currency"]]
        assert Decimal(line["net"]) == total(own, "net")[line["currency"]]


@pytest.mark.parametrize("whose", ACCOUNTS)
def test_each_payout_is_explained_for_ranges_and_by_id(client: Client, whose: str) -> None:
    payouts = _ask(client, "payouts.itemized.3", SPRING, END, whose, *PAYOUT_COLUMNS)
    paid = _ask(client, "payout_reconciliation.itemized.5", SPRING, END, whose, *COLUMNS)
    assert {row["automatic_payout_id"] for row in paid} == {payout["payout_id"] for payout in payouts}
    for number, payout in enumerate(payouts):
        own = [row for row in paid if row["automatic_payout_id"] == payout["payout_id"]]
        assert total(own, "net") == {payout["currency"]: Decimal(payout["net"])}
        if number < 5:
            which = {"connected_account": whose, "payout": payout["payout_id"]}
            assert client.report(f"{BY_ID}.itemized.4", columns=COLUMNS, **which).rows == own
            lines = client.report(f"{BY_ID}.summary.1", **which).rows
            assert Decimal(lines[-1]["net"]) == Decimal(payout["net"])


def test_without_a_filter_all_accounts_come_with_their_ids(client: Client) -> None:
    def rows(**more: str) -> Rows:
        return client.report(ACTIVITY, SPRING, END, columns=COLUMNS, **more).rows

    everything = rows()
    assert {row["connected_account"] for row in everything} == set(ACCOUNTS)
    for account in ACCOUNTS:
        own = [row for row in everything if row["connected_account"] == account]
        assert rows(connected_account=account) == own
    two = {f"connected_accounts][{number}": account for number, account in enumerate(ACCOUNTS[1:])}
    assert rows(**two) == [row for row in everything if row["connected_account"] != ACCOUNTS[0]]


def test_the_platforms_books_are_its_own(client: Client) -> None:
    theirs = client.report(ACTIVITY, SPRING, END, columns=COLUMNS).rows
    columns = ["balance_transaction_id"]
    own = client.report("balance_change_from_activity.itemized.3", SPRING, END, columns=columns).rows
    ids = [row["balance_transaction_id"] for row in (*theirs, *own)]
    assert len(ids) == len(set(ids))
    assert len(own) > 200 < len(theirs)


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({"connected_account": "acct_nobody"}, "parameters[connected_account]"),
        ({"connected_accounts][0": "acct_nobody"}, "parameters[connected_account]"),
        ({"connected_accounts": "acct_nobody"}, "parameters[connected_accounts]"),
        (
            {"connected_account": ACCOUNTS[0], "connected_accounts][0": ACCOUNTS[1]},
            "parameters[connected_accounts]",
        ),
    ],
)
def test_accounts_that_are_not_connected(client: Client, parameters: dict[str, str], param: str) -> None:
    assert refusal(client.create(ACTIVITY, SPRING, END, **parameters))["param"] == param


def test_a_payout_by_id_must_be_that_accounts(client: Client) -> None:
    payout = next(books().connected(ACCOUNTS[:1]).payouts(SPRING, END)).id
    platforms = next(books().payouts(SPRING, END)).id
    id_ = f"{BY_ID}.itemized.4"
    assert client.create(id_, connected_account=ACCOUNTS[0], payout=payout).status_code == 200
    for account, other in ((ACCOUNTS[1], payout), (ACCOUNTS[0], platforms)):
        refused = client.create(id_, connected_account=account, payout=other)
        assert refusal(refused)["param"] == "parameters[payout]"
    assert refusal(client.create(id_, payout=payout))["param"] == "parameters[connected_account]"
    by_platform = client.create("payout_reconciliation.by_id.itemized.4", payout=payout)
    assert refusal(by_platform)["param"] == "parameters[payout]"


def test_the_overview_is_the_balance_as_of_the_end(client: Client) -> None:
    rows = client.report("connect.negative_balance_refunds_disputes_overview.1", END).rows
    assert len(rows) == len(ACCOUNTS) * len(CURRENCIES)
    for account in ACCOUNTS:
        before, balance = (_balance(client, day, account) for day in (END - 2 * DAY, END - DAY))
        week = _ask(client, "balance_change_from_activity.itemized.3", END - 7 * DAY, END, account, *COLUMNS)
        refunds = total([row for row in week if row["reporting_category"] == "refund"], "gross")
        for row in (r for r in rows if r["account_id"] == account):
            currency = row["currency"]
            assert Decimal(row["balance"]) == balance["ending_balance", currency]
            change = balance["ending_balance", currency] - before["ending_balance", currency]
            assert Decimal(row["balance_24hr_net_change"]) == change
            assert row["has_24hr_negative_balance_change"] == ("true" if change < 0 else "false")
            assert Decimal(row["refunded_amount_7d"]) == -refunds[currency]
            pending = Decimal(row["balance_excluding_pending_debits"]) - Decimal(row["balance"])
            assert pending == Decimal(row["pending_debits"]) >= 0


def test_financial_accounts_balance(client: Client) -> None:
    def ask(id_: str, start: int, end: int) -> Rows:
        return client.report(f"connected_account_financial_account_{id_}", start, end).rows

    whole = ask("balance.summary.1", SPRING, END)
    flows = ask("balance_change_from_activity.itemized.1", SPRING, END)
    later = ask("balance.summary.1", END, END + DAY)
    for account in ACCOUNTS:
        for currency in CURRENCIES:
            starting, activity, ending = (
                Decimal(r["net_amount"])
                for r in whole
                if (r["connected_account"], r["currency"]) == (account, currency)
            )
            own = [r for r in flows if r["connected_account"] == account]
            assert activity == total(own, "amount")[currency]
            assert starting + activity == ending
            assert ending == next(
                Decimal(r["net_amount"])
                for r in later
                if (r["connected_account"], r["currency"]) == (account, currency)
            )
    lines = ask("balance_change_from_activity.summary.1", SPRING, END)
    assert sum(int(line["count"]) for line in lines) == len(flows) > 50
    assert total(lines, "amount") == total(flows, "amount")
    ids = [flow["financial_account_transaction_id"] for flow in flows]
    assert len(ids) == len(set(ids))


def test_financial_accounts_balance_at_any_second(client: Client) -> None:
    """Money comes in at midnight and goes on at one o'clock: the second itself belongs to what follows."""
    thursday = SPRING + 12 * DAY

    def ask(start: int, end: int) -> tuple[Rows, Rows]:
        id_ = "connected_account_financial_account_balance"
        flows = client.report(f"{id_}_change_from_activity.itemized.1", start, end).rows
        return client.report(f"{id_}.summary.1", start, end).rows, flows

    cuts = [thursday - DAY, *(thursday + later for later in (0, 1, 3600, 3601)), thursday + DAY]
    parts = [ask(start, end) for start, end in pairwise(cuts)]
    assert [flow for _, flows in parts for flow in flows] == ask(cuts[0], cuts[-1])[1]
    kinds = [{flow["flow_type"] for flow in flows} for _, flows in parts]
    assert "received_credit" in kinds[1]
    assert "outbound_transfer" in kinds[3]
    for (before, _), (after, _) in pairwise(parts):
        ending = [row["net_amount"] for row in before if row["category"] == "ending_balance"]
        assert ending == [row["net_amount"] for row in after if row["category"] == "starting_balance"]
    for balance, flows in parts:
        activity = [row for row in balance if row["category"] == "activity"]
        assert {c: a for c, a in total(activity, "net_amount").items() if a} == {
            c: a for c, a in total(flows, "amount").items() if a
        }
        for starting, change, ending in zip(balance[::3], balance[1::3], balance[2::3], strict=True):
            after = Decimal(starting["net_amount"]) + Decimal(change["net_amount"])
            assert after == Decimal(ending["net_amount"])
