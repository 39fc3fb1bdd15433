"""The command `stripe-reports doctor`."""

from __future__ import annotations

import json
import sys

import click

from stripe_reports.cli.completion import complete_types
from stripe_reports.cli.lake_option import lake_option

_SECONDS = 25.0
_EXAMPLES = """\b
Examples:
  stripe-reports doctor
  stripe-reports doctor --json
  stripe-reports doctor --account eu --key-variable STRIPE_API_KEY_EU --lake s3://finance-lake/stripe-eu
"""
_COLOURS = {"ok": "green", "warning": "yellow", "failed": "red", "unknown": "yellow"}


@click.command("doctor", epilog=_EXAMPLES)
@click.option(
    "--select",
    shell_complete=complete_types,
    help="The report types.  [default: STRIPE_REPORTS_SELECT, or core]",
)
@lake_option
@click.option("--account", metavar="NAME", help="The account's name in the code location, if it has one.")
@click.option(
    "--key-variable",
    "variable",
    default="STRIPE_API_KEY",
    show_default=True,
    help="The variable that has the key.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of the findings.")
def command(select: str | None, uri: str | None, account: str | None, variable: str, as_json: bool) -> None:
    """Look at the key, the account, the lake and Dagster.

    One line for each probe says whether it is ok, and what to do if not. The exit code is 0 if nothing
    failed; a warning is no failure. Each probe has 25 seconds, and one that fails does not keep the others
    from running.

    The doctor only reads: it creates no report run, and leaves no file behind. So it cannot show that the key
    may create report runs. It never shows the key.
    """
    from stripe_reports import environment
    from stripe_reports.catalog import select_report_types
    from stripe_reports.cli.doctor.dagster_probe import look_at_dagster
    from stripe_reports.cli.doctor.lake_probe import look_at_lake
    from stripe_reports.cli.doctor.probing import Probe, run_probes
    from stripe_reports.cli.doctor.stripe_probes import StripeProbes, probes_without_account, quick_account
    from stripe_reports.errors import ConfigurationError
    from stripe_reports.stripe_api import redact

    selected = select_report_types(select or environment.text("STRIPE_REPORTS_SELECT", "core"))
    key = environment.text(variable)
    try:
        stripe = quick_account(key)
        probes = StripeProbes(stripe, variable, selected).probes
    except ConfigurationError as error:
        stripe, probes = None, probes_without_account(str(error).replace("STRIPE_API_KEY", variable))
    probes.append(Probe("lake", lambda: look_at_lake(uri, stripe)))
    probes.append(Probe("dagster", lambda: look_at_dagster(account)))
    findings = []
    for finding in run_probes(probes, seconds=_SECONDS, redact=lambda text: redact(text, key)):
        findings.append(finding)
        if not as_json:
            status, rest = finding.line[:8], finding.line[8:]
            click.echo(click.style(status, fg=_COLOURS[finding.status]) + rest)
    if as_json:
        click.echo(json.dumps([finding.as_json() for finding in findings], indent=2))
    sys.exit(1 if any(finding.status == "failed" for finding in findings) else 0)
