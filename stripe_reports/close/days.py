"""The days that a month's books are of: all of them landed whole, as days of one time zone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from stripe_reports.catalog import day_interval
from stripe_reports.close.month import Month
from stripe_reports.errors import CloseError
from stripe_reports.lake import Lake
from stripe_reports.reconcile import AS_OF_END, Family, Provenance, families

_NAMED = 3
_DAY = timedelta(days=1)


def demand_days(lake: Lake, month: Month, tables: Collection[str], *, timezone: str) -> Month:
    """The month, from the account's first day on if it began in it.

    Raises CloseError where one of its days is not landed, is a day of another time zone, or lacks rows that a
    filter left out.
    """
    selected = families(tables)
    landed = {family: lake.days(table) for family, table in selected.items()}
    first_days = {
        family: _first_day(lake, month, family, selected[family], days, timezone)
        for family, days in landed.items()
    }
    missing = sorted(
        f"{selected[family]} of {day}"
        for family, days in landed.items()
        for day in set(month.days).difference(days)
        if day >= first_days[family]
    )
    if missing:
        raise CloseError(
            f"{month} is not closed: not landed {'is' if len(missing) == 1 else 'are'}"
            f" {some(missing, ', ')}; materialize them first"
        )
    month = Month(max(first_days.values()))
    provenance = Provenance(lake, selected)
    for family, table in selected.items():
        provenance.read(family, month.days)
        for day in month.days:
            if zone := provenance.other_zone(family, day, timezone):
                raise CloseError(
                    f"{month} is not closed: {table} of {day} is a day in {zone}, and the month's days are in"
                    f" {timezone}; close it with the settings that its days landed with"
                )
            for filter_ in provenance.filters(family, day):
                raise CloseError(
                    f"{month} is not closed: {filter_}, and books need all rows; land its days without that"
                    " filter, in another lake (STRIPE_REPORTS_LAKE)"
                )
    return month


def _first_day(
    lake: Lake, month: Month, family: Family, table: str, landed: Sequence[date], timezone: str
) -> date:
    """The table's first day in the month: days of which Stripe had no data when the first one landed do not
    exist."""
    began = lake.settled.data_available_start(table)

    def exists(day: date) -> bool:
        interval = day_interval(day, timezone)
        return began is None or (interval.end if family in AS_OF_END else interval.start) >= began

    if not landed or not exists(landed[0]):  # it is not known what Stripe had then
        return month.first
    return next(filter(exists, month.days), month.last)


def some(items: Sequence[str], between: str) -> str:
    """The first of them, in a sentence."""
    more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return between.join(items[:_NAMED]) + more
