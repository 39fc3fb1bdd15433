"""The settings of a table: the time zone of its days, and the filters of its report runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from stripe_reports.catalog import is_utc
from stripe_reports.errors import LakeError
from stripe_reports.lake.documents.created_json import CreatedJson
from stripe_reports.lake.storage.partitions import landed_days, partition_path
from stripe_reports.lake.storage.store import Store

_FOLDER = "_tables"
_NOT_FILTERS = frozenset(
    ("interval_start", "interval_end", "payout", "columns", "timezone", "decimal_separator", "decimal_format")
)


@dataclass(frozen=True, slots=True)
class TableSettings:
    """The settings of a table. Days with equal settings fit into one table."""

    timezone: str
    """The time zone in which the days begin and end."""
    printed_in: str
    """The time zone in which Stripe prints local times."""
    filters: Mapping[str, str]
    """The values of run parameters that leave rows out, such as `currency`, separated by commas."""

    @classmethod
    def of(cls, timezone: str, parameters: Mapping[str, Any]) -> Self:
        """Return the settings of days in that time zone whose report runs have these parameters."""
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
        """Return the settings in the provenance of a landed day, or None if it has none.

        Raises LakeError if it is damaged.
        """
        if "timezone" not in provenance:
            return None
        try:
            parameters = json.loads(provenance.get("parameters", "{}"))
            return cls.of(provenance["timezone"], parameters)
        except (ValueError, AttributeError):
            raise LakeError(
                f"{uri} is damaged: its footer has {provenance['parameters']!r} as run parameters;"
                " materialize that day again"
            ) from None

    def __str__(self) -> str:
        filters = ", ".join(f"{name} {value}" for name, value in self.filters.items())
        printed = "" if self.printed_in == self.timezone else f", times printed in {self.printed_in}"
        return f"days in {self.timezone}{printed}, {f'filtered by {filters}' if filters else 'no filters'}"


class SettledTables:
    """The settings of each table: `<root>/_tables/<table>.json`. Use it as `Lake.settled`.

    The first landing writes them, and they stay. Days with other settings overlap, or lack rows, and cannot
    be told apart once they are in one table.
    """

    def __init__(self, store: Store, root: str) -> None:
        self._store = store
        self._root = root

    def claim(self, table: str, settings: TableSettings, *, data_available_start: int) -> None:
        """Write these as the settings of a table, or check that they are. Call it before landing.

        A table without written settings has those of its newest landed day. The first call also writes
        `data_available_start`: since when Stripe has data, in Unix seconds. Raises LakeError if the table has
        other settings, if their file is damaged, and if the store refuses.
        """
        file = self._file(table)
        said = file.read()
        if said is None:
            own = self._of_newest_day(table) or settings
            said = file.create_or_read(_body(own, data_available_start))
        own = _parsed(file, said)
        if own != settings:
            raise self._other(table, own, settings)

    def check(self, table: str, settings: TableSettings) -> None:
        """Check that the table has these settings, or none yet, and write nothing.

        Raises as `claim` does.
        """
        file = self._file(table)
        said = file.read()
        own = self._of_newest_day(table) if said is None else _parsed(file, said)
        if own is not None and own != settings:
            raise self._other(table, own, settings)

    def data_available_start(self, table: str) -> int | None:
        """Return since when Stripe had data for the table when its first day landed, or None if unknown.

        In Unix seconds.
        """
        file = self._file(table)
        said = file.read()
        if said is None:
            return None
        _parsed(file, said)
        return int(said["data_available_start"])

    def _of_newest_day(self, table: str) -> TableSettings | None:
        """Return the settings of a table that an older version of this package landed."""
        for day in landed_days(self._store, self._root, table)[-1:]:
            from stripe_reports.lake.reading.day_file import read_provenance  # imports pyarrow

            uri = f"{self._root}/{partition_path(table, day)}"
            return TableSettings.of_landed(read_provenance(self._store, self._root, table, day), uri)
        return None

    def _file(self, table: str) -> CreatedJson:
        return CreatedJson(
            self._store,
            self._root,
            _path(table),
            says="which settings the table has",
            way_out="delete that file; the next landing takes the settings of the newest landed day",
        )

    def _other(self, table: str, own: TableSettings, settings: TableSettings) -> LakeError:
        if not landed_days(self._store, self._root, table):
            way_out = f"no day of it has landed, so delete {self._uri(table)} to start again"
        else:
            way_out = (
                "set STRIPE_REPORTS_LAKE to another place for the new settings; or, to land all of its days"
                f" again with them, delete {self._root}/{table} and {self._uri(table)}"
            )
        return LakeError(
            f"the table {table} in {self._root} has {own}, and this run has {settings}; nothing was"
            f" landed, because such days do not fit into one table; {way_out}"
        )

    def _uri(self, table: str) -> str:
        return f"{self._root}/{_path(table)}"


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
