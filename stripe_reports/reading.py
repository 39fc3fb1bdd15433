"""`stripe_reports.read`: the rows of landed days, for pyarrow, pandas, DuckDB and polars."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from stripe_reports.catalog import days_between, parse_day
from stripe_reports.errors import LakeError
from stripe_reports.lake import Lake, open_existing_lake
from stripe_reports.wording import nearest

if TYPE_CHECKING:
    from stripe_reports.lake import Rows


def read(
    table: str,
    start: date | str | None = None,
    end: date | str | None = None,
    *,
    lake: Lake | str | None = None,
    allow_missing_days: bool = False,
) -> Rows:
    """Read the rows of a table from `start` to `end`, both included, in the order of days.

    `table` is a name such as `balance_summary_1`, or the report type's id. Days are dates or "YYYY-MM-DD";
    None is the first landed day, or the last. `lake` is a lake or its uri; None is the one that
    STRIPE_REPORTS_LAKE names. The day itself is the column `date`, unless the table has one of that name.

    Raises LakeError for a table that does not exist, and for days in the range that have not landed: a sum
    without them would be too low, and nobody would notice. With `allow_missing_days` those days are left out.
    Raises ConfigurationError if there is no lake, and DayError for a text that is not a day.
    """
    found = lake if isinstance(lake, Lake) else open_existing_lake(lake, option="lake=")
    name = table.replace(".", "_")
    landed = found.days(name)
    if not landed:
        known = found.tables()
        raise LakeError(
            f"{found.root} has no table {table!r}{nearest(name, known)}"
            if known
            else f"{found.root} has no table yet; materialize a day first, or name another lake"
        )
    first, last = _day(start) or landed[0], _day(end) or landed[-1]
    wanted = days_between(first, last)
    if not wanted:
        raise LakeError(f"cannot read {name}: the first day, {first}, is after {last}, the last")
    if allow_missing_days:
        wanted = [day for day in landed if first <= day <= last]
        if not wanted:
            raise LakeError(f"{found.root} has no day of {name} from {first} to {last}")
    return found.dataset(name, wanted)


def _day(given: date | str | None) -> date | None:
    if isinstance(given, str):
        return parse_day(given)
    return given.date() if isinstance(given, datetime) else given
