"""Tables that are computed from landed ones, beside these in the lake."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from stripe_reports import __version__
from stripe_reports.lake.storage.landed_table import FACT_PREFIX
from stripe_reports.lake.storage.partitions import partition_path
from stripe_reports.lake.storage.store import Store
from stripe_reports.lake.storage.whole_object import whole_object

if TYPE_CHECKING:
    import pyarrow as pa

MADE_FROM = "made_from"
"""The fact that every derived table has, and no landed one."""


class Derived:
    """The derived tables of a lake. Use it as `Lake.derived`.

    Their files are `<root>/<table>/date=YYYY-MM-DD/part-0.parquet`, and read like those of any table.
    """

    def __init__(self, store: Store, root: str) -> None:
        self._store = store
        self._root = root

    def put(
        self, table: str, day: date, rows: pa.Table, *, made_from: str, facts: Mapping[str, str] | None = None
    ) -> str:
        """Write or replace the day's file, in one step or not at all, and return its uri.

        `made_from` names the sources of the rows. The footer has it, with `facts`, day, rows and
        package_version, and `Lake.provenance` returns them. The same rows and facts give the same bytes.
        Raises LakeError if the store refuses.
        """
        from stripe_reports.lake.writing.table_writer import TableWriter

        path = partition_path(table, day)
        uri = f"{self._root}/{path}"
        said = {**(facts or {}), MADE_FROM: made_from, "day": str(day), "package_version": __version__}
        with whole_object(self._store, uri, path) as sink:
            writer = TableWriter(sink, rows.schema.remove_metadata())
            writer.write(rows.replace_schema_metadata(None))
            writer.finish({FACT_PREFIX + name: fact for name, fact in said.items()})
        return uri
