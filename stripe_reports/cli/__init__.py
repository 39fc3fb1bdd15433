"""The command `stripe-reports`: one module per command, which holds its help, its options and its examples.

Only what a command needs is imported, and only once it runs.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

import click

from stripe_reports.cli import (
    ddl,
    demo,
    doctor,
    init,
    land,
    plan,
    sandbox,
    sql,
    status,
    types,
    verify,
    webhook,
)
from stripe_reports.errors import StripeReportsError

_COMMANDS = [
    module.command
    for module in (ddl, demo, doctor, init, land, plan, sandbox, sql, status, types, verify, webhook)
]


@click.group(commands=_COMMANDS)
@click.version_option(package_name="stripe-reports")
def cli() -> None:
    """Stripe's financial reports as Dagster assets and exact Parquet tables."""


def main() -> None:
    """Run the command: exit code 1 and one line for an error that a person can fix, 130 for Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # shows what the terminal's encoding lacks as \\u….
            stream.reconfigure(errors="backslashreplace")
    try:
        cli(standalone_mode=False)
        if sys.stdout:
            sys.stdout.flush()
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        click.echo(f"Error: {_line(error)}", err=True)
        sys.exit(error.exit_code)
    except StripeReportsError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except OSError as error:  # from writing the output: `| head -1`, or a full disk
        if not isinstance(error, BrokenPipeError):
            click.echo(f"Error: {error.filename or 'the output'}: {error.strerror or error}", err=True)
        if sys.stdout:  # Python would flush it once more at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _line(error: click.ClickException) -> str:
    """Return the error as one line; a wrong argument or option also names the command's help."""
    text = " ".join(error.format_message().split())
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{text.rstrip('.')}; see {context.command_path} --help" if context else text
