"""The command `stripe-reports types`."""

from __future__ import annotations

import json

import click

_EXAMPLES = """\b
Examples:
  stripe-reports types
  stripe-reports types 'payouts.*' --account
  stripe-reports types balance.summary.1 --json
"""


@click.command("types", epilog=_EXAMPLES)
@click.argument("pattern", default="all")
@click.option("--account", "ask", is_flag=True, help="Show what the account of STRIPE_API_KEY offers.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, with all columns and parameters.")
def command(pattern: str, ask: bool, as_json: bool) -> None:
    """List report types.

    PATTERN is an id, a glob or a preset; without it, all report types are listed. A single report type is
    shown with what it is for, what a row is, and what each column means.

    A + after the number of columns means that Stripe may have more columns than are known here.
    """
    from rich.console import Console

    from stripe_reports.cli.types.listing import list_report_types, show_report_types

    offered = None
    if ask:
        from stripe_reports import environment
        from stripe_reports.stripe_api import Account, StripeApi

        account = Account(StripeApi(environment.text("STRIPE_API_KEY"), trouble_attempts=1))
        offered = account.report_types()
    entries = list_report_types(pattern, offered)
    if as_json:
        click.echo(json.dumps(entries, indent=2))
    else:
        Console().print(show_report_types(entries))
