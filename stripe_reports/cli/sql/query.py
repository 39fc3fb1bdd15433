"""SQL over the tables of a lake, by DuckDB."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
import pyarrow as pa

from stripe_reports.catalog import nearest
from stripe_reports.errors import LakeError, StripeReportsError
from stripe_reports.reading import read

if TYPE_CHECKING:
    from stripe_reports.lake import Lake

T = TypeVar("T")

_BATCH_ROWS = 1 << 16
_NO_TABLE = re.compile(r"Table with name (.+?) does not exist")
_RELAYED = re.compile(r"^Invalid Input Error: reading the stream registered as '(.+?)' failed: \w+: ")
_PRODUCT = re.compile(r"Overflow in multiplication of DECIMAL")
_PRODUCT_HINT = (
    "an amount has 18 decimals, and a product of two of them more digits than a decimal can have: write"
    " net::double * net where a float is enough, or net::decimal(18, 4) * net::decimal(18, 4), which is exact"
    " for amounts of at most 4 decimals"
)
_FOR_DEBUGGING = re.compile(r"\.? Detail: Python exception:|\n\nDebug source")


class QueryError(StripeReportsError):
    """A query that DuckDB refuses. Its text is one line, and two more where DuckDB shows the place."""

    def __str__(self) -> str:
        return self.what


def tables_of(lake: Lake) -> list[str]:
    """The lake's tables. Raises LakeError if there is none."""
    if tables := lake.tables():
        return tables
    raise LakeError(f"{lake.root} has no table yet; materialize a day first, or choose with --lake")


def run_query(lake: Lake, query: str, use: Callable[[pa.RecordBatchReader], T]) -> T:
    """What `use` makes of the rows, which come as DuckDB makes them; no two columns have one name.

    Every table is a view of its name. Only those are opened that the query names; all, if it names none. The
    query reaches nothing else. `use` is called in another thread.

    Raises QueryError for what DuckDB refuses, LakeError for what the lake does not have, and what `use` does.
    """
    known = tables_of(lake)
    named = [name for name in known if re.search(rf"\b{re.escape(name)}\b", query, re.IGNORECASE)]
    with TemporaryDirectory(prefix="stripe-reports-sql-") as folder, _connection(folder) as connection:
        for name in named or known:  # `SHOW TABLES` names none
            rows = read(name, lake=lake, allow_missing_days=True)
            _demand_different_names(f"{lake.root}/{name}", rows.schema.names)
            connection.register(name, rows)
        # From here on no file (but in that folder), no network, no variable of Python.
        connection.execute("SET enable_external_access = false; SET lock_configuration = true")

        def run() -> T:
            relation = connection.sql(query)
            if relation is None:
                raise QueryError("there is no statement in the query")
            with relation.to_arrow_reader(_BATCH_ROWS) as reader:
                return use(_with_single_names(reader))

        try:
            return _interruptibly(run, connection)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # of what `use` writes; Arrow's own have no number
            raise _refused(lake, known, error) from None


def _demand_different_names(table: str, columns: Sequence[str]) -> None:
    """Raises LakeError for two columns that differ in case only: DuckDB would give one of them for both."""
    known: dict[str, str] = {}
    for column in columns:
        other = known.setdefault(column.casefold(), column)
        if other != column:
            raise LakeError(
                f"{table} has the columns {other!r} and {column!r}, which are one for SQL: some days landed"
                " with an older version or with other metadata columns; materialize these days again"
            )


@contextmanager
def as_texts(rows: pa.RecordBatchReader | pa.Table) -> Iterator[Any]:
    """The same, in the same form, with all values as text; decimals exact, without zeros at their end."""
    with _connection() as connection:
        connection.register("rows", rows)
        texts = connection.sql(f"SELECT {', '.join(map(_text, rows.schema))} FROM rows")  # noqa: S608
        if isinstance(rows, pa.Table):
            yield texts.to_arrow_table()
        else:
            with texts.to_arrow_reader(_BATCH_ROWS) as reader:
                yield reader


@contextmanager
def _connection(folder: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"temp_directory": folder} if folder else {}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def _interruptibly(run: Callable[[], T], connection: duckdb.DuckDBPyConnection) -> T:
    """In another thread, because DuckDB 2.0 misses one Ctrl-C in three while the main thread waits for it."""
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(run)
        try:
            return running.result()
        except KeyboardInterrupt:
            connection.interrupt()
            raise


def _refused(lake: Lake, known: Sequence[str], error: Exception) -> StripeReportsError:
    """The reason in one line, and the place in the query in two more where DuckDB names one."""
    text, stream = str(error), ""
    while relayed := _RELAYED.match(text):
        text, stream = text[relayed.end() :], relayed[1]
    text, _, place = text.partition("\nLINE ")
    if unknown := _NO_TABLE.search(text):
        return LakeError(f"{lake.root} has no table {unknown[1]!r}{nearest(unknown[1], known)}")
    reason = " ".join(_FOR_DEBUGGING.split(text, 1)[0].split())
    if _PRODUCT.search(reason):
        return QueryError(_PRODUCT_HINT)
    if stream in known:
        return LakeError(f"cannot read {lake.root}/{stream}: {reason}; stripe-reports verify names the day")
    return QueryError(f"{reason}\nLINE {place}" if place else reason)


def _with_single_names(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The columns `a` and `a` become `a` and `a_1`."""
    names: list[str] = []
    for name in reader.schema.names:
        number = 0
        while (single := f"{name}_{number}" if number else name) in names:
            number += 1
        names.append(single)
    if names == reader.schema.names:
        return reader
    schema = pa.schema(each.with_name(name) for each, name in zip(reader.schema, names, strict=True))
    return pa.RecordBatchReader.from_batches(
        schema, (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in reader)
    )


def _text(column: pa.Field) -> str:
    name = '"' + column.name.replace('"', '""') + '"'
    text = f"CAST({name} AS VARCHAR)"
    if pa.types.is_decimal(column.type) and column.type.scale:
        text = f"rtrim(rtrim({text}, '0'), '.')"
    return f"{text} AS {name}"
