"""The command `stripe-reports verify`."""

from __future__ import annotations

import sys

import click

from stripe_reports.cli.completion import complete_tables
from stripe_reports.cli.days_option import chosen_days, days_option
from stripe_reports.cli.lake_option import chosen_lake, lake_option

_EXAMPLES = """\b
Examples:
  stripe-reports verify
  stripe-reports verify balance_summary_1 payouts_itemized_3 --from 2026-11-01
  stripe-reports verify --lake s3://finance-lake/stripe --from 2026-11-20 --to 2026-11-20
"""


@click.command("verify", epilog=_EXAMPLES)
@click.argument("tables", metavar="[TABLE]...", nargs=-1, shell_complete=complete_tables)
@days_option()
@lake_option
def command(tables: tuple[str, ...], first: str | None, last: str | None, uri: str | None) -> None:
    """Prove landed tables against Stripe's CSVs.

    The lake keeps each CSV as it came. This command reads the CSVs again, with a reader that shares no code
    with the one that landed them, and compares every value of each TABLE (by default of all tables that came
    from Stripe) with its text.

    The exit code is 0 only if every landed day in the range is proven. A day whose CSV is not kept cannot be
    proven: it is listed as such, and the exit code is 1, as for a difference. Materialize it again, or leave
    it out with --from and --to.
    """
    from stripe_reports.cli.verify.verification import run_verification

    sys.exit(run_verification(chosen_lake(uri), tables, *chosen_days(first, last)))
