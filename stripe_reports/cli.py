"""The command `stripe-reports`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from stripe_reports import cli_help
from stripe_reports.errors import StripeReportsError

_SANDBOX_HELP = """Run a local Stripe with made-up data, until Ctrl-C.

It speaks Stripe's reporting API over a ledger that is the same for the same seed. It prints the variables
that point this project, the Stripe CLI or the Stripe SDK at it.

\b
Examples:
  stripe-reports sandbox
  stripe-reports sandbox --port 12111 --files-port 12112 --latency 2 --rows-per-day 10000
  stripe-reports sandbox --live --account-profile connect
  stripe-reports sandbox --latency 20 --runs-at-once 4
  stripe-reports sandbox --fault status:code=429,probability=0.05,seed=3 --fault reset:method=POST,count=1
  stripe-reports sandbox --fault 'late:seconds=86400,report_type=tax.*'
  stripe-reports sandbox --webhook-url http://127.0.0.1:8000/stripe/webhook --fault webhook_duplicate
  stripe-reports sandbox --tamper 2026-11-20,cent --tamper 2026-11-12,payout_reversed,currency=eur

\b
Faults:
  KIND or KIND:key=value,key=value. One happens on every occasion, or with count=N on the next N, or with
  probability=P (and seed=S) now and then, the same each time. report_type=GLOB narrows most of them;
  status, reset and stored_500 take method= and path=GLOB too. Kinds, and what else they take:
  late                  seconds=86400 beyond=refused|short|failed: data is not there yet
  pending               seconds=: a report run stays pending, forever if it is not said
  failed                error=: a report run fails
  cached                seconds=3600: a POST is answered with the older file of another run
  expired               seconds=0: a result file is kept that long
  wrong_size            bytes=1: a result's size differs from its file by so much
  header_only           a result without rows
  extra_column          column= value=: one more at the end of a result
  missing_column        column=: one less, the last if it is not said
  reordered             columns from right to left
  unfit                 column= row=1 value=n/a: no amount, in the first column of amounts
  restated              day=YYYY-MM-DD status=failed rows=1: that day is told otherwise from now on
  status                code=500 error_code= retry_after= body=json|html when=before|after
  reset                 when=after|before: the connection drops after a request is accepted, or before
  stored_500            a 500 that its idempotency key repeats
  no_range              the header Range is ignored
  truncated             bytes= declared=full|short: half of each answer, or so many bytes of it
  slow                  bytes_per_second=10000: a file trickles
  file_late             seconds=1: a file is 404 until it is that old
  duplicate_events      each event of a list twice
  unordered_events      events of a list from old to new
  webhook_wrong_secret  a delivery is signed with another secret
  webhook_stale         seconds=600: a delivery is signed long ago
  webhook_duplicate     times=2: an event is delivered again
  webhook_unordered     seconds=1: an event is delivered after a later one, or so late

\b
Tamperings:
  DAY,KIND or DAY,KIND,key=value: what is unusual about a UTC day, the same each time. After one of these, the
  books are so, and all reports agree:
  payout_reversed       currency=: that day's automatic payout fails, and comes back two days later
  manual_payout         currency=: half of what is available is paid out by hand
  restated              report_type=* status=failed: from the second report run of a type on, the day's first
                        row has another payout status or description; no amount changes
  After one of these, a report is wrong in one row, the first of the day (of the currency and category=GLOB),
  by default in report_type=balance_change_from_activity.itemized.*:
  cent                  report_type= currency= category= column=net: 0.01 usd, 1 jpy or 0.001 kwd too high
  lost                  report_type= currency= category=: the row is not there
  doubled               report_type= currency= category=: the row stands there twice

While it runs, POST /_faults on the API host sets one more ({"kind": "status", "code": 429, "count": 2}),
GET /_faults lists them, DELETE /_faults clears them; no key is needed. POST /_tamperings tampers with one
more day ({"day": "2026-11-20", "kind": "cent"}), and GET /_tamperings lists what is set.
"""


@click.group()
@click.version_option(package_name="stripe-reports")
def cli() -> None:
    """Stripe's financial reports as Dagster assets and exact Parquet tables."""


@cli.command(help=_SANDBOX_HELP)
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
    from stripe_reports.sandbox.sandbox import DEFAULT_LIVE_KEY, Sandbox

    if live and key is not None:
        raise click.UsageError("--live chooses the key, and --key gives one: use one of the two")
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
    "--rows", default=40, show_default=True, type=click.IntRange(0), help="Rows to show; 0 for all."
)
@click.option("--csv", "form", flag_value="csv", help="The whole result as CSV.")
@click.option("--json", "form", flag_value="json", help="The whole result as a JSON list of objects.")
@click.option(
    "--parquet",
    "file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The whole result into this Parquet file.",
)
@click.option("--lake", "uri", metavar="URI", help="[default: STRIPE_REPORTS_LAKE, or ./lake]")
def sql(query: str | None, rows: int, form: str | None, file: Path | None, uri: str | None) -> None:
    """Ask the tables in SQL."""
    from stripe_reports import sql_command
    from stripe_reports.definitions import lake_of_environment

    if form and file:
        raise click.UsageError(f"--{form} and --parquet are two forms: use one of the two")
    if query is None and (form or file):
        raise click.UsageError("there is no QUERY whose result could be written")
    lake = lake_of_environment(uri)
    if query is None:
        sql_command.list_tables(lake)
    elif file:
        sql_command.write_parquet(lake, query, file)
    elif form:
        {"csv": sql_command.write_csv, "json": sql_command.write_json}[form](lake, query)
    else:
        sql_command.print_rows(lake, query, most=rows)


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
