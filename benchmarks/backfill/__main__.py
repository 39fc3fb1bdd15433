"""`python -m benchmarks.backfill`."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from subprocess import CalledProcessError
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.backfill.goals import ITEMIZED
from benchmarks.backfill.results import Results, render
from benchmarks.backfill.suite import Settings, Suite
from benchmarks.page import RESULTS, write_section
from stripe_reports.errors import StripeReportsError

_DEFAULTS = Settings()
_QUICK_SELECT = ("balance.summary.1", ITEMIZED, "ending_balance_reconciliation.summary.1")

_HELP = """Measure a backfill through Dagster from a local Stripe, and write it to benchmarks/RESULTS.md.

The server builds so many report runs at once and takes its time for each, as Stripe does; the figures say how
near the backfill comes to the least that this server can take, in how many calls, and that a second one
changes nothing. Other sections of the page stay as they are. A year of the core reports takes about ten
minutes, and nothing else should run meanwhile. Ends with 1 if a partition is missing or is not what its CSV
says.

\b
Examples:
  python -m benchmarks.backfill --days 365 --select core
  python -m benchmarks.backfill --days 30 --select 'payouts.*' --print
  python -m benchmarks.backfill --quick
"""


@click.command(help=_HELP)
@click.option(
    "--days",
    type=click.IntRange(min=1),
    default=_DEFAULTS.days,
    show_default=True,
    help="The newest so many complete days.",
)
@click.option(
    "--select",
    multiple=True,
    default=_DEFAULTS.select,
    show_default=True,
    metavar="PATTERN",
    help="An id of a report type, a glob or a preset; again for more.",
)
@click.option(
    "--runs-in-flight",
    type=click.IntRange(min=1),
    default=_DEFAULTS.runs_in_flight,
    show_default=True,
    help="`max_runs_in_flight` of StripeResource.",
)
@click.option(
    "--calls-per-second",
    type=click.FloatRange(min=0, min_open=True),
    default=_DEFAULTS.calls_per_second,
    show_default=True,
    help="`calls_per_second` of StripeResource; Stripe's live mode allows 100.",
)
@click.option(
    "--runs-at-once",
    type=click.IntRange(min=1),
    default=_DEFAULTS.runs_at_once,
    show_default=True,
    help="So many report runs the server builds at the same time.",
)
@click.option(
    "--latency",
    type=click.FloatRange(min=0, min_open=True),
    default=_DEFAULTS.latency,
    show_default=True,
    help="Seconds that the server takes for a report run.",
)
@click.option("--with-defaults", is_flag=True, help="Measure one more backfill, with the package's defaults.")
@click.option("--print", "print_only", is_flag=True, help="Print the section, and write no file.")
@click.option(
    "--quick",
    is_flag=True,
    help="4 days of 3 report types, each report run 0.1 s; print the section, and write no file.",
)
def main(
    days: int,
    select: tuple[str, ...],
    runs_in_flight: int,
    calls_per_second: float,
    runs_at_once: int,
    latency: float,
    with_defaults: bool,
    print_only: bool,
    quick: bool,
) -> None:
    """Measure a backfill."""
    settings = Settings(
        days, select, runs_in_flight, calls_per_second, runs_at_once, latency, with_defaults=with_defaults
    )
    if quick:
        settings = replace(settings, days=4, select=_QUICK_SELECT, latency=0.1)
    try:
        results = _measure(settings)
    except CalledProcessError as error:
        raise click.ClickException(f"{' '.join(error.cmd[:3])} failed; it said why above") from error
    except StripeReportsError as error:
        raise click.ClickException(str(error)) from error
    click.echo(render(results))
    if quick:
        click.echo("The backfill was small: this shows that all of it runs, not how fast it is.")
    elif not print_only:
        write_section(RESULTS, render(results))
        click.echo(f"{RESULTS} is written.")
    if results.differences:
        click.echo("Not everything landed as it should have; see above.", err=True)
        sys.exit(1)


def _measure(settings: Settings) -> Results:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="benchmarks-")))
        # Rarely drawn, because the server is in this process too.
        progress = stack.enter_context(Progress(*columns, console=Console(stderr=True), refresh_per_second=2))
        bar = progress.add_task("starting")
        suite = stack.enter_context(
            Suite(settings, folder, lambda line: progress.update(bar, description=line))
        )
        for step in progress.track(suite.steps(), task_id=bar):
            step()
        return suite.results()


if __name__ == "__main__":
    main()
