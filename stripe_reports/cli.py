"""The command `stripe-reports`."""

from __future__ import annotations

import json
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from stripe_reports import cli_help
from stripe_reports.errors import StripeReportsError

_ROWS_SHOWN = 40
_UI_PORT = 3000


@click.group()
@click.version_option(package_name="stripe-reports")
def cli() -> None:
    """Stripe's financial reports as Dagster assets and exact Parquet tables."""


@cli.command(help=cli_help.SANDBOX_HELP)
@click.option("--port", default=12111, show_default=True, help="Port of the API host.")
@click.option("--files-port", default=12112, show_default=True, help="Port of the files host.")
@click.option("--key", default=None, help="The one key that is accepted.  [default: a fixed one]")
@click.option("--live", is_flag=True, help="Live mode: the fixed key looks like a live one.")
@click.option("--latency", default=0.3, show_default=True, help="Seconds that building a report run takes.")
@click.option(
    "--runs-at-once",
    default=None,
    type=int,
    help="How many report runs are built at once; others wait.  [default: no limit]",
)
@click.option("--seed", default=1, show_default=True, help="Another seed, another merchant.")
@click.option("--rows-per-day", default=40, show_default=True, help="Balance transactions of a usual day.")
@click.option(
    "--account-profile",
    default="full",
    show_default=True,
    type=click.Choice(["plain", "connect", "full"]),
    help="Which report types the account has.",
)
@click.option("--fault", "faults", multiple=True, metavar="FAULT", help="What goes wrong; may be repeated.")
@click.option(
    "--tamper",
    "tampering",
    multiple=True,
    metavar="DAY,KIND",
    help="What is unusual about a day; may be repeated.",
)
@click.option("--webhook-url", default=None, help="Deliver events there: report runs that ended, new data.")
@click.option("--webhook-secret", default=None, help="Signs what is announced.  [default: a fixed one]")
def sandbox(
    live: bool, key: str | None, webhook_url: str | None, webhook_secret: str | None, **settings: Any
) -> None:
    """Run a local Stripe."""
    from stripe_reports.sandbox import DEFAULT_LIVE_KEY, Sandbox

    if live and key is not None:
        raise click.UsageError("--live chooses the key, and --key gives one: use one of the two")
    if webhook_secret and not webhook_url:
        raise click.UsageError("--webhook-secret signs what --webhook-url delivers: give both, or neither")
    local = Sandbox(
        key=DEFAULT_LIVE_KEY if live else key,
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
        **settings,
    )
    lines = {"STRIPE_WEBHOOK_SECRET": local.webhook_secret} if webhook_url else {}

    def show() -> None:
        addresses = {"STRIPE_API_BASE": local.api_base, "STRIPE_FILES_BASE": local.files_base}
        for name, value in ({"STRIPE_API_KEY": local.key} | addresses | lines).items():
            click.echo(f"export {name}={value}")

    local.serve(on_ready=show)


@cli.command(help=cli_help.DEMO_HELP)
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 366), help="How many days.")
@click.option("--ui", is_flag=True, help="Then serve the Dagster UI with the same data, until Ctrl-C.")
@click.option(
    "--port", default=None, type=click.IntRange(1, 65535), help="Port of the Dagster UI.  [default: 3000]"
)
@click.option(
    "--dir",
    "directory",
    default=".stripe-reports-demo",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the lake and Dagster's records go.",
)
def demo(days: int, ui: bool, port: int | None, directory: Path) -> None:
    """Land a week of reports from a local Stripe."""
    if port is not None and not ui:
        raise click.UsageError("--port is the port of the Dagster UI: add --ui, or leave it out")
    from stripe_reports.demo import run_demo

    sys.exit(run_demo(days, directory, ui_port=(port or _UI_PORT) if ui else None))


@cli.command(help=cli_help.TYPES_HELP)
@click.argument("pattern", default="all")
@click.option("--account", "ask", is_flag=True, help="Say what the account behind STRIPE_API_KEY offers.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON list, with all columns and parameters.")
def types(pattern: str, ask: bool, as_json: bool) -> None:
    """List report types."""
    from rich.console import Console

    from stripe_reports.listing import list_report_types, show_report_types

    offered = None
    if ask:
        from stripe_reports.definitions import account_of_environment

        offered = account_of_environment().report_types()
    entries = list_report_types(pattern, offered)
    if as_json:
        click.echo(json.dumps(entries, indent=2))
    else:
        Console().print(show_report_types(entries))


