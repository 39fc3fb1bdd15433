"""What stood in place of a table before it landed."""

from __future__ import annotations

from datetime import date
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

import obstore

from stripe_reports.catalog import ReportType
from stripe_reports.lake.partition import partition_path
from stripe_reports.lake.store import Store, storage_errors

if TYPE_CHECKING:
    from stripe_reports.lake.difference import Difference


class Replaced:
    """Copies of files that are about to be replaced, to be compared with what replaced them.

    Reached as `Lake.replaced`. A copy is a local file without a name, so that nothing is left of it however
    the process ends; Python's `tempfile` says where (TMPDIR).
    """

    def __init__(self, store: Store, root: str) -> None:
        self._store = store
        self._root = root

    def copy(self, table: str, day: date) -> IO[bytes] | None:
        """The day's file as it is now, until it is closed; None if there is none.

        Raises LakeError if it cannot be copied.
        """
        path = partition_path(table, day)
        with storage_errors(f"copy {self._root}/{path}"):
            try:
                file = obstore.get(self._store, path)
            except FileNotFoundError:
                return None
            copy = TemporaryFile()  # noqa: SIM115 - the caller closes it
            try:
                for chunk in file.stream():
                    copy.write(chunk)
            except BaseException:
                copy.close()
                raise
            return copy

    def difference(self, report_type: ReportType, day: date, before: IO[bytes]) -> Difference:
        """What has become of the rows of the day since that copy was made.

        Raises LakeError if either cannot be read, or they have no column in common.
        """
        import pyarrow.parquet as pq

        from stripe_reports.lake.difference import difference
        from stripe_reports.lake.reader import not_landed, reading

        uri = f"{self._root}/{partition_path(report_type.table, day)}"
        after = self.copy(report_type.table, day)
        if after is None:
            raise not_landed(uri)
        with after:
            with reading(f"what was at {uri} before"):
                old = pq.ParquetFile(before)
            with reading(uri):
                new = pq.ParquetFile(after)
            with reading(f"the rows of {uri}, or those before"):
                return difference(report_type, old, new)
