"""The days that a command is about: the options `--from` and `--to`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

import click

from stripe_reports.errors import DayError

_F = TypeVar("_F", bound=Callable[..., Any])


def days_option(*, required: bool = False) -> Callable[[_F], _F]:
    """Return a decorator that adds both options to a command, as `first` and `last`."""
    first = click.option(
        "--from", "first", metavar="DAY", required=required, help="The first day, as YYYY-MM-DD."
    )
    last = click.option("--to", "last", metavar="DAY", required=required, help="The last day.")
    return lambda command: first(last(command))


def chosen_days(first: str | None, last: str | None) -> tuple[date | None, date | None]:
    """Return the days. Raises DayError for a text that is not a day, and if the first is after the last."""
    from stripe_reports.catalog import parse_day

    from_, to = (parse_day(text) if text else None for text in (first, last))
    if from_ and to and from_ > to:
        raise DayError(f"--from {from_} is after --to {to}; give the first day, then the last")
    return from_, to
