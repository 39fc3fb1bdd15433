"""The command `stripe-reports demo`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_UI_PORT = 3000
_EXAMPLES = """\b
Examples:
  stripe-reports demo
  stripe-reports demo --days 30 --ui
"""


@click.command("demo", epilog=_EXAMPLES)
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 366), help="How many days.")
@click.option("--ui", is_flag=True, help="Then serve the Dagster UI with the same data, until Ctrl-C.")
@click.option(
    "--port",
    default=None,
    type=click.IntRange(1, 65535),
    help=f"Port of the Dagster UI.  [default: {_UI_PORT}]",
)
@click.option(
    "--dir",
    "directory",
    default=".stripe-reports-demo",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory for the lake and Dagster's records.",
)
def command(days: int, ui: bool, port: int | None, directory: Path) -> None:
    """Land a week of reports from a local Stripe.

    The demo lands the nine core reports, reconciles them and shows the results. Nothing leaves
    this machine, and no Stripe account is needed.
    """
    if port is not None and not ui:
        raise click.UsageError("--port is the port of the Dagster UI: add --ui, or leave --port out")
    from stripe_reports.cli.demo.demo import run_demo

    sys.exit(run_demo(days, directory, ui_port=(port or _UI_PORT) if ui else None))
