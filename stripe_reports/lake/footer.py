"""The end of a landed file: what is said of its rows, read without them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

import pyarrow.parquet as pq
from pyarrow import fs

from stripe_reports.errors import LakeError
from stripe_reports.lake.landed_file import FACT_PREFIX, LandedFile
from stripe_reports.lake.landed_table import LandedTable
from stripe_reports.lake.object_files import ObjectFileHandler
from stripe_reports.lake.partition import partition_path
from stripe_reports.lake.reader import not_landed, reading, repeated
from stripe_reports.lake.store import Store

_FACTS = ("report_type", "day", "csv_sha256", "csv_bytes", "rows")


@dataclass(frozen=True, slots=True)
class Footer:
    """What one file's footer says, and the size of that file in bytes."""

    metadata: pq.FileMetaData
    provenance: dict[str, str]
    file_bytes: int


def read_footer(store: Store, root: str, path: str) -> Footer | None:
    """None if there is no such file. Raises LakeError if it cannot be read."""
    filesystem = fs.PyFileSystem(ObjectFileHandler(store, root))
    with reading(f"{root}/{path}"):
        try:
            file = filesystem.open_input_file(path)
        except FileNotFoundError:
            return None
        with file:
            metadata = pq.read_metadata(file)
            return Footer(metadata, provenance_of(metadata), file.size())


def provenance_of(metadata: pq.FileMetaData) -> dict[str, str]:
    """The facts in a footer, by their names."""
    return {
        name.decode().removeprefix(FACT_PREFIX): fact.decode()
        for name, fact in (metadata.metadata or {}).items()
        if name.startswith(FACT_PREFIX.encode())
    }


def read_provenance(store: Store, root: str, table: str, day: date) -> dict[str, str]:
    """The facts of any table's day. Raises LakeError if it is not landed, or cannot be read."""
    path = partition_path(table, day)
    footer = repeated(lambda: read_footer(store, root, path))
    if footer is None:
        raise not_landed(f"{root}/{path}")
    return footer.provenance


def read_landed(store: Store, root: str, table: str, day: date) -> LandedFile | None:
    """The facts of a landed day; None if there is no such file.

    Raises LakeError if it cannot be read, or does not say that it is this day.
    """
    path = partition_path(table, day)
    uri = f"{root}/{path}"
    footer = repeated(lambda: read_footer(store, root, path))
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
    with reading(uri):
        schema = footer.metadata.schema.to_arrow_schema().remove_metadata()
    landed = LandedTable(
        uri=uri,
        path=path,
        rows=rows,
        csv_bytes=_csv_bytes(facts["csv_bytes"], uri),
        csv_sha256=facts["csv_sha256"],
        parquet_bytes=footer.file_bytes,
        schema=schema,
        new_columns=_new_columns(facts.get("new_columns", "[]"), uri),
        quoted_empties=_quoted_empties(facts.get("quoted_empties", "{}"), uri),
    )
    return LandedFile(landed, facts)


def _csv_bytes(fact: str, uri: str) -> int:
    if not (fact.isascii() and fact.isdigit()):
        raise _damaged(uri, f"says {fact!r} bytes of CSV")
    return int(fact)


def _new_columns(fact: str, uri: str) -> tuple[str, ...]:
    try:
        names = json.loads(fact)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _damaged(uri, f"says {fact!r} of new columns")
    return tuple(names)


def _quoted_empties(fact: str, uri: str) -> dict[str, int]:
    try:
        counts = json.loads(fact)
    except (ValueError, RecursionError):
        counts = None
    if not isinstance(counts, dict) or not all(type(count) is int for count in counts.values()):
        raise _damaged(uri, f"says {fact!r} of quoted empties")
    return counts


def _damaged(uri: str, how: str) -> LakeError:
    return LakeError(f"{uri} is damaged: its footer {how}; materialize that day again")
