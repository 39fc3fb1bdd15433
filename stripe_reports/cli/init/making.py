"""Making a project or a component's folder, and saying what comes next."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from shlex import quote

import click

from stripe_reports import environment
from stripe_reports.catalog import parse_day, select_report_types, time_zone
from stripe_reports.cli.init.new_files import add_lines, write_files
from stripe_reports.cli.init.project import (
    Choices,
    component_file,
    ignored,
    is_in_dg_project,
    key_variable,
    project_files,
)
from stripe_reports.errors import ConfigurationError
from stripe_reports.lake import local_path

_HOSTS = ("STRIPE_API_BASE", "STRIPE_FILES_BASE")
_ACCOUNT = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")


def check_choices(choices: Choices) -> None:
    """Raise a StripeReportsError for a choice that no deployment would take."""
    if choices.select is not None:
        select_report_types(choices.select)
    if choices.start_date is not None:
        parse_day(choices.start_date)
    if choices.timezone is not None:
        time_zone(choices.timezone)
    if choices.lake is not None and not choices.lake.startswith("s3://") and local_path(choices.lake) is None:
        raise ConfigurationError(
            f"{choices.lake!r} is not an address of a lake; use a path, file:///path or s3://bucket/prefix"
        )


def make_project(directory: Path, choices: Choices, *, ask_key: bool, force: bool) -> None:
    """Write the files of a project, and print what comes next. Raises ConfigurationError."""
    key = click.prompt("Stripe API key", hide_input=True) if ask_key else environment.text("STRIPE_API_KEY")
    if key:
        _check_key(key)
    hosts = {name: value for name in _HOSTS if (value := environment.text(name))}
    files = project_files(directory, choices, key, hosts)
    write_files(files, force=force)
    for file in files:
        click.echo(f"Wrote {file.path}")
    if added := add_lines(directory / ".gitignore", ignored(directory, choices)):
        click.echo(f"Added to {directory / '.gitignore'}: {' '.join(added)}")
    number = 1
    if not key:
        click.echo(f"{number}. Put your key into {directory / '.env'}, as STRIPE_API_KEY.")
        number += 1
    dagster = Path(sys.executable).with_name("dagster")
    click.echo(f"{number}. Start Dagster: cd {quote(str(directory))} && {quote(str(dagster))} dev")


def make_component(directory: Path, choices: Choices, account: str | None, *, force: bool) -> None:
    """Write the component's `defs.yaml`, and print what comes next. Raises ConfigurationError."""
    if account is not None and not _ACCOUNT.fullmatch(account):
        raise ConfigurationError(
            f"the account {account!r} cannot be a part of Dagster's names; use a-z, 0-9 and single _"
        )
    file = component_file(directory, choices, account)
    write_files([file], force=force)
    click.echo(f"Wrote {file.path}")
    if not is_in_dg_project(directory):
        click.echo(
            "There is no project of dg above it (a pyproject.toml with [tool.dg]): move the folder below the"
            " `defs` folder of one."
        )
    click.echo(f"Set {key_variable(account)} in the environment of Dagster, or in the project's .env.")


def _check_key(key: str) -> None:
    from stripe_reports.stripe_api import StripeApi

    StripeApi(key)
    if key.startswith("pk_"):
        raise ConfigurationError(
            "this is a publishable key; take a secret or restricted key from"
            " https://dashboard.stripe.com/apikeys"
        )
