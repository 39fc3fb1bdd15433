"""The command `stripe-reports sql`: what came of a query, in a terminal or in a file."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from rich import box
from rich.console import Console, ConsoleOptions, Group
from rich.table import Table
from rich.text import Text

from stripe_reports.catalog import amount_text
from stripe_reports.errors import ConfigurationError
from stripe_reports.query import QueryError, as_texts, run_query, tables_of

if TYPE_CHECKING:
    from stripe_reports.lake import Lake

_IN_MEMORY_BYTES = 32 << 20
_CURRENCY = "currency"
_LAKE_MARKER = "_stripe_reports.json"


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
    """Print the result as a table of `most` rows (0: all of them), and how many more there are.

    This and what follows raise QueryError for a query that DuckDB refuses, and LakeError for what the lake
    does not have.
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


def write_csv(lake: Lake, query: str) -> None:
    """Write the result to the standard output, as Stripe writes CSVs: null is nothing, all else is quoted."""
    _to_output(lake, query, _csv)


def write_json(lake: Lake, query: str) -> None:
    """Write the result to the standard output as a list of objects, one in a line; decimals are texts."""
    _to_output(lake, query, _json)


def write_parquet(lake: Lake, query: str, path: Path, *, overwrite: bool = False) -> None:
    """Write the result to that file: all of it, or nothing.

    Raises ConfigurationError for a file within a lake, for one that exists unless `overwrite`, and where it
    cannot be written.
    """
    _check_place(path, lake, overwrite)
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        file = unfinished.open("xb")
        try:
            with file:
                run_query(lake, query, lambda reader: _parquet(reader, file))
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from None


def _check_place(path: Path, lake: Lake, overwrite: bool) -> None:
    try:
        folder = path.parent.resolve()
        for root in (folder, *folder.parents):
            if str(root) == lake.root or (root / _LAKE_MARKER).exists():
                raise ConfigurationError(f"{path} is within the lake {root}; write to a file outside of it")
        if path.is_file() and not overwrite:
            raise ConfigurationError(
                f"{path} exists already; write to another file, or replace it with --overwrite"
            )
        if path.exists() and not path.is_file():
            raise ConfigurationError(f"{path} is no file that can be replaced; write to another")
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from None


def _to_output(lake: Lake, query: str, write: Callable[[pa.RecordBatchReader, IO[bytes]], None]) -> None:
    # Not a byte goes out before all are there: what reads a pipe does not see that a query failed half-way.
    with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as file:
        run_query(lake, query, lambda reader: write(reader, file))
        file.seek(0)
        shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _csv(reader: pa.RecordBatchReader, file: IO[bytes]) -> None:
    options = pc.WriteOptions(quoting_style="all_valid")
    with as_texts(reader) as texts, pc.CSVWriter(file, texts.schema, write_options=options) as writer:
        for batch in texts:
            writer.write_batch(batch)


def _json(reader: pa.RecordBatchReader, file: IO[bytes]) -> None:
    between = b"[\n"
    for batch in reader:
        for row in batch.to_pylist():
            try:
                line = json.dumps(row, default=_json_value, ensure_ascii=False, allow_nan=False)
            except ValueError:
                raise QueryError(
                    "JSON has no number for what is infinite or not a number; cast that column to VARCHAR"
                ) from None
            file.write(between + line.encode())
            between = b",\n"
    file.write(b"\n]\n" if between == b",\n" else b"[]\n")


def _json_value(value: Any) -> str | int:
    """What JSON has no form of. A decimal is a text, so that no reader makes a float of it."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else int(text)
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _parquet(reader: pa.RecordBatchReader, file: IO[bytes]) -> None:
    with pq.ParquetWriter(file, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)


def _shown(
    texts: pa.ChunkedArray, type_: pa.DataType, currencies: Sequence[str | None] | None
) -> list[str | None]:
    """Decimals with the digits of their row's currency, where that is known; all else as it is."""
    values: list[str | None] = texts.to_pylist()
    if currencies is None or not (pa.types.is_decimal(type_) and type_.scale):
        return values
    return [
        value and amount_text(Decimal(value), currency or "")
        for value, currency in zip(values, currencies, strict=True)
    ]


def _print(schema: pa.Schema, columns: Sequence[Sequence[str | None]]) -> None:
    """A line for a row; in a terminal that is too narrow for that, a line for a value."""
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
    """As wide as the table where its lines do not end at a terminal's edge."""
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, console.measure(table, options=_unlimited(console)).maximum)
    return console


def _unlimited(console: Console) -> ConsoleOptions:
    return console.options.update(max_width=1 << 20)


def _cell(text: str | None) -> Text:
    """What a terminal would act on is shown instead."""
    if text is None:
        return Text("NULL", style="dim")
    return Text("".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text))
