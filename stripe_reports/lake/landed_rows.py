"""Landed days as rows that pyarrow, pandas, DuckDB and polars take as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds

from stripe_reports.lake.reader import reading

if TYPE_CHECKING:
    import pandas as pd


class _Scanner:
    """A pyarrow scanner of which DuckDB can take a stream.

    pyarrow 26 keeps Python's lock in `Scanner.to_reader` while it waits for threads that open the lake's
    files. These need the lock, too, and now and then neither goes on. `to_batches` lets go of it.
    """

    def __init__(self, scanner: ds.Scanner) -> None:
        self._scanner = scanner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scanner, name)

    def to_reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self._scanner.projected_schema, self._scanner.to_batches())


class Rows(ds.FileSystemDataset):  # type: ignore[misc]  # pyarrow has no types
    """Landed days as a `pyarrow.dataset.Dataset`, read when they are asked for.

    A file per day. What is filtered by `date` reads the files of those days only, and only the columns that
    are asked for. DuckDB and polars' `scan_pyarrow_dataset` take it as the dataset that it is, and whatever
    takes an Arrow stream takes it as that.
    """

    _uri = ""

    @classmethod
    def of(cls, dataset: ds.FileSystemDataset, uri: str) -> Rows:
        """The same files, at `uri` together."""
        rows = cls(list(dataset.get_fragments()), dataset.schema, dataset.format, dataset.filesystem)
        rows._uri = uri
        return rows

    def scanner(self, *arguments: Any, **options: Any) -> Any:
        """As pyarrow's, with a stream that DuckDB can take."""
        return _Scanner(super().scanner(*arguments, **options))

    def to_pandas(
        self,
        columns: Sequence[str] | None = None,
        filter: ds.Expression | None = None,
    ) -> pd.DataFrame:
        """A DataFrame of these columns, all of them Arrow-backed: amounts are decimals, and their sums exact.

        `filter` chooses rows, as that of `to_table` does. Raises LakeError for what cannot be read.
        """
        import pandas as pd

        with reading(self._uri):
            table = self.to_table(columns=None if columns is None else list(columns), filter=filter)
        frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
        return frame

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.scanner().to_reader().__arrow_c_stream__(requested_schema)
