"""What a table's rows are: days of one time zone, of report runs with the same filters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from stripe_reports.catalog import is_utc
from stripe_reports.errors import LakeError
from stripe_reports.lake.created_json import CreatedJson
from stripe_reports.lake.store import Store

if TYPE_CHECKING:
    from stripe_reports.lake.lake import Lake

_FOLDER = "_tables"
_NOT_FILTERS = frozenset(
    ("interval_start", "interval_end", "payout", "columns", "timezone", "decimal_separator", "decimal_format")
)


@dataclass(frozen=True, slots=True)
class TableSettings:
    """Compare equal if days of both may stand in one table."""

    timezone: str
    """Where the days begin and end."""
    printed_in: str
    """The time zone in which Stripe prints local times."""
    filters: Mapping[str, str]
    """Run parameters that leave rows out, such as `currency`: their values, several with commas between."""

    @classmethod
    def of(cls, timezone: str, parameters: Mapping[str, Any]) -> Self:
        """Those of days in that time zone whose report runs have these parameters."""
        return cls(
            _zone(timezone),
            _zone(str(parameters.get("timezone") or "UTC")),
            {
                name: _value(name, value)
                for name, value in sorted(parameters.items())
                if name not in _NOT_FILTERS
            },
        )

    @classmethod
    def of_landed(cls, provenance: Mapping[str, str], uri: str) -> Self | None:
        """Those that a landed day's provenance says; None if it says nothing of them.

        Raises LakeError if it is damaged.
        """
        if "timezone" not in provenance:
            return None
        try:
            parameters = json.loads(provenance.get("parameters", "{}"))
            return cls.of(provenance["timezone"], parameters)
        except (ValueError, AttributeError):
            raise LakeError(
                f"{uri} is damaged: its footer says {provenance['parameters']!r} of run parameters;"
                " materialize that day again"
            ) from None

    def __str__(self) -> str:
        filters = ", ".join(f"{name} {value}" for name, value in self.filters.items())
        printed = "" if self.printed_in == self.timezone else f", times printed in {self.printed_in}"
        return f"days in {self.timezone}{printed}, {f'filtered by {filters}' if filters else 'no filters'}"


class SettledTables:
    """The settings of each table: `<root>/_tables/<table>.json`. Reached as `Lake.settled`.

    The first landing writes them, and they stay: days of other settings overlap, or lack rows, and cannot be
    told apart once they stand in one table.
    """

    def __init__(self, lake: Lake, store: Store) -> None:
        self._lake = lake
        self._store = store

    def claim(self, table: str, settings: TableSettings, *, data_available_start: int) -> None:
        """Make these the settings of a table, or check that they are; call it before landing.

        A table without written settings has those of its newest landed day. `data_available_start` is kept
        from the first call: from when on Stripe had data, in Unix seconds. Raises LakeError for a table of
        other settings, for a damaged document, and where the store refuses.
        """
        file = self._file(table)
        said = file.read()
        if said is None:
            own = self._of_newest_day(table) or settings
            said = file.create_or_read(_body(own, data_available_start))
        own = _parsed(file, said)
        if own != settings:
            raise self._other(table, own, settings)

    def data_available_start(self, table: str) -> int | None:
        """From when on Stripe had data of it when its first day landed; None if that is not known."""
        file = self._file(table)
        said = file.read()
        if said is None:
            return None
        _parsed(file, said)
        return int(said["data_available_start"])

    def _of_newest_day(self, table: str) -> TableSettings | None:
        """Of a table that an older version of this package landed."""
        for day in self._lake.days(table)[-1:]:
            return TableSettings.of_landed(self._lake.provenance(table, day), self._lake.uri(table, day))
        return None

    def _file(self, table: str) -> CreatedJson:
        return CreatedJson(
            self._store,
            self._lake.root,
            _path(table),
            says="which days the table has",
            way_out="delete that file, and the next landing takes it from the newest landed day",
        )

    def _other(self, table: str, own: TableSettings, settings: TableSettings) -> LakeError:
        if not self._lake.days(table):
            way_out = f"no day of it has landed, so delete {self._uri(table)} to begin it anew"
        else:
            way_out = (
                "set STRIPE_REPORTS_LAKE to another place for the new settings; or, to land all of its days"
                f" again with them, delete {self._lake.root}/{table} and {self._uri(table)}"
            )
        return LakeError(
            f"the table {table} in {self._lake.root} has {own}, and this run has {settings}; nothing was"
            f" landed, because such days do not fit into one table; {way_out}"
        )

    def _uri(self, table: str) -> str:
        return f"{self._lake.root}/{_path(table)}"


def _parsed(file: CreatedJson, said: Mapping[str, Any]) -> TableSettings:
    timezone, printed_in, filters = (said.get(name) for name in ("timezone", "printed_in", "filters"))
    if not (
        isinstance(timezone, str) and isinstance(printed_in, str) and isinstance(filters, dict)
    ) or not isinstance(said.get("data_available_start"), int):
        raise file.damaged()
    return TableSettings(timezone, printed_in, {name: str(value) for name, value in filters.items()})


def _body(settings: TableSettings, data_available_start: int) -> dict[str, Any]:
    return {
        "timezone": settings.timezone,
        "printed_in": settings.printed_in,
        "filters": dict(settings.filters),
        "data_available_start": data_available_start,
    }


def _path(table: str) -> str:
    return f"{_FOLDER}/{table}.json"


def _zone(timezone: str) -> str:
    return "UTC" if is_utc(timezone) else timezone


def _value(name: str, value: Any) -> str:
    text = ",".join(sorted(map(str, value))) if isinstance(value, list | tuple) else str(value)
    return text.lower() if name == "currency" else text
