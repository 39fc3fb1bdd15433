"""What a report run asks for, and how its values are printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from stripe_reports.sandbox.ledger import fixed_point, major_units

Row = dict[str, str | None]
"""One line by column name: text as Stripe prints it, None for NULL. A column that is not there is NULL."""


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a report run, checked. Instants in Unix seconds, `end` exclusive."""

    start: int
    end: int
    known_until: int
    """`data_available_end` when the run was made: a payout that is effective later is not known yet."""
    zone: tzinfo = UTC
    currency: str | None = None
    reporting_category: str | None = None
    payout: str | None = None
    connected_accounts: tuple[str, ...] | None = None
    """Their ids; None for all that are connected."""
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What columns must hold, for the reports that select rows by more than currency and category."""
    decimal_separator: str = "."

    def money(self, minor: int, currency: str) -> str:
        """Minor units as Stripe prints them, in major units."""
        return major_units(minor, currency, self.decimal_separator)

    def decimal(self, units: int, scale: int) -> str:
        """Units of `10**-scale` with that many decimals, as the reports on fees print amounts."""
        return fixed_point(units, scale, self.decimal_separator)

    def matching(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows that hold what `filters` ask for, whether or not these columns are printed."""
        for row in rows:
            if all(row.get(column) in wanted for column, wanted in self.filters.items()):
                yield row

    def local(self, seconds: int) -> str:
        """The instant in the run's time zone, for columns that have no twin in UTC."""
        return _stamp(seconds, self.zone)

    def stamps(self, name: str, seconds: int) -> Row:
        """The column in the run's time zone, and its twin in UTC."""
        utc = utc_stamp(seconds)
        return {f"{name}_utc": utc, name: utc if self.zone is UTC else self.local(seconds)}

    def local_date(self, seconds: int) -> str:
        """The day of that instant in the run's time zone."""
        return _stamp(seconds, self.zone)[:10]


def date_stamp(seconds: int) -> str:
    """The UTC day of the instant, as Stripe prints a date."""
    return f"{utc_stamp(seconds)[:10]} 00:00:00"


def utc_stamp(seconds: int) -> str:
    """`YYYY-MM-DD HH:MM:SS` in UTC."""
    return _stamp(seconds, UTC)


def _stamp(seconds: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(seconds, zone).isoformat(" ")[:19]
