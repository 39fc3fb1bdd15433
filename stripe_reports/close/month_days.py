"""The days of a month that is closed: all have landed, with all their rows, in one time zone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from stripe_reports.catalog import day_interval
from stripe_reports.close.month import Month
from stripe_reports.errors import CloseError
from stripe_reports.lake import Lake
from stripe_reports.reconcile import AS_OF_END, Family, Provenance, families
from stripe_reports.wording import some

MOST_NAMED = 3
_DAY = timedelta(days=1)


def demand_days(lake: Lake, month: Month, tables: Collection[str], *, timezone: str) -> Month:
    """Return the month, from the account's first day on if the account began in it.

    Raises CloseError if one of its days has not landed, is in another time zone, or lacks rows that a filter
    left out.
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
            f"{month} is not closed: {some(missing, MOST_NAMED)} {'has' if len(missing) == 1 else 'have'} not"
            " landed; materialize these days first"
        )
    month = Month(max(first_days.values()))
    provenance = Provenance(lake, selected)
    for family, table in selected.items():
        provenance.read(family, month.days)
        for day in month.days:
            if zone := provenance.other_zone(family, day, timezone):
                raise CloseError(
                    f"{month} is not closed: {table} of {day} is a day in {zone}, and the month's days are in"
                    f" {timezone}; close it in the time zone that its days landed in"
                )
            for filter_ in provenance.filters(family, day):
                raise CloseError(
                    f"{month} is not closed: {filter_}, and the books need all rows; land its days"
                    " without that filter, in another lake (STRIPE_REPORTS_LAKE)"
                )
    return month


def _first_day(
    lake: Lake, month: Month, family: Family, table: str, landed: Sequence[date], timezone: str
) -> date:
    """Return the table's first day in the month; days before Stripe's first data do not exist.

    Stripe's first data are those that it had when the table's first day landed.
    """
    began = lake.settled.data_available_start(table)

    def exists(day: date) -> bool:
        interval = day_interval(day, timezone)
        return began is None or (interval.end if family in AS_OF_END else interval.start) >= began

    if not landed or not exists(landed[0]):  # what Stripe had then is not known
        return month.first
    return next(filter(exists, month.days), month.last)
