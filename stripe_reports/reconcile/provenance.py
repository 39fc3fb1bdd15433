"""The provenance of landed days: their time zone, and filters that left rows out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

from stripe_reports.catalog import is_utc
from stripe_reports.lake import Lake, TableSettings
from stripe_reports.reconcile.families import Family

_READ_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Filter:
    """A run parameter of a landed day that left rows out."""

    table: str
    day: date
    name: str
    value: str

    def keeps(self, currency: str) -> bool:
        """Return whether all rows of the currency are in the table."""
        return self.currency == currency

    @property
    def currency(self) -> str | None:
        """The one currency whose rows are all in the table; None if the filter is not by currency."""
        return self.value if self.name == "currency" else None

    def __str__(self) -> str:
        return f"{self.table} of {self.day} has the rows of {self.name} {self.value} only"


class Provenance:
    """The settings of landed days, each read once. Raises LakeError for a day that cannot be read."""

    def __init__(self, lake: Lake, tables: Mapping[Family, str]) -> None:
        self._lake = lake
        self._tables = tables
        self._known: dict[tuple[Family, date], TableSettings | None] = {}

    def read(self, family: Family, days: Iterable[date]) -> None:
        """Read these landed days, many at once."""
        unknown = [day for day in days if (family, day) not in self._known]
        if not unknown:
            return
        with ThreadPoolExecutor(min(_READ_AT_ONCE, len(unknown))) as threads:
            for day, settings in zip(
                unknown, threads.map(lambda day: self._read(family, day), unknown), strict=True
            ):
                self._known[family, day] = settings

    def settings(self, family: Family, day: date) -> TableSettings | None:
        """Return the settings of a landed day; None if its file does not have them."""
        self.read(family, [day])
        return self._known[family, day]

    def other_zone(self, family: Family, day: date, timezone: str) -> str | None:
        """Return the time zone of a landed day if it differs from `timezone`; otherwise None."""
        settings = self.settings(family, day)
        if settings is None or settings.timezone == timezone:
            return None
        return None if is_utc(settings.timezone) and is_utc(timezone) else settings.timezone

    def filters(self, family: Family, day: date) -> list[Filter]:
        """Return the filters of a landed day."""
        settings = self.settings(family, day)
        table = self._tables[family]
        return [Filter(table, day, *each) for each in settings.filters.items()] if settings else []

    def _read(self, family: Family, day: date) -> TableSettings | None:
        table = self._tables[family]
        return TableSettings.of_landed(self._lake.provenance(table, day), self._lake.uri(table, day))
