"""The command `stripe-reports status`."""

from __future__ import annotations

import click

from stripe_reports.cli.completion import complete_tables
from stripe_reports.cli.lake_option import chosen_lake, lake_option

_EXAMPLES = """\b
Examples:
  stripe-reports status
  stripe-reports status balance_summary_1 payouts_itemized_3 --rows
  stripe-reports status --lake s3://finance-lake/stripe-eu --account eu --csv > status.csv
"""


@click.command("status", epilog=_EXAMPLES)
@click.argument("tables", metavar="[TABLE]...", nargs=-1, shell_complete=complete_tables)
@click.option("--rows", is_flag=True, help="Count the rows, too: this opens the file of every day.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of objects.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--account", metavar="NAME", help="The account's name in the code location, if it has one.")
@lake_option
def command(
    tables: tuple[str, ...], rows: bool, as_json: bool, as_csv: bool, account: str | None, uri: str | None
) -> None:
    """Show how far each TABLE is.

    By default, these are all tables of the lake, and those of STRIPE_REPORTS_SELECT that have no day yet.

    Days, missing days and sizes come from listing the lake. A table is up to date if its last day is the
    newest one that Stripe has by its documented delay; Stripe is not asked. A failure is the newest one in
    Dagster's records whose day has not landed since; it is known if DAGSTER_HOME is set.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other: use one of them")
    from stripe_reports import environment
    from stripe_reports.catalog import select_report_types, time_zone
    from stripe_reports.cli.status import printing
    from stripe_reports.cli.status.failures import recorded_failures
    from stripe_reports.cli.status.table_status import table_statuses
    from stripe_reports.errors import LakeError
    from stripe_reports.wording import nearest

    select = environment.text("STRIPE_REPORTS_SELECT")
    selected = select_report_types(select) if select else ()
    lake = chosen_lake(uri)
    known = sorted({*lake.tables(), *(each.table for each in selected)})
    for table in tables:
        if table not in known:
            raise LakeError(f"{lake.root} has no table {table!r}{nearest(table, known)}")
    shown = list(tables) or known
    if not shown:
        raise LakeError(
            f"{lake.root} has no table yet; materialize a day first, or choose another lake with --lake"
        )
    zone = time_zone(environment.text("STRIPE_REPORTS_TIMEZONE", "UTC")).key
    statuses = table_statuses(lake, shown, selected, timezone=zone, count_rows=rows)
    failures, why_unknown = recorded_failures(shown, account)
    if as_json:
        printing.print_json(statuses, failures)
    elif as_csv:
        printing.print_csv(statuses, failures)
    else:
        printing.print_table(statuses, failures, why_unknown)
