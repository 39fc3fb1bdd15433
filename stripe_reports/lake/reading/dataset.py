"""Landed days as one dataset, which pyarrow, pandas, DuckDB and polars take as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow import fs

from stripe_reports.errors import LakeError
from stripe_reports.lake.storage.object_files import open_store_files, read_errors
from stripe_reports.lake.storage.partitions import partition_path
from stripe_reports.lake.storage.store import Store

if TYPE_CHECKING:
    import pandas as pd

_DAY_COLUMN = "date"
_FOOTERS_AT_ONCE = 16


class _Scanner:
    """A pyarrow scanner from which DuckDB can take a stream.

    In `Scanner.to_reader`, pyarrow 26 holds Python's lock while it waits for threads that open the lake's
    files. These threads need the lock too, so that now and then neither side goes on. `to_batches` lets go of
    the lock.
    """

    def __init__(self, scanner: ds.Scanner) -> None:
        self._scanner = scanner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scanner, name)

    def to_reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self._scanner.projected_schema, self._scanner.to_batches())


class Rows(ds.FileSystemDataset):  # type: ignore[misc]  # pyarrow has no types
    """The rows of landed days as a `pyarrow.dataset.Dataset`, which reads them when they are asked for.

    Each day is a file. A filter on `date` reads the files of those days only, and a choice of columns reads
    only these. DuckDB and polars' `scan_pyarrow_dataset` take it as a dataset; anything that takes an Arrow
    stream takes it as a stream.
    """

    _uri = ""

    @classmethod
    def of(cls, dataset: ds.FileSystemDataset, uri: str) -> Rows:
        """Return the files of the dataset as rows; `uri` names them in errors."""
        rows = cls(list(dataset.get_fragments()), dataset.schema, dataset.format, dataset.filesystem)
        rows._uri = uri
        return rows

    def scanner(self, *arguments: Any, **options: Any) -> Any:
        """Return pyarrow's scanner, with a stream that DuckDB can take."""
        return _Scanner(super().scanner(*arguments, **options))

    def to_pandas(
        self,
        columns: Sequence[str] | None = None,
        filter: ds.Expression | None = None,
    ) -> pd.DataFrame:
        """Return a DataFrame of these columns. All are Arrow-backed, so amounts and their sums are exact.

        `filter` chooses rows, as in `to_table`. Raises LakeError if the rows cannot be read.
        """
        import pandas as pd

        with read_errors(self._uri):
            table = self.to_table(columns=None if columns is None else list(columns), filter=filter)
        frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
        return frame

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.scanner().to_reader().__arrow_c_stream__(requested_schema)


def open_dataset(
    store: Store, root: str, table: str, days: Sequence[date] | None, landed: Sequence[date]
) -> Rows:
    """Open one dataset over these days, or over all landed ones, in their order.

    Raises LakeError if there are none, if a day is not among the `landed` ones, or if the types of a column
    differ.
    """
    paths = {day: partition_path(table, day) for day in _days_to_read(root, table, days, landed)}
    filesystem = open_store_files(store, root)
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


def _days_to_read(
    root: str, table: str, days: Sequence[date] | None, landed: Sequence[date]
) -> Sequence[date]:
    wanted = landed if days is None else sorted(set(days))
    if not wanted:
        why = "no day was asked for" if days is not None else f"{root} has no day of it"
        raise LakeError(f"nothing to read of {table}: {why}; materialize or name at least one")
    if missing := sorted(set(wanted).difference(landed)):
        some = ", ".join(str(day) for day in missing[:3]) + (", …" if len(missing) > 3 else "")
        raise LakeError(
            f"{root} lacks {len(missing)} of {len(wanted)} days of {table}: {some}; materialize them first"
        )
    return wanted


def _file_schema(filesystem: fs.FileSystem, root: str, path: str) -> pa.Schema:
    with read_errors(f"{root}/{path}"), filesystem.open_input_file(path) as file:
        return pq.read_schema(file)


def _united(schemas: Mapping[date, pa.Schema]) -> pa.Schema:
    """Return all columns by name, those of the newest day first, without the provenance of any day."""
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
