"""Where a day of a table is, relative to the lake's root."""

from __future__ import annotations

import re
from datetime import date

from stripe_reports.errors import LakeError

_TABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,249}")
_PARTITION = re.compile(r"date=(\d{4}-\d\d-\d\d)/part-0\.parquet")


def partition_path(table: str, day: date) -> str:
    """The file of that day. Raises LakeError for a name that no table can have."""
    return f"{table_path(table)}/date={day.isoformat()}/part-0.parquet"


def is_table(folder: str) -> bool:
    """Whether a table can have this name."""
    return bool(_TABLE.fullmatch(folder))


def table_path(table: str) -> str:
    """The folder of a table. Raises LakeError for a name that no table can have."""
    if not is_table(table):
        raise LakeError(
            f"{table[:80]!r} is no name of a table: it takes letters, digits, _ and -, and begins with a"
            " letter or digit"
        )
    return table


def partition_day(path: str) -> date | None:
    """The day of a partition's path within its table; None for what is no partition."""
    match = _PARTITION.fullmatch(path)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None
