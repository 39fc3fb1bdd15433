"""`python -m benchmarks.reconciliation`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.page import RESULTS, write_section
from benchmarks.process import run
from benchmarks.reconciliation.results import Results, render
from benchmarks.results import Measured

_RUNS = 3

_HELP = """Measure how long days of the core reports take to reconcile, and write it to benchmarks/RESULTS.md.

The rows are made up, and agree with each other. Ends with 1 if an identity is broken or a table is missing.

\b
Examples:
  python -m benchmarks.reconciliation
  python -m benchmarks.reconciliation --days 30 --rows-per-day 100 --print
"""


@click.command(help=_HELP)
@click.option("--days", type=click.IntRange(min=2), default=365, show_default=True, help="How many days.")
@click.option(
    "--rows-per-day",
    type=click.IntRange(min=1),
    default=2740,
    show_default=True,
    help="Balance transactions of a day: with 2,740, a million in a year.",
)
@click.option("--print", "print_only", is_flag=True, help="Print the section, and write no file.")
def main(days: int, rows_per_day: int, print_only: bool) -> None:
    """Measure reconciling."""
    with TemporaryDirectory(prefix="benchmarks-") as folder:
        results = _measure(Path(folder, "lake"), days, rows_per_day)
    click.echo(render(results))
    if not print_only:
        write_section(RESULTS, render(results))
        click.echo(f"{RESULTS} is written.")
    if results.differences:
        sys.exit(1)


def _measure(lake: Path, days: int, rows_per_day: int) -> Results:
    rows = int(run("benchmarks.reconciliation.books", lake, str(days), str(rows_per_day)).output)
    reconciled, read = [], []
    for _ in range(_RUNS):
        reconciled.append(_run("reconcile", lake))
        read.append(_run("read", lake))
    day = _run("day", lake)
    outcomes = reconciled[0]["found"]
    wrong = [f"{outcomes[verdict]} are {verdict}" for verdict in ("broken", "missing") if verdict in outcomes]
    ratios = [mine["seconds"] / theirs["seconds"] for mine, theirs in zip(reconciled, read, strict=True)]
    return Results(
        rows={
            "seconds": Measured([each["seconds"] for each in reconciled]),
            "ratio": Measured(ratios),
            "peak": Measured([each["peak_mib"] for each in reconciled]),
            "day": Measured([day["seconds"]]),
        },
        sizes={"days": str(days), "rows": f"{rows:,}"},
        outcomes=outcomes,
        differences=wrong,
    )


def _run(way: str, lake: Path) -> dict[str, Any]:
    output: dict[str, Any] = json.loads(run("benchmarks.reconciliation.run", way, lake).output)
    return output


if __name__ == "__main__":
    main()
