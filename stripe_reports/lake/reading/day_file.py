"""The Parquet file of a day: opened, or only its footer, which has the facts about its rows."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from stripe_reports.errors import LakeError
from stripe_reports.lake.storage.landed_table import FACT_PREFIX, FIRST_ROWS, LandedFile, LandedTable
from stripe_reports.lake.storage.object_files import open_store_files, read_errors, reread_if_replaced
from stripe_reports.lake.storage.partitions import partition_path
from stripe_reports.lake.storage.store import Store

_FACTS = ("report_type", "day", "csv_sha256", "csv_bytes", "rows")


@contextmanager
def open_day_file(
    store: Store, root: str, path: str, *, pre_buffer: bool = False
) -> Iterator[pq.ParquetFile]:
    """Open the file of a day until the block ends. Raises LakeError if it cannot be opened.

    With `pre_buffer`, the columns of a row group are fetched together.
    """
    uri = f"{root}/{path}"
    with ExitStack() as stack:
        try:
            with read_errors(uri):
                file = stack.enter_context(open_store_files(store, root).open_input_file(path))
                opened = pq.ParquetFile(file, pre_buffer=pre_buffer)
        except LakeError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise not_landed(uri) from error
            raise
        yield opened


def not_landed(uri: str) -> LakeError:
    """Return the error for a day whose file is not there."""
    return LakeError(f"{uri} is not landed; materialize that day first")


def provenance_of(metadata: pq.FileMetaData) -> dict[str, str]:
    """Return the facts in a footer, by name."""
    return {
        name.decode().removeprefix(FACT_PREFIX): fact.decode()
        for name, fact in (metadata.metadata or {}).items()
        if name.startswith(FACT_PREFIX.encode())
    }


def read_provenance(store: Store, root: str, table: str, day: date) -> dict[str, str]:
    """Read the facts about a day of any table.

    Raises LakeError if it is not landed, or cannot be read.
    """
    path = partition_path(table, day)
    footer = reread_if_replaced(lambda: _read_footer(store, root, path))
    if footer is None:
        raise not_landed(f"{root}/{path}")
    return footer.provenance


def read_landed(store: Store, root: str, table: str, day: date) -> LandedFile | None:
    """Read the facts about a landed day, or return None if there is no such file.

    Raises LakeError if it cannot be read, or if its footer does not say that it is this day.
    """
    path = partition_path(table, day)
    uri = f"{root}/{path}"
    footer = reread_if_replaced(lambda: _read_footer(store, root, path))
    if footer is None:
        return None
    facts = footer.provenance
    if lacking := [name for name in _FACTS if name not in facts]:
        raise _damaged(uri, f"does not say {', '.join(lacking)}")
    said = facts["report_type"].replace(".", "_"), facts["day"]
    if said != (table, day.isoformat()):
        raise _damaged(uri, f"says that this is {said[0]} {said[1]}")
    rows = footer.metadata.num_rows
    if facts["rows"] != str(rows):
        raise _damaged(uri, f"says {facts['rows']} rows, and there are {rows}")
    with read_errors(uri):
        schema = footer.metadata.schema.to_arrow_schema().remove_metadata()
    landed = LandedTable(
        uri=uri,
        path=path,
        rows=rows,
        csv_bytes=_csv_bytes(facts["csv_bytes"], uri),
        csv_sha256=facts["csv_sha256"],
        parquet_bytes=footer.file_bytes,
        schema=schema,
        new_columns=_names(facts.get("new_columns", "[]"), uri, "new columns"),
        quoted_empties=_quoted_empties(facts.get("quoted_empties", "{}"), uri),
        pii=facts.get("pii", "keep"),
        pii_columns=_names(facts.get("pii_columns", "[]"), uri, "columns with personal data"),
        pii_key_id=facts.get("pii_key_id", ""),
    )
    return LandedFile(landed, facts)


def read_first_rows(store: Store, root: str, table: str, day: date) -> pa.Table:
    """Read at most ten rows, from the beginning of a landed day. Raises LakeError if they cannot be read."""
    path = partition_path(table, day)

    def read() -> pa.Table:
        with open_day_file(store, root, path, pre_buffer=True) as file, read_errors(f"{root}/{path}"):
            groups = [0] if file.num_row_groups else []
            batches = file.iter_batches(FIRST_ROWS, row_groups=groups, use_threads=False)
            return pa.Table.from_batches(itertools.islice(batches, 1), file.schema_arrow)

    return reread_if_replaced(read)


@dataclass(frozen=True, slots=True)
class _Footer:
    """The metadata in the footer of one file, and the size of that file in bytes."""

    metadata: pq.FileMetaData
    provenance: dict[str, str]
    file_bytes: int


def _read_footer(store: Store, root: str, path: str) -> _Footer | None:
    """Read the footer of a file, or return None if there is no such file.

    Raises LakeError if it cannot be read.
    """
    with read_errors(f"{root}/{path}"):
        try:
            file = open_store_files(store, root).open_input_file(path)
        except FileNotFoundError:
            return None
        with file:
            metadata = pq.read_metadata(file)
            return _Footer(metadata, provenance_of(metadata), file.size())


def _csv_bytes(fact: str, uri: str) -> int:
    if not (fact.isascii() and fact.isdigit()):
        raise _damaged(uri, f"says {fact!r} bytes of CSV")
    return int(fact)


def _names(fact: str, uri: str, what: str) -> tuple[str, ...]:
    try:
        names = json.loads(fact)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _damaged(uri, f"has {fact!r} as {what}")
    return tuple(names)


def _quoted_empties(fact: str, uri: str) -> dict[str, int]:
    try:
        counts = json.loads(fact)
    except (ValueError, RecursionError):
        counts = None
    if not isinstance(counts, dict) or not all(type(count) is int for count in counts.values()):
        raise _damaged(uri, f"has {fact!r} as quoted empties")
    return counts


def _damaged(uri: str, how: str) -> LakeError:
    return LakeError(f"{uri} is damaged: its footer {how}; materialize that day again")
