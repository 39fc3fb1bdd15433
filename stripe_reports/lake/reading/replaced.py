"""Copies of files that a landing replaces."""

from __future__ import annotations

from datetime import date
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

import obstore

from stripe_reports.catalog import ReportType
from stripe_reports.lake.storage.partitions import partition_path
from stripe_reports.lake.storage.store import Store, storage_errors

if TYPE_CHECKING:
    from stripe_reports.lake.reading.difference import Difference


class Replaced:
    """Copies of files that are about to be replaced, to compare them with their replacements.

    Use it as `Lake.replaced`. A copy is a local file without a name, so that nothing is left of it however
    the process ends. Python's `tempfile` chooses its folder (TMPDIR).
    """

    def __init__(self, store: Store, root: str) -> None:
        self._store = store
        self._root = root

    def copy(self, table: str, day: date) -> IO[bytes] | None:
        """Copy the day's file as it is now, and return the open copy; None if there is no such file.

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
        """Compare the rows of the day with those in a copy from before.

        Raises LakeError if either cannot be read, or they have no column in common.
        """
        import pyarrow.parquet as pq

        from stripe_reports.lake.reading.day_file import not_landed
        from stripe_reports.lake.reading.difference import difference
        from stripe_reports.lake.storage.object_files import read_errors

        uri = f"{self._root}/{partition_path(report_type.table, day)}"
        after = self.copy(report_type.table, day)
        if after is None:
            raise not_landed(uri)
        with after:
            with read_errors(f"what was at {uri} before"):
                old = pq.ParquetFile(before)
            with read_errors(uri):
                new = pq.ParquetFile(after)
            with read_errors(f"the rows of {uri}, or those before"):
                return difference(report_type, old, new)
