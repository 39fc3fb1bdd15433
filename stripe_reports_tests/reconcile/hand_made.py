"""A small account whose reports are made by hand: what each day's tables say follows from what happened."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from stripe_reports.lake import Lake

Rows = list[dict[str, Any]]

DECIMAL = pa.decimal128(38, 18)
_TYPES: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("gross", "fee", "net", "net_amount"), DECIMAL),
    "count": pa.int64(),
    **dict.fromkeys(
        ("created_utc", "effective_at_utc", "automatic_payout_effective_at_utc"), pa.timestamp("us", tz="UTC")
    ),
    **dict.fromkeys(("created", "effective_at", "automatic_payout_effective_at"), pa.timestamp("us")),
}
_SUMS = ("reporting_category", "currency", "count", "gross", "fee", "net")
_ROWS = ("balance_transaction_id", "created_utc", "currency", "gross", "fee", "net", "reporting_category")
COLUMNS: Mapping[str, Sequence[str]] = {
    "balance_summary_1": ("category", "currency", "net_amount"),
    "balance_change_from_activity_itemized_3": _ROWS,
    "balance_change_from_activity_summary_1": _SUMS,
    "payouts_itemized_3": (
        "payout_id", "effective_at_utc", "currency", "gross", "fee", "net", "reporting_category",
        "balance_transaction_id",
    ),
    "payouts_summary_1": _SUMS,
    "payout_reconciliation_itemized_5": (
        "automatic_payout_id", "automatic_payout_effective_at_utc", *_ROWS,
    ),
    "payout_reconciliation_summary_1": _SUMS,
    "ending_balance_reconciliation_itemized_4": _ROWS,
    "ending_balance_reconciliation_summary_1": _SUMS,
}  # fmt: skip


def put(
    lake: Lake,
    table: str,
    day: date,
    rows: Rows,
    columns: Sequence[str] | None = None,
    *,
    timezone: str | None = None,
    parameters: Mapping[str, str] | None = None,
) -> None:
    """A day of a table with these columns, all of the report by default; what a row does not say is null.

    With a `timezone`, its footer says that and the report run's `parameters`, as of a day that landed.
    """
    names = COLUMNS[table] if columns is None else columns
    arrays = [pa.array([row.get(name) for row in rows], _TYPES.get(name, pa.string())) for name in names]
    facts = {"timezone": timezone, "parameters": json.dumps(dict(parameters or {}))} if timezone else None
    lake.derived.put(table, day, pa.table(arrays, names=list(names)), made_from="a test", facts=facts)


def put_again(lake: Lake, table: str, day: date, timezone: str = "UTC", **parameters: str) -> None:
    """The same day of a table as if it came from a report run with these parameters, which leave out rows."""
    rows = lake.read_table(table, [day]).to_pylist()
    kept = [row for row in rows if all(row.get(name, value) == value for name, value in parameters.items())]
    put(lake, table, day, kept, timezone=timezone, parameters=parameters)


@dataclass(frozen=True)
class Change:
    """A balance transaction."""

    id: str
    net: str
    currency: str = "usd"
    category: str = "charge"
    fee: str = "0"

    @property
    def row(self) -> dict[str, Any]:
        net, fee = Decimal(self.net), Decimal(self.fee)
        return {
            "balance_transaction_id": self.id,
            "currency": self.currency,
            "gross": net + fee,
            "fee": fee,
            "net": net,
            "reporting_category": self.category,
        }


@dataclass
class Account:
    """What it did so far. An account with `automatic` payouts has its open transactions reported."""

    lake: Lake
    automatic: bool = True
    open: list[Change] = field(default_factory=list)
    balance: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def day(
        self,
        day: date,
        new: Iterable[Change] = (),
        *,
        pays: Mapping[str, Sequence[str]] | None = None,
        by_hand: Iterable[Change] = (),
        comes_back: Iterable[Change] = (),
        without: Iterable[str] = (),
    ) -> None:
        """Put all tables of the day but those `without`.

        `pays` are ids of transactions by automatic payout; `by_hand` other payouts, `comes_back` payouts that
        return, both with what the bank gets or gives.
        """
        new, by_hand, comes_back = list(new), list(by_hand), list(comes_back)
        noon = {"created_utc": datetime(day.year, day.month, day.day, 12, tzinfo=UTC)}
        paid: Rows = []
        payouts: Rows = []
        known = {change.id: change for change in [*self.open, *new]}
        for payout, ids in (pays or {}).items():
            taken = [known.pop(id_) for id_ in ids]
            paid += [
                change.row
                | noon
                | {
                    "automatic_payout_id": payout,
                    "automatic_payout_effective_at_utc": noon["created_utc"],
                }
                for change in taken
            ]
            amount = str(sum(Decimal(change.net) for change in taken))
            payouts.append(_payout(Change(payout, amount, taken[0].currency, "payout")))
        payouts += [_payout(change) for change in by_hand]
        payouts += [
            _payout(Change(c.id, str(-Decimal(c.net)), c.currency, "payout_reversal")) for c in comes_back
        ]
        for row in payouts:
            row["effective_at_utc"] = noon["created_utc"]
        self.open = list(known.values()) if self.automatic else []
        activity, unpaid = ([change.row | noon for change in changes] for changes in (new, self.open))
        rows = {
            "balance_summary_1": self._summary(activity, payouts),
            "balance_change_from_activity_itemized_3": activity,
            "balance_change_from_activity_summary_1": _by_category(activity),
            "payouts_itemized_3": payouts,
            "payouts_summary_1": _by_category(payouts),
            "payout_reconciliation_itemized_5": paid,
            "payout_reconciliation_summary_1": _by_category(paid),
            "ending_balance_reconciliation_itemized_4": unpaid,
            "ending_balance_reconciliation_summary_1": _by_category(unpaid),
        }
        for table in rows.keys() - set(without):
            put(self.lake, table, day, rows[table])

    def _summary(self, activity: Rows, payouts: Rows) -> Rows:
        rows: Rows = []
        for currency in sorted({row["currency"] for row in [*activity, *payouts]} | self.balance.keys()):
            changed = sum((r["net"] for r in activity if r["currency"] == currency), Decimal(0))
            left = -sum((r["net"] for r in payouts if r["currency"] == currency), Decimal(0))
            start = self.balance[currency]
            self.balance[currency] = end = start + changed + left
            amounts = {
                "starting_balance": start,
                "activity": changed,
                "payouts": left,
                "ending_balance": end,
            }
            rows += [{"category": c, "currency": currency, "net_amount": a} for c, a in amounts.items()]
        return rows


def _payout(change: Change) -> dict[str, Any]:
    return change.row | {"payout_id": change.id, "balance_transaction_id": f"txn_of_{change.id}"}


def _by_category(rows: Rows) -> Rows:
    sums: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        for category in (row["reporting_category"], "total"):
            line = sums.setdefault(
                (row["currency"], category),
                {"currency": row["currency"], "reporting_category": category, "count": 0}
                | dict.fromkeys(("gross", "fee", "net"), Decimal(0)),
            )
            line["count"] += 1
            line["gross"] += row["gross"]
            line["fee"] -= row["fee"]
            line["net"] += row["net"]
    return list(sums.values())
