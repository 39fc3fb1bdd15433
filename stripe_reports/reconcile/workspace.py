"""A workspace for reconciling: days of the tables in DuckDB, under one set of names."""

# ruff: noqa: S608  # made of constants
from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Self

from stripe_reports.catalog import day_interval
from stripe_reports.errors import LakeError
from stripe_reports.lake import Lake
from stripe_reports.reconcile.families import COLUMNS, Family
from stripe_reports.reconcile.identity import Needs
from stripe_reports.reconcile.provenance import Filter, Provenance

_MEMORY = "400MB"
_THREADS = 2
_DAY = timedelta(days=1)
_MICROSECONDS = 1_000_000
_WIDEST = Decimal(10) ** 20
"""More than any DECIMAL(38, 18). Older versions of DuckDB return sums that reach it."""
_SEEN = {
    **{name: f"lower(coalesce({name}, ''))" for name in ("currency", "category")},
    **{name: f"coalesce({name}, '')" for name in ("id", "payout_id")},
}
"""The SQL of text columns. Currencies and categories ignore case; ids do not."""
_MAY_BE_EMPTY = ("currency", "category")
"""The columns that may be null in all rows of a day, as long as its file has them."""


class Workspace:
    """A DuckDB database in memory: for each family a view with the columns of `COLUMNS`, and `day`.

    Null texts are "" in it, currencies and categories are in lower case, and instants are in microseconds.
    The view of a table that is not selected is empty. The table `on_days` has the days that the next queries
    are about. Memory is bounded; what does not fit goes to a temporary directory. Close it, or use it in a
    `with`.
    """

    def __init__(
        self,
        lake: Lake,
        tables: Mapping[Family, str],
        timezone: str = "UTC",
        not_offered: Collection[Family] = (),
    ) -> None:
        import duckdb

        self._lake = lake
        self._timezone = timezone
        self._not_offered = not_offered
        self._about = str(lake)
        self._chosen: list[date] | None = None
        self.tables = tables
        """The names in the lake of the selected tables."""
        self.landed: Mapping[Family, Sequence[date]] = {
            family: lake.days(table) for family, table in tables.items()
        }
        """All landed days of each selected table, sorted, including days in another time zone."""
        self._landed = {family: frozenset(days) for family, days in self.landed.items()}
        self._provenance = Provenance(lake, tables)
        self._values: dict[tuple[Family, date], Mapping[str, int]] = {}
        self._spill = tempfile.TemporaryDirectory(prefix="stripe_reports_reconcile_")
        self._connection = duckdb.connect(
            config={"memory_limit": _MEMORY, "threads": _THREADS, "temp_directory": self._spill.name}
        )
        self.run("SET preserve_insertion_order = false")
        for family in Family:
            columns = COLUMNS[family]
            self._empty(family.role, columns)
            seen = [f"{_SEEN[name]} AS {name}" if name in _SEEN else name for name in columns]
            self.run(
                f"CREATE TEMP VIEW {family.role} AS SELECT day, {', '.join(seen)} FROM {family.role}_rows"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free its memory and disk."""
        self._connection.close()
        self._spill.cleanup()

    def has_landed(self, family: Family, day: date) -> bool:
        """Return whether the day of a selected table is in the lake, in this time zone."""
        return (
            day in self._landed[family] and self._provenance.other_zone(family, day, self._timezone) is None
        )

    def landed_among(self, family: Family, days: Iterable[date]) -> Sequence[date]:
        """Return those of the days that are in the lake, in this time zone."""
        known = self._landed.get(family, frozenset())
        landed = [day for day in days if day in known]
        self._provenance.read(family, landed)
        return [day for day in landed if self.has_landed(family, day)]

    def load(self, days: Iterable[date], families: Iterable[Family] | None = None) -> None:
        """Read those of these days that have landed, in place of the days that were read before."""
        asked = sorted(set(days))
        self._about = f"{asked[0]} to {asked[-1]}"
        for family in self.tables if families is None else families:
            columns = COLUMNS[family]
            self._empty(family.role, columns)
            landed = self.landed_among(family, asked)
            self.read(f"{family.role}_rows", family, landed, columns)
            counts = ", ".join(f"count({name})" for name in columns)
            found = self.query(f"SELECT day, count(*), {counts} FROM {family.role}_rows GROUP BY day")
            for day, rows, *values in found:
                self._values[family, day] = {"": rows, **dict(zip(columns, values, strict=True))}

    def read(self, into: str, family: Family, days: Sequence[date], names: Iterable[str]) -> None:
        """Add the rows of these landed days to a table. Columns that the lake lacks stay null."""
        from stripe_reports.reconcile import workspace_columns

        if not days:
            return
        table = self.tables[family]
        dataset = self._lake.dataset(table, days)
        present = {
            name: column
            for name, column in COLUMNS[family].items()
            if name in names and not workspace_columns.why_unreadable(dataset.schema, name, column)
        }
        chosen = ", ".join(["day", *map(workspace_columns.expression, present)])
        for rows in workspace_columns.batches(
            dataset, {"day": "date", **present}, f"{self._lake.root}/{table}"
        ):
            self._connection.register("arrived", rows)
            self.run(f"INSERT INTO {into} BY NAME SELECT {chosen} FROM arrived")
            self._connection.unregister("arrived")

    def lack(self, family: Family, day: date, name: str) -> str | None:
        """Return why a column of a loaded day cannot be used, such as `payouts_itemized_3 has no column net`;
        None if it can, or if there are no rows. `instant` is either of `utc` and `local`."""
        from stripe_reports.reconcile import workspace_columns

        if name == "instant":
            return self.lack(family, day, "utc") and self._lack_of_local(family, day)
        values = self._values.get((family, day))
        if values is None or values[name]:
            return None
        table, column = self.tables[family], COLUMNS[family][name]
        with self._lake.open_file(table, day) as file:
            why = workspace_columns.why_unreadable(file.schema_arrow, name, column)
        if why is None and name not in _MAY_BE_EMPTY:
            why = f"has no value in {column}"
        return why and f"{table} {why}"

    def _lack_of_local(self, family: Family, day: date) -> str | None:
        """Return why local times cannot replace missing ones in UTC: they say the day only if they are
        printed in its time zone. None if they can."""
        settings = self._provenance.settings(family, day)
        if settings and settings.printed_in != settings.timezone:
            return f"{self.tables[family]} has its times in {settings.printed_in} only"
        return self.lack(family, day, "local") and self.lack(family, day, "utc")

    def not_selected(self, needs: Needs) -> str | None:
        """Return a sentence that says which report is not selected or not offered; None if there is none."""
        absent = [family for family in needs.columns if family not in self.tables]
        sentences = []
        for others, why in (
            ([each.report for each in absent if each in self._not_offered], "offered by this account"),
            ([each.report for each in absent if each not in self._not_offered], "selected"),
        ):
            if others:
                sentences.append(f"{' and '.join(others)} {_are(others)} not {why}")
        return "; ".join(sentences) or None

    def missing(self, needs: Needs, day: date) -> str | None:
        """Return which days of the selected tables have not landed; None if all have."""
        needed = self._needed(needs, day)
        absent = [f"{self.tables[family]} of {on}" for family, on in needed if on not in self._landed[family]]
        reasons = [f"{' and '.join(absent)} {_have(absent)} not landed"] if absent else []
        for family, on in needed:
            if on in self._landed[family] and (
                zone := self._provenance.other_zone(family, on, self._timezone)
            ):
                reasons.append(
                    f"{self.tables[family]} of {on} is a day in {zone}, and the days asked for are in"
                    f" {self._timezone}"
                )
        return "; ".join(reasons) or None

    def silent(self, needs: Needs, day: date) -> str | None:
        """Return why landed tables say nothing about the day; None if they say something."""
        if needs.day_before and self._begins(needs.day_before, day):
            return f"{self.tables[needs.day_before]} begins with this day"
        needed = [(family, day) for family in needs.columns]
        if needs.day_before:
            needed.append((needs.day_before, day - _DAY))
        lacks = (self.lack(family, on, name) for family, on in needed for name in needs.columns[family])
        return next((why for why in lacks if why), None)

    def filters(self, needs: Needs, day: date) -> Sequence[Filter]:
        """Return the filters of the tables that a query reads, if they have landed."""
        landed = [each for each in self._needed(needs, day) if each[1] in self._landed[each[0]]]
        return [each for family, on in landed for each in self._provenance.filters(family, on)]

    def filtered_currencies(self, day: date) -> set[str]:
        """Return the currencies that tables were filtered by."""
        filters = (
            each
            for family in self.tables
            if self.has_landed(family, day)
            for each in self._provenance.filters(family, day)
        )
        return {each.currency for each in filters if each.currency}

    def can_check(self, needs: Needs, day: date, currencies: Iterable[str]) -> bool:
        """Return whether all that is needed is there, with all rows of these currencies."""
        if self.not_selected(needs) or self.missing(needs, day) or self.silent(needs, day):
            return False
        filters = self.filters(needs, day)
        return all(each.keeps(currency) for each in filters for currency in currencies)

    def choose(self, days: Iterable[date]) -> None:
        """Choose the days that the next queries are about."""
        chosen = list(days)
        if chosen == self._chosen:
            return
        self._chosen = chosen
        intervals = [day_interval(day, self._timezone) for day in chosen]
        midnights = [int(datetime.combine(day, time(), UTC).timestamp()) for day in chosen]
        self.fill(
            "on_days",
            day=("DATE", chosen),
            utc_start=("BIGINT", [each.start * _MICROSECONDS for each in intervals]),
            utc_end=("BIGINT", [each.end * _MICROSECONDS for each in intervals]),
            local_start=("BIGINT", [each * _MICROSECONDS for each in midnights]),
            local_end=("BIGINT", [(each + 24 * 3600) * _MICROSECONDS for each in midnights]),
        )

    def fill(self, table: str, **columns: tuple[str, Sequence[Any]]) -> None:
        """Create a table with these columns, each given as an SQL type and its values."""
        typed = ", ".join(f"unnest(?::{type_}[]) AS {name}" for name, (type_, _) in columns.items())
        values = [values for _, values in columns.values()]
        self.run(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {typed}", values)

    def run(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Execute a statement. Raises LakeError."""
        self._execute(sql, values)

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query. Raises LakeError, also for a sum that is too large for a table."""
        rows = self._execute(sql, values)
        if any(isinstance(value, Decimal) and abs(value) >= _WIDEST for row in rows for value in row):
            raise self._too_large()
        return rows

    def _execute(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        import duckdb

        try:
            return self._connection.execute(sql, list(values)).fetchall()
        except duckdb.OutOfRangeException as error:
            raise self._too_large() from error
        except duckdb.Error as error:
            raise LakeError(f"cannot reconcile {self._about}: {error}") from error

    def _too_large(self) -> LakeError:
        return LakeError(
            f"cannot reconcile {self._about}: amounts add up to more than a decimal(38, 18) can hold;"
            " look for absurd amounts in these days"
        )

    def _needed(self, needs: Needs, day: date) -> Sequence[tuple[Family, date]]:
        """Return the days of selected tables that a query reads."""
        needed = [(family, day) for family in (*needs.columns, *needs.helps) if family in self.tables]
        if needs.day_before and not self._begins(needs.day_before, day):
            needed.append((needs.day_before, day - _DAY))
        return needed

    def _begins(self, family: Family, day: date) -> bool:
        landed = self.landed.get(family, ())
        return day in landed[:1]

    def _empty(self, role: str, columns: Iterable[str]) -> None:
        from stripe_reports.reconcile.workspace_columns import sql_type

        typed = ", ".join(f"{name} {sql_type(name)}" for name in columns)
        self.run(f"CREATE OR REPLACE TEMP TABLE {role}_rows (day DATE, {typed})")


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _have(names: Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"
