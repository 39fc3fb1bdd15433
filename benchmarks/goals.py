"""What the benchmark of landing measures, what each figure should be, and what bounds it where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """One row of the results. Met if the median is at most `limit`; None is for information only."""

    figure: str
    limit: float | None = None
    unit: str = ""
    """MiB, s, ms, calls; the name of what is counted; nothing for a ratio."""


GOALS: Mapping[str, Goal] = {
    "wall_large": Goal("landing {large}, wall time against DuckDB's `COPY` with the same types", 0.65),
    "wall_small": Goal("the same with {small}", 0.70),
    "pandas": Goal(
        "the same against pandas: `read_csv`, exact decimals (`converters=Decimal`), `to_parquet`; {small}",
        0.2,
    ),
    "pandas_arrow": Goal("the same, with amounts read as texts that Arrow then makes decimals; {small}"),
    "polars_small": Goal("polars against DuckDB, {small}"),
    "polars_large": Goal("polars against DuckDB, {large}"),
    "bound": Goal(
        "Arrow's CSV reader and Parquet writer alone, spread over the cores without a loss, nothing checked,"
        " against DuckDB; {large}"
    ),
    "evidence_small": Goal("with the CSV kept, as is the default, against without; {small}"),
    "evidence_large": Goal("with the CSV kept, as is the default, against without; {large}"),
    "peak": Goal("peak memory of the landing process, {large}", 300, "MiB"),
    "peak_growth": Goal("the same against that of {small}", 1.2),
    "peak_evidence": Goal("peak memory with the CSV kept, {large}", unit="MiB"),
    "download_50": Goal("landing while {small} download at 50 MB/s, against the download alone", 1.05),
    "download_200": Goal("landing while {large} download at 200 MB/s, against the download alone", 1.05),
    "parquet": Goal("size of the Parquet file against DuckDB's at the same zstd level, {large}", 0.95),
    "days": Goal("{small} of a month in one CSV, landed as its 31 days, against as one file", 1.1),
    "query": Goal("DuckDB: sum by category over those 31 files, against over the one", 1.3),
    "loading": Goal("loading the definitions, beyond `import dagster`", 0.4, "s"),
    "accounts": Goal("loading a code location of a hundred accounts, beyond one of one account", 2, "s"),
}

_WALL = (
    "CPU time, even if none were lost between threads. For 2 GB Arrow's reader and writer alone take 13 "
    "s (their row); measured one by one in one thread, SHA-256 takes 1.5 s more, the look at every byte "
    "for quotes 0.9 s, reading amounts as texts first, so that none is taken that is not plainly a "
    "decimal, 0.6 s, and reading the file 0.5 s. Spread over two cores that is 0.67 of DuckDB's time. "
    "Landing as a whole takes 20 s and uses 86 % of them: a row group is written in one piece. DuckDB's "
    "and polars' writers, and polars' reader, took longer than Arrow's."
)

# One text per row that has a goal, shown only where the goal is not met: what the figure cannot get below,
# and why, with the measurement it rests on.
BOUNDS: Mapping[str, str] = {
    "wall_large": _WALL,
    "wall_small": (
        f"{_WALL} Of this file's time 0.23 s are start and imports: so long takes a file of two rows."
    ),
    "pandas": "pandas 3 keeps texts in Arrow and writes with it too: only reading and amounts are slower.",
    "peak": "",
    "peak_growth": "",
    "download_50": "",
    "download_200": (
        "The processor: landing the same file from the local disk takes longer than that network (the first"
        " row, in seconds), and here two cores also receive it and compress the CSV that is kept."
    ),
    "parquet": (
        "Random ids: written column by column, they are three quarters of the file and within two percent of"
        " their entropy. The rest would have to shrink by a fifth. What would help amounts, the next in size,"
        " is an encoding that DuckDB does not read for decimals (`BYTE_STREAM_SPLIT`)."
    ),
    "days": (
        "Every day begins new dictionaries and a new footer, and blocks with rows of two days are "
        "copied. In CPU"
        " time four pairs took 1.35, 1.03, 0.99 and 1.08: much of the spread is the machine's."
    ),
    "query": "DuckDB opens each file and reads its footer, which of small files is most of the work.",
    "loading": (
        "The noise of two processes, one of which is subtracted: within one process it took 0.20 to 0.27 s."
    ),
    "accounts": (
        "Dagster's own resolution, when the repository is made and all jobs are: each of 300 jobs and 300"
        " resources looks at those of all accounts, about 1.3 s. Building the definitions of an account takes"
        " 7 to 10 ms, most of it in Dagster's decorators."
    ),
}
