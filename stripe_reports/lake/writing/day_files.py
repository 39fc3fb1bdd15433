"""The Parquet files that days land in: all of them are written, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial

import pyarrow as pa

from stripe_reports import __version__
from stripe_reports.catalog import ReportType
from stripe_reports.errors import StripeReportsError
from stripe_reports.lake.parsing.blocks import Block
from stripe_reports.lake.parsing.source import Csv, DayColumn, ExpectedColumns
from stripe_reports.lake.pii import PiiRule
from stripe_reports.lake.storage.kept_csv import keep_csv, keep_nothing
from stripe_reports.lake.storage.landed_table import FACT_PREFIX, LandedTable
from stripe_reports.lake.storage.partitions import partition_path
from stripe_reports.lake.storage.store import Store
from stripe_reports.lake.storage.whole_object import whole_object, whole_objects
from stripe_reports.lake.writing.conversion import Converted, RowWriter, convert_csvs
from stripe_reports.lake.writing.day_check import DayCheck
from stripe_reports.lake.writing.day_writer import DayWriter
from stripe_reports.lake.writing.table_writer import TableWriter


class DayFiles:
    """The files of the landed days of a lake. `Lake.land` and `Lake.land_days` write them."""

    def __init__(self, store: Store, root: str, *, keep_csv: bool, pii: PiiRule) -> None:
        self._store = store
        self._root = root
        self._keep_csv = keep_csv
        self._pii = pii

    def land(
        self,
        report_type: ReportType,
        day: date,
        csvs: Iterable[Csv],
        *,
        expected: ExpectedColumns,
        facts: Mapping[str, str],
        day_column: DayColumn | None,
    ) -> LandedTable:
        """Convert CSVs to the file of one day. Raises as `Lake.land` does."""
        check = DayCheck(day_column, day).check if day_column else None
        path = partition_path(report_type.table, day)
        uri = f"{self._root}/{path}"
        day_facts = {**facts, "day": day.isoformat()}
        writers: list[TableWriter] = []

        def open_writer(schema: pa.Schema) -> TableWriter:
            writers.append(TableWriter(sink, schema))
            return writers[0]

        try:
            with whole_object(self._store, uri, path) as sink:
                converted = self._convert(report_type, csvs, open_writer, expected, day_facts, check)
        except StripeReportsError as error:
            error.at(report_type=report_type.id, day=day)
            raise
        return converted.landed(uri, path, converted.rows, sink.bytes_, writers[0].first_rows)

    def land_days(
        self,
        report_type: ReportType,
        days: Sequence[date],
        csv: Csv,
        *,
        day_column: DayColumn,
        expected: ExpectedColumns,
        facts: Mapping[str, str],
        left_alone: Sequence[date],
    ) -> dict[date, LandedTable]:
        """Convert one CSV to the files of several days. Raises as `Lake.land_days` does."""
        split = {"split_by": day_column.name, "split_timezone": day_column.timezone}
        writers: list[DayWriter] = []

        def open_writer(schema: pa.Schema) -> DayWriter:
            writers.append(DayWriter(sinks, day_column, schema, left_alone))
            return writers[0]

        try:
            paths = {day: partition_path(report_type.table, day) for day in sorted(set(days))}
            uris = {day: f"{self._root}/{path}" for day, path in paths.items()}
            with whole_objects(self._store, {uris[day]: path for day, path in paths.items()}) as files:
                sinks = {day: files[uri] for day, uri in uris.items()}
                converted = self._convert(report_type, [csv], open_writer, expected, {**facts, **split})
        except StripeReportsError as error:
            error.at(report_type=report_type.id)
            raise
        rows, first_rows = writers[0].rows_of_days, writers[0].first_rows_of_days
        return {
            day: converted.landed(uris[day], path, rows[day], sinks[day].bytes_, first_rows[day])
            for day, path in paths.items()
        }

    def _convert(
        self,
        report_type: ReportType,
        csvs: Iterable[Csv],
        open_writer: Callable[[pa.Schema], RowWriter],
        expected: ExpectedColumns,
        facts: Mapping[str, str],
        check: Callable[[pa.Table, Block], None] | None = None,
    ) -> Converted:
        known = {
            **facts,
            "report_type": report_type.id,
            "csv_kept": str(self._keep_csv).lower(),
            "package_version": __version__,
        }
        return convert_csvs(
            csvs,
            open_writer,
            expected=expected,
            facts={FACT_PREFIX + name: fact for name, fact in known.items()},
            keep=partial(keep_csv, self._store, self._root) if self._keep_csv else keep_nothing,
            check=check,
            pii=self._pii,
        )
