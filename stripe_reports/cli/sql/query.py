"""Running a query over the tables of a lake, with DuckDB."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
import pyarrow as pa

from stripe_reports.cli.lake_option import tables_of
from stripe_reports.errors import LakeError, StripeReportsError
from stripe_reports.reading import read
from stripe_reports.wording import nearest

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
    """A query that DuckDB refuses. The message is one line, and two more if DuckDB shows the place."""

    def __str__(self) -> str:
        return self.what


def run_query(lake: Lake, query: str, use: Callable[[pa.RecordBatchReader], T]) -> T:
    """Run the query, and return what `use` returns for its rows, which stream as DuckDB produces them.

    Every table is a view of the same name. Only tables that the query names are opened, or all if it names
    none. The query can read nothing else. No two columns of the rows have the same name. `use` is called in
    another thread.

    Raises QueryError if DuckDB refuses the query, LakeError for tables that the lake does not have or that
    cannot be read, and whatever `use` raises.
    """
    known = tables_of(lake)
    named = [name for name in known if re.search(rf"\b{re.escape(name)}\b", query, re.IGNORECASE)]
    with TemporaryDirectory(prefix="stripe-reports-sql-") as folder, _connection(folder) as connection:
        for name in named or known:  # `SHOW TABLES` names none
            rows = read(name, lake=lake, allow_missing_days=True)
            _demand_different_names(f"{lake.root}/{name}", rows.schema.names)
            connection.register(name, rows)
        # From here on the query reaches no file outside that folder, no network and no Python variable.
        connection.execute("SET enable_external_access = false; SET lock_configuration = true")

        def run() -> T:
            relation = connection.sql(query)
            if relation is None:
                raise QueryError("the query has no statement")
            with relation.to_arrow_reader(_BATCH_ROWS) as reader:
                return use(_with_single_names(reader))

        try:
            return _interruptibly(run, connection)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # from writing, in `use`; errors of Arrow have no number
            raise _refused(lake, known, error) from None


def _demand_different_names(table: str, columns: Sequence[str]) -> None:
    """Raise LakeError for two columns that differ only in case: DuckDB would return one of them for both."""
    known: dict[str, str] = {}
    for column in columns:
        other = known.setdefault(column.casefold(), column)
        if other != column:
            raise LakeError(
                f"{table} has the columns {other!r} and {column!r}, which are the same for SQL: some days"
                " landed with an older version or with other metadata columns; materialize these days again"
            )


@contextmanager
def as_texts(rows: pa.RecordBatchReader | pa.Table) -> Iterator[Any]:
    """Yield the same rows, in the same form, with all values as text; decimals without trailing zeros."""
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
    """Run it in another thread: DuckDB 2.0 misses one Ctrl-C in three while the main thread waits for it."""
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(run)
        try:
            return running.result()
        except KeyboardInterrupt:
            connection.interrupt()
            raise


def _refused(lake: Lake, known: Sequence[str], error: Exception) -> StripeReportsError:
    """Return an error with the reason in one line, and two more if DuckDB shows the place in the query."""
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
    """Rename columns that share a name: `a` and `a` become `a` and `a_1`."""
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
