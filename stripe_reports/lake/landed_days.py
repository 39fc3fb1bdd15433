"""Which tables and days a lake holds, by the names of its files."""

from __future__ import annotations

from datetime import date

import obstore

from stripe_reports.lake.partition import is_table, partition_day, table_path
from stripe_reports.lake.store import Store, storage_errors


def landed_tables(store: Store, root: str) -> list[str]:
    """The tables of which at least one day has landed, sorted. Raises LakeError if the store refuses."""
    with storage_errors(f"list {root}"):
        folders = obstore.list_with_delimiter(store)["common_prefixes"]
    return sorted(folder for folder in folders if is_table(folder) and landed_days(store, root, folder))


def landed_days(store: Store, root: str, table: str) -> list[date]:
    """The landed days of a table, sorted; maybe none.

    Raises LakeError for a name that no table can have, and if the store refuses.
    """
    folder = table_path(table)
    with storage_errors(f"list {root}/{table}"):
        paths = [entry["path"] for page in obstore.list(store, f"{folder}/") for entry in page]
    days = (partition_day(path.removeprefix(f"{table}/")) for path in paths)
    return sorted(day for day in days if day is not None)
