"""`python -m benchmarks`."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from subprocess import CalledProcessError
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.inputs import Inputs
from benchmarks.page import RESULTS, write_section
from benchmarks.results import Results, render
from benchmarks.suite import Suite

_HELP = """Measure landing and write what comes of it to benchmarks/RESULTS.md.

It takes about ten minutes and 5 GB of disk, and nothing else should run meanwhile. What another benchmark
wrote there, such as `python -m benchmarks.backfill`, stays as it is. Ends with 1 if a landed value differs
from its CSV.

\b
Examples:
  python -m benchmarks
  python -m benchmarks --keep inputs
  python -m benchmarks --quick
"""


@click.command(help=_HELP)
@click.option("--quick", is_flag=True, help="Small files and one run of each; print the page, write none.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep the inputs there, and take those that are there.",
)
def main(quick: bool, keep: Path | None) -> None:
    """Measure landing."""
    try:
        results = _measure(quick, keep)
    except CalledProcessError as error:
        raise click.ClickException(f"{' '.join(error.cmd[:4])} failed; it said why above") from error
    if quick:
        click.echo(render(results))
        click.echo("The files were small: this shows that all of it runs, not how fast it is.")
    else:
        write_section(RESULTS, render(results))
        click.echo(f"{RESULTS} is written.")
    if results.checked.differences:
        click.echo("Landed values differ from their CSVs; see the page.", err=True)
        sys.exit(1)


def _measure(quick: bool, keep: Path | None) -> Results:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="benchmarks-", dir=keep and _made(keep))))
        progress = stack.enter_context(Progress(*columns, console=Console(stderr=True)))
        bar = progress.add_task("starting")

        def tell(line: str) -> None:
            progress.update(bar, description=line)

        small_mb, large_mb, pairs, large_pairs = (5, 20, 1, 1) if quick else (200, 2000, 5, 3)
        suite = Suite(Inputs(keep or folder, small_mb, large_mb, tell=tell), folder, pairs, large_pairs, tell)
        for step in progress.track(suite.steps(), task_id=bar):
            step()
        return suite.results()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    main()
