"""The command `stripe-reports land`."""

from __future__ import annotations

from pathlib import Path

import click

from stripe_reports.cli.completion import complete_types
from stripe_reports.cli.lake_option import chosen_lake, lake_option

_EXAMPLES = """\b
Examples:
  stripe-reports land balance.csv --type balance.summary.1 --day 2026-11-01
  stripe-reports land payouts.csv --type payouts.itemized.3 --day 2026-11-01 --allow-missing-columns
  stripe-reports land balance.csv --type balance.summary.1 --day 2026-11-01 --replace --account eu
"""


@click.command("land", epilog=_EXAMPLES)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--type",
    "type_",
    metavar="TYPE",
    required=True,
    shell_complete=complete_types,
    help="The report type, by its id.",
)
@click.option("--day", "day", metavar="DAY", required=True, help="The day, as YYYY-MM-DD.")
@click.option("--replace", is_flag=True, help="Replace the day if it has landed already.")
@click.option("--allow-missing-columns", is_flag=True, help="Land a CSV that lacks columns: they are null.")
@click.option("--printed-in", metavar="ZONE", help="The time zone of its local times.  [default: the days']")
@click.option(
    "--mode", type=click.Choice(["live", "test"]), help="Needed for a lake in which nothing has landed."
)
@click.option("--account", metavar="NAME", help="The account's name in the code location, if it has one.")
@lake_option
def command(
    file: Path,
    type_: str,
    day: str,
    replace: bool,
    allow_missing_columns: bool,
    printed_in: str | None,
    mode: str | None,
    account: str | None,
    uri: str | None,
) -> None:
    """Land FILE, a CSV from Stripe's Dashboard.

    It is checked as a report run's result is: its columns, every value, and that its rows are of the day, in
    STRIPE_REPORTS_TIMEZONE, if a column says so. It must be unfiltered and of that one day. The file of the
    day says that it was given by hand. A day that has landed from another CSV is refused without --replace.

    If DAGSTER_HOME is set, the day is recorded in Dagster as a materialization without a run. If not, or if
    the command is stopped in between, run it again with DAGSTER_HOME: it lands nothing twice.
    """
    from stripe_reports import environment
    from stripe_reports.catalog import parse_day, select_report_types, time_zone
    from stripe_reports.cli.land.landing import land_and_record
    from stripe_reports.errors import UnknownReportTypeError
    from stripe_reports.lake import open_lake
    from stripe_reports.landing import land_file

    selected = select_report_types(type_)
    if len(selected) != 1:
        raise UnknownReportTypeError(f"{type_!r} names {len(selected)} report types; name one")
    zone = time_zone(environment.text("STRIPE_REPORTS_TIMEZONE", "UTC")).key
    wanted, printed = parse_day(day), time_zone(printed_in).key if printed_in else None
    if mode:  # it may be a new lake
        lake = open_lake(uri or environment.lake_uri(), keep_csv=environment.keep_csv())
    else:
        lake = chosen_lake(uri)
    land_and_record(
        lambda: land_file(
            selected[0],
            wanted,
            file,
            lake=lake,
            timezone=zone,
            printed_in=printed,
            livemode=None if mode is None else mode == "live",
            replace=replace,
            allow_missing_columns=allow_missing_columns,
        ),
        lake,
        account,
    )
