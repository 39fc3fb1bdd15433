"""A query over many files and over one: `python -m benchmarks.query MANY ONE PAIRS` prints JSON.

MANY and ONE are globs. The seconds are those of a DuckDB that has not seen the files before, in pairs, many
first; of each, the least of some tries, as one query takes milliseconds.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import duckdb

_TRIES = 5
_QUERY = "SELECT reporting_category, sum(net) FROM read_parquet(?) GROUP BY 1 ORDER BY 1"


def seconds(files: str) -> float:
    """What the query takes, at least."""
    return min(_timed(files)[0] for _ in range(_TRIES))


def _timed(files: str) -> tuple[float, list[Any]]:
    with duckdb.connect() as connection:  # a new one has nothing in its caches
        began = time.perf_counter()
        rows = connection.execute(_QUERY, [files]).fetchall()
        return time.perf_counter() - began, rows


def _main(many: str, one: str, pairs: str) -> None:
    if _timed(many)[1] != _timed(one)[1]:
        raise RuntimeError("the sums differ")
    json.dump([(seconds(many), seconds(one)) for _ in range(int(pairs))], sys.stdout)


if __name__ == "__main__":
    _main(*sys.argv[1:])
