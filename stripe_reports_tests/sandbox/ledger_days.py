"""All core reports of days, and the equations between them, from the files alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from stripe_reports.sandbox.ledger import day_of
from stripe_reports_tests.sandbox.support import DAY, Client, total

CURRENCIES = ("usd", "eur", "jpy", "kwd")
Rows = list[dict[str, Any]]

_TRANSACTION_COLUMNS = [
    "balance_transaction_id", "created_utc", "automatic_payout_id", "automatic_payout_effective_at_utc",
    "currency", "gross", "fee", "net", "reporting_category",
]  # fmt: skip
PAYOUT_COLUMNS = [
    "payout_id", "effective_at_utc", "currency", "gross", "fee", "net", "reporting_category",
    "balance_transaction_id", "payout_status", "payout_reversed_at_utc", "payout_expected_arrival_date",
]  # fmt: skip


@dataclass
class Day:
    """All core reports of one day."""

    start: int
    balance: Rows
    activity: Rows
    activity_summary: Rows
    payouts: Rows
    payouts_summary: Rows
    reconciliation: Rows
    reconciliation_summary: Rows
    open: Rows
    open_summary: Rows

    @property
    def day(self) -> date:
        return day_of(self.start)

    def of_balance(self, category: str, currency: str) -> Decimal:
        """The line of the balance summary; where it stands without a currency it is zero for each."""
        found = [r for r in self.balance if r["category"] == category and r["currency"] in (currency, None)]
        (line,) = found
        assert line["currency"] == currency or Decimal(line["net_amount"]) == 0
        return Decimal(line["net_amount"])


def fetch(client: Client, start: int, payout_columns: Sequence[str] = (), length: int = DAY) -> Day:
    """From that second on, by one report run each."""
    end = start + length

    def rows(report_type: str, columns: Sequence[str] = ()) -> Rows:
        return client.report(report_type, start, end, columns=columns).rows

    return Day(
        start,
        rows("balance.summary.1"),
        rows("balance_change_from_activity.itemized.3", _TRANSACTION_COLUMNS),
        rows("balance_change_from_activity.summary.1"),
        rows("payouts.itemized.3", payout_columns),
        rows("payouts.summary.1"),
        rows("payout_reconciliation.itemized.5", _TRANSACTION_COLUMNS),
        rows("payout_reconciliation.summary.1"),
        client.report("ending_balance_reconciliation.itemized.4", end, columns=_TRANSACTION_COLUMNS).rows,
        client.report("ending_balance_reconciliation.summary.1", end).rows,
    )


def broken(days: Sequence[Day], by_hand: Collection[tuple[date, str]] = ()) -> set[tuple[str, date]]:
    """The identities that do not hold, with the day. In a currency with a manual payout `by_hand`,
    those that explain payouts and the ending balance are not applicable on its day."""
    ids = Counter(row["balance_transaction_id"] for day in days for row in day.activity)
    found = {
        ("no_transaction_twice", day.day)
        for day in days
        for r in day.activity
        if ids[r["balance_transaction_id"]] > 1
    }
    for before, day in pairwise([None, *days]):
        assert day
        for currency in CURRENCIES:
            automatic = (day.day, currency) not in by_hand
            for name, residual in _residuals(before, day, currency, automatic=automatic):
                if residual:
                    found.add((name, day.day))
    return found


def _residuals(before: Day | None, day: Day, currency: str, *, automatic: bool) -> Iterator[tuple[str, Any]]:
    def net(rows: Rows, reversals: bool | None = None) -> Decimal:
        its = [r for r in rows if reversals in (None, r["reporting_category"] == "payout_reversal")]
        return total(its, "net")[currency]

    starting, ending = (day.of_balance(each, currency) for each in ("starting_balance", "ending_balance"))
    payouts = day.of_balance("payouts", currency)
    yield "balance_adds_up", starting + day.of_balance("activity", currency) + payouts - ending
    yield "balance_continues", before and before.of_balance("ending_balance", currency) - starting
    yield "activity_matches_balance", day.of_balance("activity", currency) - net(day.activity)
    for rows, lines in (
        (day.activity, day.activity_summary),
        (day.payouts, day.payouts_summary),
        (day.reconciliation, day.reconciliation_summary),
        (day.open, day.open_summary),
    ):
        yield "summaries_match_rows", _by_category(rows, currency) ^ _lines(lines, currency)
        its = [r for r in rows if r["currency"] == currency]
        yield (
            "net_is_gross_less_fee",
            [r for r in its if Decimal(r["net"]) != Decimal(r["gross"]) - Decimal(r["fee"])],
        )
    yield "payouts_match_balance", payouts + net(day.payouts)
    if automatic:
        yield "paid_out_matches_payouts", net(day.reconciliation) + payouts + net(day.payouts, reversals=True)
        yield (
            "each_payout_is_explained",
            _paid(day.payouts, "payout_id", currency)
            ^ _paid(day.reconciliation, "automatic_payout_id", currency),
        )
        yield "ending_balance_is_explained", net(day.open) - ending
        came_back = [r for r in day.payouts if r["reporting_category"] == "payout_reversal"]
        came = [*(before.open if before else []), *day.activity, *came_back]
        yield (
            "nothing_lost_between_days",
            before and _ids(came, currency) != _ids([*day.reconciliation, *day.open], currency),
        )


def _by_category(rows: Rows, currency: str) -> set[tuple[Any, ...]]:
    its = [r for r in rows if r["currency"] == currency]
    return {
        (category, len(own), *(total(own, column)[currency] for column in ("gross", "fee", "net")))
        for category in {r["reporting_category"] for r in its} | ({"total"} if its else set())
        for own in [[r for r in its if category in ("total", r["reporting_category"])]]
    }


def _lines(lines: Rows, currency: str) -> set[tuple[Any, ...]]:
    """A summary prints fees negative."""
    return {
        (r["reporting_category"], int(r["count"]), Decimal(r["gross"]), -Decimal(r["fee"]), Decimal(r["net"]))
        for r in lines
        if r["currency"] == currency
    }


def _paid(rows: Rows, payout_id: str, currency: str) -> set[tuple[str, Decimal]]:
    its = [r for r in rows if r["currency"] == currency]
    if payout_id == "payout_id":
        its = [r for r in its if r["reporting_category"] == "payout"]
    return {
        (id_, total([r for r in its if r[payout_id] == id_], "net")[currency])
        for id_ in {r[payout_id] for r in its}
    }


def _ids(rows: Rows, currency: str) -> Counter[str]:
    return Counter(r["balance_transaction_id"] for r in rows if r["currency"] == currency)
