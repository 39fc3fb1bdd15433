"""One CSV landed by one engine, and what that took: `python -m benchmarks.landing IN.csv OUT.parquet`."""

from __future__ import annotations

import csv
import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from benchmarks import process
from stripe_reports.catalog import column_type

ENGINES = ("stripe_reports", "duckdb", "polars", "pandas", "pandas_arrow")


@dataclass(frozen=True, slots=True)
class Landing:
    """Figures of the whole landing process, from its start to its end, imports and all."""

    engine: str
    wall_s: float
    cpu_s: float
    peak_rss_mib: float
    rows: int
    csv_bytes: int
    parquet_bytes: int


def land(source: Path, parquet: Path, *, report_type: str, engine: str, evidence: bool = False) -> Landing:
    """Land the file in a process of its own. `evidence`: keep the CSV too, as a lake does by default.

    Raises subprocess.CalledProcessError if the engine fails.
    """
    finished = process.run(
        "benchmarks.engine",
        *(engine, source.absolute(), parquet.absolute(), report_type),
        *(json.dumps(columns_of(source)), "evidence" if evidence else ""),
    )
    return Landing(
        engine=engine,
        wall_s=round(finished.wall_s, 3),
        cpu_s=round(finished.cpu_s, 3),
        peak_rss_mib=round(finished.peak_rss_mib, 1),
        rows=_rows(parquet),
        csv_bytes=source.stat().st_size,
        parquet_bytes=parquet.stat().st_size,
    )


def columns_of(source: Path) -> dict[str, str]:
    """The columns of a CSV and their types, as the catalog knows them."""
    with source.open(encoding="utf-8", newline="") as file:
        return {name: column_type(name) for name in next(csv.reader(file), [])}


def _rows(parquet: Path) -> int:
    # Only now: before, this process has to be smaller than the one that it measures.
    from pyarrow import parquet as pq

    return int(pq.read_metadata(parquet).num_rows)


_HELP = """Land one CSV with the code that lands reports, or with another engine, and print what it took.

The figures are of one process that does nothing else, from its start to its end: seconds (wall and CPU), the
most memory that it had (MiB), rows, and the bytes of both files.

\b
Examples:
  python -m benchmarks.landing day.csv day.parquet --report-type balance_change_from_activity.itemized.7
  python -m benchmarks.landing day.csv day.parquet --report-type balance_change_from_activity.itemized.7 \\
    --engine duckdb
"""


@click.command(help=_HELP)
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="INPUT.csv")
@click.argument("parquet", type=click.Path(dir_okay=False, path_type=Path), metavar="OUTPUT.parquet")
@click.option("--report-type", required=True, metavar="TYPE", help="Stripe's id of the report.")
@click.option("--engine", default=ENGINES[0], show_default=True, type=click.Choice(ENGINES))
@click.option("--evidence", is_flag=True, help="Keep the CSV beside the table, as a lake does by default.")
def main(source: Path, parquet: Path, report_type: str, engine: str, evidence: bool) -> None:
    """Land one CSV and print what it took."""
    if evidence and engine != ENGINES[0]:
        raise click.UsageError(f"--evidence is what {ENGINES[0]} keeps; {engine} keeps none")
    try:
        landing = land(source, parquet, report_type=report_type, engine=engine, evidence=evidence)
    except subprocess.CalledProcessError as error:
        raise click.ClickException(f"{engine} did not land {source}; it said why above") from error
    click.echo(json.dumps(asdict(landing)))


if __name__ == "__main__":
    main()
