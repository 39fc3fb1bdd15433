"""Printing tables to a terminal: those of the lake, or the result of a query."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
from rich import box
from rich.console import Console, ConsoleOptions, Group
from rich.table import Table
from rich.text import Text

from stripe_reports.catalog import amount_text
from stripe_reports.cli.lake_option import tables_of
from stripe_reports.cli.sql.query import as_texts, run_query

if TYPE_CHECKING:
    from stripe_reports.lake import Lake

_CURRENCY = "currency"


def list_tables(lake: Lake) -> None:
    """Print the tables of the lake with their days, rows and columns. Raises LakeError if there is none."""
    shown = _grid()
    shown.add_column("table", overflow="fold")
    for name in ("days", "rows", "cols"):
        shown.add_column(name, justify="right", no_wrap=True)
    for name in ("first day", "last day"):
        shown.add_column(name, no_wrap=True)
    for table in tables_of(lake):
        days, dataset = lake.days(table), lake.dataset(table)
        numbers = (len(days), dataset.count_rows(), len(dataset.schema.names))
        shown.add_row(table, *(f"{number:,}" for number in numbers), str(days[0]), str(days[-1]))
    _console_for(shown).print(shown)


def print_rows(lake: Lake, query: str, *, most: int) -> None:
    """Print the first `most` rows of the result (0: all rows), and how many more there are.

    Raises as `run_query` does.
    """

    def first_rows(reader: pa.RecordBatchReader) -> tuple[pa.Table, int]:
        first, rows = [], 0
        for batch in reader:
            if not most or rows < most:
                first.append(batch.slice(0, most - rows if most else None))
            rows += batch.num_rows
        return pa.Table.from_batches(first, reader.schema), rows

    table, rows = run_query(lake, query, first_rows)
    with as_texts(table) as texts:
        names = table.schema.names
        currencies = texts.column(_CURRENCY).to_pylist() if names.count(_CURRENCY) == 1 else None
        columns = [
            _shown(texts.column(number), each.type, currencies) for number, each in enumerate(table.schema)
        ]
    _print(table.schema, columns)
    if rows > table.num_rows:
        more = f"… and {rows - table.num_rows:,} more rows; --rows 0 shows all, --csv writes all"
        Console().print(more, style="dim", highlight=False)


def _shown(
    texts: pa.ChunkedArray, type_: pa.DataType, currencies: Sequence[str | None] | None
) -> list[str | None]:
    """Return decimals with the digits of their row's currency, if it is known; other values as they are."""
    values: list[str | None] = texts.to_pylist()
    if currencies is None or not (pa.types.is_decimal(type_) and type_.scale):
        return values
    return [
        value and amount_text(Decimal(value), currency or "")
        for value, currency in zip(values, currencies, strict=True)
    ]


def _print(schema: pa.Schema, columns: Sequence[Sequence[str | None]]) -> None:
    """Print a line per row, or in a terminal that is too narrow, a line per value."""
    table = _grid()
    for column in schema:
        number = pa.types.is_decimal(column.type) or pa.types.is_integer(column.type)
        right = number or pa.types.is_floating(column.type)
        table.add_column(Text(column.name), justify="right" if right else "left", no_wrap=True)
    for row in zip(*columns, strict=True):
        table.add_row(*map(_cell, row))
    console = _console_for(table)
    if console.measure(table, options=_unlimited(console)).maximum <= console.width:
        console.print(table)
        return
    for number, row in enumerate(zip(*columns, strict=True), start=1):
        values = Table(box=None, show_header=False, pad_edge=False)
        for column, value in zip(schema, row, strict=True):
            values.add_row(Text(column.name, style="bold"), _cell(value))
        console.print(Group(Text(f"row {number}", style="dim"), values, ""))


def _grid() -> Table:
    return Table(box=box.SIMPLE, padding=(0, 0, 0, 1), show_edge=False, pad_edge=False)


def _console_for(table: Table) -> Console:
    """Return a console; if it is not a terminal, it is as wide as the table."""
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, console.measure(table, options=_unlimited(console)).maximum)
    return console


def _unlimited(console: Console) -> ConsoleOptions:
    return console.options.update(max_width=1 << 20)


def _cell(text: str | None) -> Text:
    """Return the text with control characters escaped, so that a terminal does not act on them."""
    if text is None:
        return Text("NULL", style="dim")
    return Text("".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text))
