"""Where a day of a table is, relative to the lake's root."""

from __future__ import annotations

import re
from datetime import date

_PARTITION = re.compile(r"date=(\d{4}-\d\d-\d\d)/part-0\.parquet")


def partition_path(table: str, day: date) -> str:
    """The file of that day."""
    return f"{table}/date={day.isoformat()}/part-0.parquet"


def partition_day(path: str) -> date | None:
    """The day of a partition's path within its table; None for what is no partition."""
    match = _PARTITION.fullmatch(path)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None
