"""Landing a person's file, and telling Dagster."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from stripe_reports import environment
from stripe_reports.catalog import stretch_texts
from stripe_reports.landing import HandLanded
from stripe_reports.wording import some

if TYPE_CHECKING:
    from stripe_reports.lake import Difference, Lake

_MOST_NAMED = 10


def land_and_record(land: Callable[[], HandLanded], lake: Lake, account: str | None) -> None:
    """Land the file, and record it in the instance of DAGSTER_HOME, if that is set.

    An instance that cannot be used is an error before anything lands. Raises as `land_file` does, and
    ConfigurationError.
    """
    home = environment.dagster_home()
    if not home:
        _print(land())
        click.echo(
            "Dagster does not know of it, because DAGSTER_HOME is not set: a schedule may land the day again"
            " from Stripe. Set it, and run the same command again to record the day."
        )
        return
    import dagster as dg

    from stripe_reports.orchestration import AccountNames, open_instance, record_by_hand

    prefix = AccountNames(account).key_prefix
    with open_instance(home) as instance:
        landed = land()
        _print(landed)
        key = dg.AssetKey([*prefix, landed.report_type.table])
        recorded = record_by_hand(instance, key, landed, lake)
    name = key.to_user_string()
    click.echo(f"Recorded in Dagster: {name}." if recorded else f"Dagster has it already: {name}.")


def _print(landed: HandLanded) -> None:
    table = landed.file.table
    (day,) = stretch_texts([landed.day])
    name = f"{landed.report_type.id} {day}"
    if landed.unchanged:
        click.echo(f"{name} holds this CSV already; nothing was landed.")
    else:
        click.echo(f"{name} has landed: {table.rows:,} rows in {table.uri}")
    click.echo(f"SHA-256 of the CSV: {table.csv_sha256}")
    if landed.missing_columns:
        click.echo(f"Null, because the CSV lacks them: {some(landed.missing_columns, _MOST_NAMED)}")
    if table.new_columns:
        click.echo(f"Columns that the catalog does not know: {some(table.new_columns, _MOST_NAMED)}")
    if landed.checked_by:
        click.echo(f"Its rows are of that day, by {landed.checked_by}.")
    else:
        click.echo("Not checked: no column of this CSV says that its rows are of that day.")
    if landed.difference is not None:
        click.echo(f"It replaced a table: {_difference(landed.difference)}.")


def _difference(found: Difference) -> str:
    if found.unchanged:
        return "the rows are the same"
    rows = f"{found.rows_added:,} rows added, {found.rows_removed:,} removed, {found.rows_changed:,} changed"
    return f"{rows}; amounts {'differ' if found.amounts_changed else 'are the same'}"
