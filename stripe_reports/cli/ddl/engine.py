"""What all engines' statements are made of: names, types, and where the files are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stripe_reports.catalog import ColumnType
from stripe_reports.cli.ddl.table_columns import PARTITION_KEY, TableShape

CLASHING_KEY = "report_date"
"""The name of the day's column in a table whose files have a column `date` of their own."""


@dataclass(frozen=True, slots=True)
class Target:
    """The places of one call: where the engine finds the files, and where it puts the tables."""

    location: str
    """The lake's root as the engine names it, without a slash at the end."""
    schema: str
    """The database, dataset or schema of the tables, with a point at its end; may be empty."""
    first_day: str
    """The first day of a partition projection; empty for that of each table."""
    connection: str
    """BigQuery's connection to S3; may be empty."""
    stage: str
    """Snowflake's stage, whose address is the lake's root."""

    def folder(self, table: TableShape) -> str:
        """Return the folder of a table, quoted as a text of SQL without the quotes."""
        return text(f"{self.location}/{table.name}")


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: its name, the beginnings of addresses that it reads, and its statements of a table."""

    name: str
    reads: tuple[str, ...]
    """Empty for an engine that reads local files, too."""
    head: str
    """What a person must know before the first statement, as lines."""
    statements: Callable[[TableShape, Target], str]


def text(value: str) -> str:
    """Return the inside of a text of SQL."""
    return value.replace("'", "''")


def double_quoted(name: str) -> str:
    """Return an identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def back_quoted(name: str) -> str:
    """Return an identifier in backticks."""
    return f"`{name.replace('`', '``')}`"


def key_of(table: TableShape) -> str:
    """Return the name of the day's column."""
    return CLASHING_KEY if table.clashes else PARTITION_KEY


def definitions(table: TableShape, types: Mapping[ColumnType, str], quoted: Callable[[str], str]) -> str:
    """Return the columns of the files, a line each, separated by commas."""
    return ",\n".join(f"  {quoted(name)} {types[type_]}" for name, type_ in table.columns)
