"""Writing the result of a query: as CSV or JSON to the standard output, or to a Parquet file."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from stripe_reports.cli.sql.query import QueryError, as_texts, run_query
from stripe_reports.errors import ConfigurationError

if TYPE_CHECKING:
    from stripe_reports.lake import Lake

_IN_MEMORY_BYTES = 32 << 20
_LAKE_MARKER = "_stripe_reports.json"


def write_csv(lake: Lake, query: str) -> None:
    """Write the result to the standard output as Stripe writes CSVs: null is nothing, any value is quoted.

    This and the other functions raise as `run_query` does.
    """
    _to_output(lake, query, _csv)


def write_json(lake: Lake, query: str) -> None:
    """Write the result to the standard output as a list of objects, one per line; decimals are strings."""
    _to_output(lake, query, _json)


def write_parquet(lake: Lake, query: str, path: Path, *, overwrite: bool = False) -> None:
    """Write the result to a file: all of it, or nothing.

    Raises ConfigurationError for a file inside a lake, for one that exists unless `overwrite`, and for one
    that cannot be written.
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
                raise ConfigurationError(f"{path} is inside the lake {root}; write to a file outside it")
        if path.is_file() and not overwrite:
            raise ConfigurationError(
                f"{path} already exists; write to another file, or replace it with --overwrite"
            )
        if path.exists() and not path.is_file():
            raise ConfigurationError(f"{path} is not a file that can be replaced; write to another file")
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from None


def _to_output(lake: Lake, query: str, write: Callable[[pa.RecordBatchReader, IO[bytes]], None]) -> None:
    # Nothing goes out before the result is complete: a pipe's reader cannot see that a query failed half-way.
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
                    "JSON has no numbers for infinity and NaN; cast that column to VARCHAR"
                ) from None
            file.write(between + line.encode())
            between = b",\n"
    file.write(b"\n]\n" if between == b",\n" else b"[]\n")


def _json_value(value: Any) -> str | int:
    """Convert a value that JSON has no type for: a decimal to a string, as readers make floats of numbers."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else int(text)
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _parquet(reader: pa.RecordBatchReader, file: IO[bytes]) -> None:
    with pq.ParquetWriter(file, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
