"""Whether a backfill has landed what it should have, and what it left alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from random import Random

from stripe_reports.lake import Lake

_SEED = 1

Files = Mapping[str, tuple[int, int, int]]
"""By path within a lake: when it was written (nanoseconds), its size, its inode."""


def missing_partitions(
    lake: Path, recorded: Mapping[str, Mapping[str, int]], days: Sequence[date]
) -> Iterator[str]:
    """What is not one file in the lake and one materialization in Dagster, which `recorded` counts."""
    opened = Lake.open(str(lake))
    for table, counts in recorded.items():
        landed = opened.days(table)
        for day in days:
            if day not in landed:
                yield f"{table} {day}: there is no file"
            if (count := counts.get(day.isoformat(), 0)) != 1:
                yield f"{table} {day}: Dagster knows {count} materializations"
        more = {*map(date.isoformat, landed), *counts} - {*map(date.isoformat, days)}
        yield from (f"{table} {day}: nobody asked for it" for day in sorted(more))


def unproven(lake: Path, tables: Sequence[str], days: Sequence[date], count: int) -> Iterator[str]:
    """Those of a random sample, the same each time, that are not what their kept CSV says."""
    every = [(table, day) for table in tables for day in days]
    sample = Random(_SEED).sample(every, min(count, len(every)))  # noqa: S311 - nothing is secret here
    opened = Lake.open(str(lake))
    for table in tables:
        for verified in opened.verify(table, [day for name, day in sample if name == table]):
            if verified.error is not None:
                yield f"{table} {verified.day}: {verified.error}"


def files(lake: Path) -> Files:
    """All of the lake, kept CSVs too."""
    found = {}
    for folder, _, names in os.walk(lake):
        for name in names:
            path = Path(folder, name)
            stat = path.stat()
            found[str(path.relative_to(lake))] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    return found


def written_between(found: Files) -> tuple[float, float]:
    """When the first and the last of them was written, in Unix seconds."""
    times = [when for when, _, _ in found.values()]
    return min(times) / 1e9, max(times) / 1e9


def changed(before: Files, after: Files) -> Sequence[str]:
    """The paths of those that were written, made or removed between."""
    return sorted(path for path in {**before, **after} if before.get(path) != after.get(path))
