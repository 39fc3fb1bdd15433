"""The reports that are reconciled, their tables, and the names of their columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from stripe_reports.catalog import PRESETS, REPORT_TYPES


class Family(StrEnum):
    """The reports that are reconciled, named without a version; one version of each is reconciled.

    Names must match as a whole: reports of connected accounts are separate ledgers, and reports by id do not
    cover days.
    """

    BALANCE = "balance_summary"
    ACTIVITY = "balance_change_from_activity_itemized"
    ACTIVITY_SUMMARY = "balance_change_from_activity_summary"
    PAYOUTS = "payouts_itemized"
    PAYOUTS_SUMMARY = "payouts_summary"
    PAID = "payout_reconciliation_itemized"
    PAID_SUMMARY = "payout_reconciliation_summary"
    UNPAID = "ending_balance_reconciliation_itemized"
    UNPAID_SUMMARY = "ending_balance_reconciliation_summary"

    @property
    def role(self) -> str:
        """The name in SQL: `balance`, `activity`, `activity_summary` and so on."""
        return self.name.lower()

    @property
    def report(self) -> str:
        """Stripe's name for it, such as `payouts.itemized`."""
        return _REPORTS[self.value]


_SUMS = {
    "category": "reporting_category",
    "currency": "currency",
    "count": "count",
    "gross": "gross",
    "fee": "fee",
    "net": "net",
}
_ROWS = {name: column for name, column in _SUMS.items() if name != "count"} | {"id": "balance_transaction_id"}

COLUMNS: Mapping[Family, Mapping[str, str]] = {
    Family.BALANCE: {"category": "category", "currency": "currency", "net": "net_amount"},
    Family.ACTIVITY: _ROWS | {"utc": "created_utc", "local": "created"},
    Family.ACTIVITY_SUMMARY: _SUMS,
    Family.PAYOUTS: _ROWS | {"payout_id": "payout_id", "utc": "effective_at_utc", "local": "effective_at"},
    Family.PAYOUTS_SUMMARY: _SUMS,
    Family.PAID: _ROWS
    | {
        "payout_id": "automatic_payout_id",
        "utc": "automatic_payout_effective_at_utc",
        "local": "automatic_payout_effective_at",
    },
    Family.PAID_SUMMARY: _SUMS,
    Family.UNPAID: _ROWS,
    Family.UNPAID_SUMMARY: _SUMS,
}
"""Our name of a column -> Stripe's name. `utc` and `local` are the instant that decides a row's day."""

PAIRS: Mapping[Family, Family] = {
    Family.ACTIVITY: Family.ACTIVITY_SUMMARY,
    Family.PAYOUTS: Family.PAYOUTS_SUMMARY,
    Family.PAID: Family.PAID_SUMMARY,
    Family.UNPAID: Family.UNPAID_SUMMARY,
}
"""The itemized report -> its sums by reporting category."""

AS_OF_END = (Family.UNPAID, Family.UNPAID_SUMMARY)
"""The reports as of the end of a day, rather than over the day."""

_VERSIONED = re.compile(r"(\w+)_(\d+)", re.ASCII)
_CORE = {id_: REPORT_TYPES[id_].table for id_ in PRESETS["core"]}
_REPORTS = {table.rpartition("_")[0]: id_.rpartition(".")[0] for id_, table in _CORE.items()}


def families(tables: Iterable[str]) -> Mapping[Family, str]:
    """Return the table that is reconciled for each report among these tables, in the order of Family.

    It is the version in the preset `core` if that is among them, otherwise the newest.
    """
    found: dict[str, list[tuple[bool, int, str]]] = {}
    for table in tables:
        if match := _VERSIONED.fullmatch(table):
            found.setdefault(match[1], []).append((table in _CORE.values(), int(match[2]), table))
    return {family: max(found[family.value])[2] for family in Family if family.value in found}


def reconciled_tables(tables: Iterable[str]) -> list[str]:
    """Return those of these tables that `reconcile` reads."""
    return list(families(tables).values())
