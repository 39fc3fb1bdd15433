"""The partitions of a lake's tables: the path of each day's file, and which of them exist."""

from __future__ import annotations

import re
from datetime import date

import obstore

from stripe_reports.errors import LakeError
from stripe_reports.lake.storage.store import Store, storage_errors

_TABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,249}")
_PARTITION = re.compile(r"date=(\d{4}-\d\d-\d\d)/part-0\.parquet")


def partition_path(table: str, day: date) -> str:
    """Return the path of the day's file, relative to the lake's root.

    Raises LakeError for a name that no table can have.
    """
    return f"{_table_path(table)}/date={day.isoformat()}/part-0.parquet"


def landed_tables(store: Store, root: str) -> list[str]:
    """List the tables with at least one landed day, sorted. Raises LakeError if the store refuses."""
    with storage_errors(f"list {root}"):
        folders = obstore.list_with_delimiter(store)["common_prefixes"]
    return sorted(
        folder for folder in folders if _TABLE.fullmatch(folder) and landed_days(store, root, folder)
    )


def landed_days(store: Store, root: str, table: str) -> list[date]:
    """List the landed days of a table, sorted, or none.

    Raises LakeError for a name that no table can have, and if the store refuses.
    """
    return list(landed_bytes(store, root, table))


def landed_bytes(store: Store, root: str, table: str) -> dict[date, int]:
    """Return the size of the file of each landed day of a table, in the order of days, without opening any.

    Raises as `landed_days` does.
    """
    folder = _table_path(table)
    with storage_errors(f"list {root}/{table}"):
        entries = [entry for page in obstore.list(store, f"{folder}/") for entry in page]
    sizes = {_partition_day(entry["path"].removeprefix(f"{table}/")): entry["size"] for entry in entries}
    return {day: sizes[day] for day in sorted(day for day in sizes if day is not None)}


def _table_path(table: str) -> str:
    if not _TABLE.fullmatch(table):
        raise LakeError(
            f"{table[:80]!r} is not a table name; use letters, digits, _ and -, and begin with a letter or"
            " a digit"
        )
    return table


def _partition_day(path: str) -> date | None:
    match = _PARTITION.fullmatch(path)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:  # there is no 30 February
        return None
