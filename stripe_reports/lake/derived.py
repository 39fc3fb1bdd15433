"""Tables that are computed from landed ones, beside them in the lake."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from stripe_reports import __version__
from stripe_reports.lake.landed_file import FACT_PREFIX
from stripe_reports.lake.partition import partition_path
from stripe_reports.lake.store import Store, whole_object

if TYPE_CHECKING:
    import pyarrow as pa

MADE_FROM = "made_from"
"""The fact by which a derived table is told from a landed one: each has it, and no landed one has."""


class Derived:
    """`<root>/<table>/date=YYYY-MM-DD/part-0.parquet`, read like any table. Reached as `Lake.derived`."""

    def __init__(self, store: Store, root: str) -> None:
        self._store = store
        self._root = root

    def put(
        self, table: str, day: date, rows: pa.Table, *, made_from: str, facts: Mapping[str, str] | None = None
    ) -> str:
        """Replace the day's file, in one step or not at all; its uri.

        `made_from` says what the rows rest on. It stands with `facts`, day, rows and package_version in the
        footer, where `Lake.provenance` finds it. The same rows and facts are the same bytes. Raises LakeError
        if the store refuses.
        """
        from stripe_reports.lake.table_writer import TableWriter

        path = partition_path(table, day)
        uri = f"{self._root}/{path}"
        said = {**(facts or {}), MADE_FROM: made_from, "day": str(day), "package_version": __version__}
        with whole_object(self._store, uri, path) as sink:
            writer = TableWriter(sink, rows.schema.remove_metadata())
            writer.write(rows.replace_schema_metadata(None))
            writer.finish({FACT_PREFIX + name: fact for name, fact in said.items()})
        return uri
