"""The command `stripe-reports plan`."""

from __future__ import annotations

import click

from stripe_reports.cli.completion import complete_types
from stripe_reports.cli.days_option import chosen_days, days_option
from stripe_reports.cli.lake_option import chosen_lake, lake_option

_MOST_DAYS = 7320
_EXAMPLES = """\b
Examples:
  stripe-reports plan --from 2026-01-01 --to 2026-10-31
  stripe-reports plan core 'tax.*' --from 2026-10-01 --to 2026-10-31 --offered
  stripe-reports plan balance.summary.1 --from 2026-11-01 --to 2026-11-30 --again --json
"""


@click.command("plan", epilog=_EXAMPLES)
@click.argument("types", metavar="[TYPE]...", nargs=-1, shell_complete=complete_types)
@days_option(required=True)
@click.option("--again", is_flag=True, help="Plan days that have landed as well.")
@click.option("--offered", "ask", is_flag=True, help="Ask Stripe how far its data go, in one call.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@lake_option
def command(
    types: tuple[str, ...],
    first: str,
    last: str,
    again: bool,
    ask: bool,
    as_json: bool,
    uri: str | None,
) -> None:
    """Show what a backfill would ask of Stripe.

    TYPE is an id, a glob or a preset, by default STRIPE_REPORTS_SELECT. The plan counts the report runs, the
    calls and about the time, the days that have landed already, and those that are not available yet. Days
    are those of STRIPE_REPORTS_TIMEZONE.

    It asks nothing of Stripe, unless --offered is given: then one call asks the account of STRIPE_API_KEY
    what it offers and how far its data go. It creates no report run in any case.

    A report on single payouts needs one report run for each payout, which nobody knows before the payouts are
    listed.
    """
    import time

    from stripe_reports import environment
    from stripe_reports.catalog import days_between, select_report_types, time_zone
    from stripe_reports.cli.plan import printing
    from stripe_reports.cli.plan.planning import plan
    from stripe_reports.errors import DayError
    from stripe_reports.lake import local_path
    from stripe_reports.landing import MAX_RUNS_IN_FLIGHT
    from stripe_reports.stripe_api import Account, StripeApi

    from_, to = chosen_days(first, last)
    if from_ is None or to is None:
        raise click.UsageError("--from and --to need a day each")
    if (to - from_).days >= _MOST_DAYS:
        raise DayError(f"{from_} to {to} are {(to - from_).days + 1:,} days; plan at most 20 years at once")
    days = days_between(from_, to)
    selected = select_report_types(types or environment.text("STRIPE_REPORTS_SELECT", "core"))
    zone = time_zone(environment.text("STRIPE_REPORTS_TIMEZONE", "UTC")).key
    path = local_path(uri or environment.lake_uri())
    offered = None
    if ask:
        api = StripeApi(environment.text("STRIPE_API_KEY"), trouble_attempts=1)
        offered = Account(api).report_types()
    planned = plan(
        selected,
        days,
        lake=None if path and not path.exists() else chosen_lake(uri),
        timezone=zone,
        now=time.time(),
        runs_in_flight=environment.count("STRIPE_REPORTS_MAX_RUNS_IN_FLIGHT", default=MAX_RUNS_IN_FLIGHT),
        again=again,
        offered=offered,
    )
    if as_json:
        printing.print_json(planned, days, zone, asked=ask)
    else:
        printing.print_plan(planned, asked=ask, again=again)