@cli.command(help=cli_help.VERIFY_HELP)
@click.argument("tables", metavar="[TABLE]...", nargs=-1)
@click.option("--from", "first", metavar="DAY", help="The first day, as YYYY-MM-DD.")
@click.option("--to", "last", metavar="DAY", help="The last day.")
@click.option("--lake", "uri", metavar="URI", help="[default: STRIPE_REPORTS_LAKE, or ./lake]")
def verify(tables: tuple[str, ...], first: str | None, last: str | None, uri: str | None) -> None:
    """Compare landed tables with their CSVs."""
    from stripe_reports.catalog import parse_day
    from stripe_reports.definitions import lake_of_environment
    from stripe_reports.verification_command import run_verification

    days = (parse_day(text) if text else None for text in (first, last))
    sys.exit(run_verification(lake_of_environment(uri), tables, *days))


@cli.command(help=cli_help.SQL_HELP)
@click.argument("query", required=False)
@click.option(
    "--rows",
    default=None,
    type=click.IntRange(0),
    help=f"Rows to show; 0 for all.  [default: {_ROWS_SHOWN}]",
)
@click.option("--csv", "as_csv", is_flag=True, help="The whole result as CSV.")
@click.option("--json", "as_json", is_flag=True, help="The whole result as a JSON list of objects.")
@click.option(
    "--parquet",
    "file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The whole result into this new Parquet file.",
)
@click.option("--overwrite", is_flag=True, help="Let --parquet replace a file that exists.")
@click.option("--lake", "uri", metavar="URI", help="[default: STRIPE_REPORTS_LAKE, or ./lake]")
def sql(
    query: str | None,
    rows: int | None,
    as_csv: bool,
    as_json: bool,
    file: Path | None,
    overwrite: bool,
    uri: str | None,
) -> None:
    """Ask the tables in SQL."""
    forms = {"--csv": as_csv, "--json": as_json, "--parquet": file, "--rows": rows is not None}
    given = [name for name, value in forms.items() if value]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other: use one of them")
    if overwrite and not file:
        raise click.UsageError("--overwrite is about the file of --parquet: give both, or neither")
    if query is None and given:
        raise click.UsageError(f"{given[0]} needs a QUERY; without one, the tables are listed")
    from stripe_reports import sql_command
    from stripe_reports.definitions import lake_of_environment

    lake = lake_of_environment(uri)
    if query is None:
        sql_command.list_tables(lake)
    elif file:
        sql_command.write_parquet(lake, query, file, overwrite=overwrite)
    elif as_csv:
        sql_command.write_csv(lake, query)
    elif as_json:
        sql_command.write_json(lake, query)
    else:
        sql_command.print_rows(lake, query, most=_ROWS_SHOWN if rows is None else rows)


@cli.command(help=cli_help.WEBHOOK_HELP)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--lake", "uri", metavar="URI", help="[default: STRIPE_REPORTS_LAKE, or ./lake]")
def webhook(host: str, port: int, uri: str | None) -> None:
    """Receive Stripe's webhook."""
    from stripe_reports.orchestration import webhook

    app = webhook.webhook_app_of_environment(uri)
    webhook.log_events()
    webhook.serve_webhook(app, host, port, lambda url: click.echo(f"Listening on {url}, until Ctrl-C"))


def main() -> None:
    """Run the command. A mistake that a person can mend is one line and exit code 1; Ctrl-C is 130."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what the terminal's encoding lacks is shown as \\u….
            stream.reconfigure(errors="backslashreplace")
    try:
        cli(standalone_mode=False)
        if sys.stdout:
            sys.stdout.flush()
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except StripeReportsError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except OSError as error:  # of the output: `| head -1`, or a full disk
        if not isinstance(error, BrokenPipeError):
            click.echo(f"Error: {error.filename or 'the output'}: {error.strerror or error}", err=True)
        if sys.stdout:  # which Python would flush once more
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
