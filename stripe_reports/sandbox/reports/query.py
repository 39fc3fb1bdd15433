"""What a report run asks for, and how its values are printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from stripe_reports.sandbox.ledger import major_units

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
    decimal_separator: str = "."

    def money(self, minor: int, currency: str) -> str:
        """Minor units as Stripe prints them, in major units."""
        return major_units(minor, currency, self.decimal_separator)

    def stamps(self, name: str, seconds: int) -> Row:
        """The column in the run's time zone, and its twin in UTC."""
        utc = utc_stamp(seconds)
        return {f"{name}_utc": utc, name: utc if self.zone is UTC else _stamp(seconds, self.zone)}

    def local_date(self, seconds: int) -> str:
        """The day of that instant in the run's time zone."""
        return _stamp(seconds, self.zone)[:10]


def utc_stamp(seconds: int) -> str:
    """`YYYY-MM-DD HH:MM:SS` in UTC."""
    return _stamp(seconds, UTC)


def _stamp(seconds: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(seconds, zone).isoformat(" ")[:19]
