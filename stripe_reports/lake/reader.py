"""Landed days as one Arrow dataset, from any store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from stripe_reports.errors import CsvNotKeptError, LakeError, ReplacedError
from stripe_reports.lake.kept_csv import csv_path
from stripe_reports.lake.object_files import ObjectFileHandler
from stripe_reports.lake.store import Store, storage_errors

if TYPE_CHECKING:
    from stripe_reports.lake.landed_rows import Rows

T = TypeVar("T")

_DAY_COLUMN = "date"
_READS = 5
_FOOTERS_AT_ONCE = 16
_REQUEST_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 18


@contextmanager
def reading(uri: str) -> Iterator[None]:
    """Says in one line what could not be read, and why. Raises LakeError."""
    with storage_errors(f"read {uri}"):
        try:
            yield
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise LakeError(f"cannot read {uri}: {error}") from error


def repeated(read: Callable[[], T]) -> T:
    """What `read` gives. It is called again where a file is replaced under it.

    Raises what it raises, and ReplacedError where that happens again and again.
    """
    for _ in range(_READS - 1):
        with suppress(ReplacedError):
            return read()
    return read()


def not_landed(uri: str) -> LakeError:
    """What to raise where a day's file is not there."""
    return LakeError(f"{uri} is not landed; materialize that day first")


@contextmanager
def open_file(store: Store, root: str, path: str) -> Iterator[pq.ParquetFile]:
    """One file, until the end of the block. Raises LakeError if it cannot be opened."""
    uri = f"{root}/{path}"
    filesystem = fs.PyFileSystem(ObjectFileHandler(store, root))
    with ExitStack() as stack:
        try:
            with reading(uri):
                file = pq.ParquetFile(stack.enter_context(filesystem.open_input_file(path)))
        except LakeError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise not_landed(uri) from error
            raise
        yield file


def read_kept_csv(store: Store, root: str, sha256: str) -> Iterator[bytes]:
    """A CSV's bytes as they came, in chunks of at most 256 KiB.

    Raises CsvNotKeptError if it is not there, and LakeError if it is damaged.
    """
    path = csv_path(sha256)
    filesystem = fs.PyFileSystem(ObjectFileHandler(store, root))
    try:
        with (
            reading(f"{root}/{path}"),
            filesystem.open_input_stream(path, compression=None) as file,
            pa.CompressedInputStream(pa.BufferedInputStream(file, _REQUEST_BYTES), "zstd") as stream,
        ):
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk
    except LakeError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise CsvNotKeptError(
                f"{root}/{path} is not there: this CSV was not kept, or was deleted;"
                " materialize its day again with STRIPE_REPORTS_KEEP_CSV=true"
            ) from error
        raise


def is_kept(store: Store, root: str, sha256: str) -> bool:
    """Whether the CSV with this digest is there and has it."""
    digest = hashlib.sha256()
    try:
        for chunk in read_kept_csv(store, root, sha256):
            digest.update(chunk)
    except LakeError:
        return False
    return digest.hexdigest() == sha256


def demand_days(
    root: str, table: str, asked: Sequence[date] | None, landed: Sequence[date]
) -> Sequence[date]:
    """The asked days, or all landed ones, sorted.

    Raises LakeError where there are none, and where some have not landed; it names the first of them.
    """
    wanted = landed if asked is None else sorted(set(asked))
    if not wanted:
        why = "no day was asked for" if asked is not None else f"{root} has no day of it"
        raise LakeError(f"nothing to read of {table}: {why}; materialize or name at least one")
    if missing := sorted(set(wanted).difference(landed)):
        some = ", ".join(str(day) for day in missing[:3]) + (", …" if len(missing) > 3 else "")
        raise LakeError(
            f"{root} lacks {len(missing)} of {len(wanted)} days of {table}: {some}; materialize them first"
        )
    return wanted


def open_dataset(store: Store, root: str, table: str, paths: Mapping[date, str]) -> Rows:
    """One dataset over these files of a table, a day each, in their order."""
    import pyarrow.dataset as ds  # imports pandas, which the other ways to read do without

    from stripe_reports.lake.landed_rows import Rows

    filesystem = fs.PyFileSystem(ObjectFileHandler(store, root))
    with ThreadPoolExecutor(min(_FOOTERS_AT_ONCE, len(paths))) as threads:
        schemas = threads.map(lambda path: _file_schema(filesystem, root, path), paths.values())
        schema = _united(dict(zip(paths, schemas, strict=True)))
    partitions = None
    if _DAY_COLUMN not in schema.names:
        schema = schema.append(pa.field(_DAY_COLUMN, pa.date32()))
        partitions = [ds.field(_DAY_COLUMN) == pa.scalar(day, pa.date32()) for day in paths]
    dataset = ds.FileSystemDataset.from_paths(
        list(paths.values()),
        schema=schema,
        format=ds.ParquetFileFormat(),
        filesystem=filesystem,
        partitions=partitions,
    )
    return Rows.of(dataset, f"{root}/{table}")


def _file_schema(filesystem: fs.FileSystem, root: str, path: str) -> pa.Schema:
    with reading(f"{root}/{path}"), filesystem.open_input_file(path) as file:
        return pq.read_schema(file)


def _united(schemas: Mapping[date, pa.Schema]) -> pa.Schema:
    """All columns by name, those of the newest day first, without the provenance of any single day."""
    fields: dict[str, tuple[pa.Field, date]] = {}
    for day, schema in reversed(list(schemas.items())):
        for field in schema:
            known, known_day = fields.setdefault(field.name, (field, day))
            if known.type != field.type:
                raise LakeError(
                    f"column {field.name!r} is {field.type} on {day} and {known.type} on {known_day};"
                    " materialize the older of them again, or read them apart"
                )
    return pa.schema([field for field, _ in fields.values()])
