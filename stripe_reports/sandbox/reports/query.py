"""The query of a report run, and how its values are printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from stripe_reports.sandbox.ledger import fixed_point, major_units

Row = dict[str, str | None]
"""A row by column name: text as Stripe prints it, None for NULL. A missing column is NULL."""


@dataclass(frozen=True, slots=True)
class Query:
    """The checked parameters of a report run. Instants are in Unix seconds; `end` is exclusive."""

    start: int
    end: int
    known_until: int
    """`data_available_end` at the creation of the run; a payout that is effective later is not known yet."""
    zone: tzinfo = UTC
    currency: str | None = None
    reporting_category: str | None = None
    payout: str | None = None
    connected_accounts: tuple[str, ...] | None = None
    """The ids of the connected accounts; None means all."""
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The values that columns must have, for reports with more filters than currency and category."""
    decimal_separator: str = "."

    def money(self, minor: int, currency: str) -> str:
        """Return minor units as Stripe prints them, in major units."""
        return major_units(minor, currency, self.decimal_separator)

    def decimal(self, units: int, scale: int) -> str:
        """Return units of `10**-scale` with that many decimals, as the fee reports print amounts."""
        return fixed_point(units, scale, self.decimal_separator)

    def matching(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows that pass `filters`, whether or not these columns are printed."""
        for row in rows:
            if all(row.get(column) in wanted for column, wanted in self.filters.items()):
                yield row

    def local(self, seconds: int) -> str:
        """Return the instant in the run's time zone, for columns without a UTC column."""
        return _stamp(seconds, self.zone)

    def stamps(self, name: str, seconds: int) -> Row:
        """Return the column in the run's time zone and its column in UTC."""
        utc = utc_stamp(seconds)
        return {f"{name}_utc": utc, name: utc if self.zone is UTC else self.local(seconds)}

    def local_date(self, seconds: int) -> str:
        """Return the day of the instant in the run's time zone."""
        return _stamp(seconds, self.zone)[:10]


def date_stamp(seconds: int) -> str:
    """Return the UTC day of the instant as Stripe prints a date."""
    return f"{utc_stamp(seconds)[:10]} 00:00:00"


def utc_stamp(seconds: int) -> str:
    """Return the instant as `YYYY-MM-DD HH:MM:SS` in UTC."""
    return _stamp(seconds, UTC)


def _stamp(seconds: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(seconds, zone).isoformat(" ")[:19]
