"""The command `stripe-reports init`."""

from __future__ import annotations

from pathlib import Path

import click

from stripe_reports.cli.completion import complete_types

_EXAMPLES = """\b
Examples:
  stripe-reports init stripe
  stripe-reports init stripe --ask-key --lake s3://finance-lake/stripe --start-date 2026-01-01
  stripe-reports init --component src/finance/defs/stripe_reports --lake s3://finance-lake/stripe
  stripe-reports init --component src/finance/defs/stripe_eu --lake s3://finance-lake/eu --account eu
"""


@click.command("init", epilog=_EXAMPLES)
@click.argument("directory", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--component", is_flag=True, help="Write the defs.yaml of a component, for a dg project.")
@click.option("--ask-key", is_flag=True, help="Ask for the key; it is not shown.")
@click.option("--lake", metavar="URI", help="The lake.  [default: lake, in the directory]")
@click.option("--select", shell_complete=complete_types, help="The report types.  [default: core]")
@click.option("--start-date", metavar="DAY", help="The first partition.  [default: 2023-01-01]")
@click.option("--timezone", metavar="ZONE", help="The time zone of the days.  [default: UTC]")
@click.option("--account", metavar="NAME", help="A name for one of several accounts; with --component.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
def command(
    directory: Path,
    component: bool,
    ask_key: bool,
    lake: str | None,
    select: str | None,
    start_date: str | None,
    timezone: str | None,
    account: str | None,
    force: bool,
) -> None:
    """Make a project in DIRECTORY, in which `dagster dev` starts.

    It writes .env (readable by you only), workspace.yaml, a directory for Dagster's records, and lines of
    .gitignore. The key in .env is that of STRIPE_API_KEY, or the one that you type with --ask-key, or empty,
    for you to fill in. It is never shown.

    With --component, DIRECTORY is a folder below `defs` of a project of dg, and gets a defs.yaml. Its key
    stays in the environment.

    No file that is there is replaced without --force.
    """
    if component and ask_key:
        raise click.UsageError("--component leaves the key in the environment: leave --ask-key out")
    if account and not component:
        raise click.UsageError("--account is for --component: a project without code has one account")
    if component and not lake:
        raise click.UsageError("--component needs --lake")
    from stripe_reports.cli.init.making import check_choices, make_component, make_project
    from stripe_reports.cli.init.project import Choices

    directory = directory.absolute()
    choices = Choices(lake, select, start_date, timezone)
    check_choices(choices)
    if component:
        make_component(directory, choices, account, force=force)
    else:
        make_project(directory, choices, ask_key=ask_key, force=force)
