"""Sums by reporting category, as in all summary reports except the balance summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from stripe_reports.sandbox.ledger import CURRENCIES
from stripe_reports.sandbox.reports.query import Query, Row


class Line(NamedTuple):
    """A line of the itemized report, in minor units, with a positive fee."""

    currency: str
    reporting_category: str
    gross: int
    fee: int


def category_summary(query: Query, lines: Iterable[Line]) -> Iterator[Row]:
    """Yield a row per currency and category, then a `total` row per currency; no rows if there are no lines.

    Unlike in itemized reports, the fee is printed negative, so `net = gross + fee`.
    """
    sums: dict[str, dict[str, tuple[int, int, int]]] = {currency: {} for currency in CURRENCIES}
    for line in lines:
        by_category = sums[line.currency]
        for category in (line.reporting_category, "total"):
            count, gross, fee = by_category.get(category, (0, 0, 0))
            by_category[category] = (count + 1, gross + line.gross, fee + line.fee)
    totals = {currency: by_category.pop("total", None) for currency, by_category in sums.items()}
    for currency, by_category in sums.items():
        for category, amounts in sorted(by_category.items()):
            yield _row(query, category, currency, *amounts)
    for currency, total in totals.items():
        if total is not None:
            yield _row(query, "total", currency, *total)


def _row(query: Query, category: str, currency: str, count: int, gross: int, fee: int) -> Row:
    return {
        "reporting_category": category,
        "currency": currency,
        "count": str(count),
        "gross": query.money(gross, currency),
        "fee": query.money(-fee, currency),
        "net": query.money(gross - fee, currency),
    }
