"""The command `stripe-reports`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from stripe_reports.errors import StripeReportsError

_SANDBOX_HELP = """Run a local Stripe with made-up data, until Ctrl-C.

It speaks Stripe's reporting API over a ledger that is the same for the same seed. It prints the variables
that point this project, the Stripe CLI or the Stripe SDK at it.

\b
Examples:
  stripe-reports sandbox
  stripe-reports sandbox --port 12111 --files-port 12112 --latency 2 --rows-per-day 10000
"""

_DEMO_HELP = """Land a week of the nine core reports from a local Stripe, and show what came of it.

Nothing leaves this machine, and no Stripe account is needed.

\b
Examples:
  stripe-reports demo
  stripe-reports demo --days 30 --ui
"""


@click.group()
@click.version_option(package_name="stripe-reports")
def cli() -> None:
    """Stripe's financial reports as Dagster assets and exact Parquet tables."""


@cli.command(help=_SANDBOX_HELP)
@click.option("--port", default=12111, show_default=True, help="Port of the API host.")
@click.option("--files-port", default=12112, show_default=True, help="Port of the files host.")
@click.option("--key", default=None, help="The one key that is accepted.  [default: a fixed test key]")
@click.option("--latency", default=0.3, show_default=True, help="Seconds a report run is pending.")
@click.option("--seed", default=1, show_default=True, help="Another seed, another merchant.")
@click.option("--rows-per-day", default=40, show_default=True, help="Balance transactions of a usual day.")
def sandbox(
    port: int, files_port: int, key: str | None, latency: float, seed: int, rows_per_day: int
) -> None:
    """Run a local Stripe."""
    from stripe_reports.sandbox import Sandbox

    local = Sandbox(
        key=key, port=port, files_port=files_port, latency=latency, seed=seed, rows_per_day=rows_per_day
    )
    local.serve(
        on_ready=lambda: click.echo(
            f"export STRIPE_API_KEY={local.key}\n"
            f"export STRIPE_API_BASE={local.api_base}\n"
            f"export STRIPE_FILES_BASE={local.files_base}"
        )
    )


@cli.command(help=_DEMO_HELP)
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 366), help="How many days.")
@click.option("--ui", is_flag=True, help="Then serve the Dagster UI with the same data, until Ctrl-C.")
@click.option("--port", default=3000, show_default=True, help="Port of the Dagster UI.")
@click.option(
    "--dir",
    "directory",
    default=".stripe-reports-demo",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the lake and Dagster's records go.",
)
def demo(days: int, ui: bool, port: int, directory: Path) -> None:
    """Land a week of reports from a local Stripe."""
    from stripe_reports.demo import run_demo

    sys.exit(run_demo(days, directory, ui_port=port if ui else None))


def main() -> None:
    """Run the command; a mistake that a person can mend is one line and exit code 1."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except StripeReportsError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
