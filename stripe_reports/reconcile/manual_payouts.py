"""Finding the payouts that are manual or instant, which no column says."""

# ruff: noqa: S608  # made of constants
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby

from stripe_reports.lake import Lake
from stripe_reports.reconcile import equations, needs
from stripe_reports.reconcile.families import Family
from stripe_reports.reconcile.workspace import Workspace
from stripe_reports.wording import some

_NAMED = 3


def find_manual(workspace: Workspace, days: Iterable[date]) -> Mapping[tuple[date, str], Sequence[str]]:
    """Return the payouts of these days that are not automatic, by day and currency; fill the table `manual`.

    Payout reconciliation has automatic payouts only (https://docs.stripe.com/reports/payout-reconciliation),
    so a payout without a row in it is not automatic. There are two exceptions. If rows of that report are
    lost, its summary counts more rows than there are in that currency. If filters left rows out, nothing is
    known about that currency.
    """
    known = [
        day
        for day in days
        if all(
            family in workspace.tables
            and workspace.has_landed(family, day)
            and not workspace.lack(family, day, "payout_id")
            for family in (Family.PAYOUTS, Family.PAID)
        )
    ]
    filters = [each for day in known for each in workspace.filters(needs.MANUAL, day)]
    workspace.fill(
        "filtered",
        day=("DATE", [each.day for each in filters]),
        kept=("VARCHAR", [each.currency or "none" for each in filters]),
    )
    workspace.choose(known)
    workspace.run(f"CREATE OR REPLACE TEMP TABLE manual AS {equations.MANUAL}")
    found = workspace.query("SELECT day, currency, payout_id FROM manual ORDER BY ALL")
    return {key: [row[2] for row in rows] for key, rows in groupby(found, key=lambda row: row[:2])}


def named(payouts: Sequence[str]) -> str:
    """Return a sentence that names the first of these payouts."""
    are = "is" if len(payouts) == 1 else "are"
    return f"{some(payouts, _NAMED)} {are} no automatic payout{'s' if len(payouts) > 1 else ''}"


class PayoutHistory:
    """The history of payouts, automatic or not. Each month is read once, when it is needed."""

    def __init__(self, lake: Lake, tables: Mapping[Family, str], timezone: str) -> None:
        self._lake = lake
        self._timezone = timezone
        families = (Family.PAYOUTS, Family.PAID, Family.PAID_SUMMARY)
        self._tables = {family: tables[family] for family in families if family in tables}
        self._known: dict[tuple[int, int], list[tuple[date, str, bool]]] = {}
        self._days: Sequence[date] | None = None

    def last_was_manual(self, currency: str, day: date) -> bool | None:
        """Return whether the last payout up to a day was not automatic; None if no payout is known."""
        for month in reversed([month for month in self._months() if month <= (day.year, day.month)]):
            for on, its, manual in self._of(month):
                if on <= day and its == currency:
                    return manual
        return None

    def _months(self) -> list[tuple[int, int]]:
        if self._days is None:
            both = Family.PAYOUTS in self._tables and Family.PAID in self._tables
            self._days = self._lake.days(self._tables[Family.PAYOUTS]) if both else []
        return sorted({(day.year, day.month) for day in self._days})

    def _of(self, month: tuple[int, int]) -> list[tuple[date, str, bool]]:
        """Return (day, currency, whether a payout was not automatic) for the month, the newest day first."""
        if month not in self._known:
            days = [day for day in self._days or () if (day.year, day.month) == month]
            with Workspace(self._lake, self._tables, self._timezone) as workspace:
                workspace.load(days)
                find_manual(workspace, days)
                self._known[month] = [
                    (day, currency, manual) for day, currency, manual in workspace.query(_LAST)
                ]
        return self._known[month]


_LAST = f"""
SELECT day, currency, bool_or(manual.payout_id IS NOT NULL)
FROM payouts SEMI JOIN on_days USING (day)
LEFT JOIN manual USING (day, currency, payout_id)
WHERE category <> 'payout_reversal' AND {equations.ALL_ROWS}
GROUP BY day, currency
ORDER BY day DESC, currency
"""
