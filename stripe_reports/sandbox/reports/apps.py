"""The reports about an app's listing: views, installs and rates, day by day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from stripe_reports.sandbox.ledger import DAY, Ledger, Seed, chance, day_of, days
from stripe_reports.sandbox.reports.query import Query, Row

_ONE_QUIET_DAY_IN = 8
_SCALE = 6
"""The decimals of rates."""


@dataclass(frozen=True, slots=True)
class ListingDay:
    """The counts of a day; there are at most as many visitors as views."""

    views: int
    visitors: int
    installs: int
    uninstalls: int

    @classmethod
    def of(cls, seed: Seed, day: date) -> ListingDay:
        """Return the day from the seed; on a quiet day, all counts are 0."""
        draw = chance(seed, "listing", day)
        if draw.randrange(_ONE_QUIET_DAY_IN) == 0:
            return cls(0, 0, 0, 0)
        views = draw.randint(5, 90)
        visitors = draw.randint(views // 2, views)
        installs = draw.randint(0, visitors // 4 + 1)
        return cls(views, visitors, installs, draw.randint(0, installs // 2))


AppsBody = Callable[[Ledger, Query], Iterator[Row]]


def counted(column: str, count: Callable[[ListingDay], int]) -> AppsBody:
    """Return the report of one count; it has no row on a day with 0."""

    def body(ledger: Ledger, query: Query) -> Iterator[Row]:
        for day in _days(query):
            if number := count(ListingDay.of(ledger.seed, day)):
                yield _row(ledger, day) | {column: str(number)}

    return body


def total_installs(ledger: Ledger, query: Query) -> Iterator[Row]:
    """Yield the number of installs at the end of each day, even if it has not changed."""
    for day, _, total in _with_totals(ledger, query):
        yield _row(ledger, day) | {"total_installs": str(total)}


def churn_rate(ledger: Ledger, query: Query) -> Iterator[Row]:
    """Yield the uninstalls of each day as a part of all apps that were installed on that day."""
    for day, listing, total in _with_totals(ledger, query):
        if had := total + listing.uninstalls:
            yield _row(ledger, day) | {
                "uninstall_events": str(listing.uninstalls),
                "total_installs": str(total),
                "churn_rate": _rate(query, listing.uninstalls, had),
            }


def lead_conversion_rate(ledger: Ledger, query: Query) -> Iterator[Row]:
    """Yield the installs of each day as a part of its visitors."""
    for day in _days(query):
        listing = ListingDay.of(ledger.seed, day)
        if listing.visitors:
            yield _row(ledger, day) | {
                "install_events": str(listing.installs),
                "unique_listing_views": str(listing.visitors),
                "lead_conversion_rate": _rate(query, listing.installs, listing.visitors),
            }


def lead_velocity_rate(ledger: Ledger, query: Query) -> Iterator[Row]:
    """Yield the change of visitors from the day before; a day after 0 visitors has no rate."""
    for day in _days(query):
        before, now = (ListingDay.of(ledger.seed, day - timedelta(days=back)).visitors for back in (1, 0))
        if now:
            rate = _rate(query, now - before, before) if before else None
            yield _row(ledger, day) | {"unique_listing_views": str(now), "lead_velocity_rate": rate}


def _days(query: Query) -> Iterator[date]:
    """Yield the days whose first second is in the interval."""
    return days(day_of(query.start + DAY - 1), day_of(query.end - 1))


def _with_totals(ledger: Ledger, query: Query) -> Iterator[tuple[date, ListingDay, int]]:
    wanted = list(_days(query))
    total = 0
    for day in days(day_of(ledger.start), wanted[-1]) if wanted else ():
        listing = ListingDay.of(ledger.seed, day)
        total += listing.installs - listing.uninstalls
        if day >= wanted[0]:
            yield day, listing, total


def _row(ledger: Ledger, day: date) -> Row:
    return {"date": f"{day} 00:00:00", "app_id": f"app_{chance(ledger.seed, 'app').randrange(10**12):012d}"}


def _rate(query: Query, part: int, whole: int) -> str:
    return query.decimal(part * 10**_SCALE // whole, _SCALE)
