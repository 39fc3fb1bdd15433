"""Printing the status of tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import click
from rich import box, filesize
from rich.console import Console
from rich.table import Table

from stripe_reports.catalog import stretch_texts
from stripe_reports.cli.status.table_status import TableStatus, as_json, at_text
from stripe_reports.wording import some

if TYPE_CHECKING:
    from stripe_reports.orchestration import UnlandedDay

Failures = Mapping[str, "UnlandedDay | None"]
_STRETCHES_NAMED, _TABLES_NAMED = 5, 3


def print_json(statuses: Sequence[TableStatus], failures: Failures | None) -> None:
    """Print a list of objects."""
    click.echo(json.dumps([as_json(status, failures) for status in statuses], indent=2))


def print_csv(statuses: Sequence[TableStatus], failures: Failures | None) -> None:
    """Print the fields of the JSON as CSV; what is not known is nothing between commas."""
    for number, status in enumerate(statuses):
        fields = as_json(status, failures)
        fields["missing"] = ", ".join(fields["missing"])
        if number == 0:
            click.echo(_csv_line(fields))
        click.echo(_csv_line(fields.values()))


def _csv_line(values: Iterable[object]) -> str:
    """Return a line of CSV as Stripe writes it: null is nothing, any value is quoted."""
    return ",".join(
        "" if value is None else f'"{str(value).replace(chr(34), chr(34) * 2)}"' for value in values
    )


def print_table(statuses: Sequence[TableStatus], failures: Failures | None, why_unknown: str) -> None:
    """Print a table, then the missing days and the failures, a line each."""
    shown = Table(box=box.SIMPLE, padding=(0, 0, 0, 1), show_edge=False, pad_edge=False)
    shown.add_column("table", overflow="fold")
    counted = any(status.rows is not None for status in statuses)
    for name in ("days", "missing", *(["rows"] if counted else []), "size"):
        shown.add_column(name, justify="right", no_wrap=True)
    for name in ("first day", "last day", "freshness"):
        shown.add_column(name, no_wrap=True)
    for status in statuses:
        rows = [f"{status.rows:,}"] if status.rows is not None else []
        shown.add_row(
            status.table,
            f"{len(status.sizes):,}",
            f"{len(status.missing):,}" if status.missing else "",
            *rows,
            filesize.decimal(sum(status.sizes.values())),
            str(status.first or ""),
            str(status.last or ""),
            status.freshness,
        )
    console = Console()
    if not console.is_terminal:
        options = console.options.update(max_width=1 << 20)
        console.width = max(console.width, console.measure(shown, options=options).maximum)
    console.print(shown)
    for line in _lines(statuses, failures or {}):
        click.echo(line)
    if failures is None:
        click.echo(f"Failures are not known: {why_unknown}.")


def _lines(statuses: Sequence[TableStatus], failures: Failures) -> list[str]:
    gaps: dict[tuple[date, ...], list[str]] = {}
    lines = [f"Damaged: {status.damaged}" for status in statuses if status.damaged]
    for status in statuses:
        if status.missing:
            gaps.setdefault(tuple(status.missing), []).append(status.table)
    for days, tables in gaps.items():
        named = some(stretch_texts(days), _STRETCHES_NAMED)
        lines.append(f"Missing: {named}, in {some(tables, _TABLES_NAMED)}")
    for status in statuses:
        if failure := failures.get(status.table):
            run = f"run {failure.run_id[:8]}, {at_text(failure)}"
            lines.append(f"Failed: {status.table} {failure.partition} ({run}): {failure.why}")
    return lines
