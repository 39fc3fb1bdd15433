"""`stripe_reports.read`: landed days as rows that pyarrow, pandas, DuckDB and polars take as they are."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from stripe_reports import environment
from stripe_reports.catalog import days_between, nearest, parse_day
from stripe_reports.errors import ConfigurationError, LakeError
from stripe_reports.lake import Lake

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
    """The rows of a table from `start` to `end`, both included, in the order of days.

    `table` is a name such as `balance_summary_1`, or the report type's id. Days are dates or "YYYY-MM-DD";
    None is the first landed day, or the last. `lake` is a lake or its uri; None is the one that
    STRIPE_REPORTS_LAKE names. The day itself is the column `date`, unless the table has one of that name.

    Raises LakeError for a table that is not there, and for days in between that have not landed: a sum over
    them would be of too little without a word. With `allow_missing_days` those are left out. Raises
    ConfigurationError where there is no lake, and DayError for what is no day.
    """
    found = lake if isinstance(lake, Lake) else _open(lake or environment.lake_uri())
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
        raise LakeError(f"nothing to read of {name}: {first} is after {last}")
    if allow_missing_days:
        wanted = [day for day in landed if first <= day <= last]
        if not wanted:
            raise LakeError(f"{found.root} has no day of {name} from {first} to {last}")
    return found.dataset(name, wanted)


def _open(uri: str) -> Lake:
    """A lake that is there: opening one makes its directory."""
    parts = urlsplit(uri)
    path = unquote(parts.path) if parts.scheme == "file" else uri
    if parts.scheme in ("", "file") and not Path(path).expanduser().is_dir():
        raise ConfigurationError(f"there is no lake at {uri}; name another with lake= or STRIPE_REPORTS_LAKE")
    if parts.scheme != "s3":
        return Lake.open(uri)
    from boto3.session import Session  # knows profiles and roles, as those that land the tables do

    return Lake.open(uri, s3_session=Session())


def _day(given: date | str | None) -> date | None:
    if isinstance(given, str):
        return parse_day(given)
    return given.date() if isinstance(given, datetime) else given
