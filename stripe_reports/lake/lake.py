"""The lake: the root of all tables, one Parquet file per table and day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from stripe_reports import __version__
from stripe_reports.catalog import ReportType
from stripe_reports.errors import StripeReportsError
from stripe_reports.lake import marker
from stripe_reports.lake.derived import Derived
from stripe_reports.lake.documents import Documents
from stripe_reports.lake.inbox import Inbox
from stripe_reports.lake.landed_days import landed_days, landed_tables
from stripe_reports.lake.landed_file import FACT_PREFIX, LandedFile
from stripe_reports.lake.landed_table import LandedTable
from stripe_reports.lake.partition import partition_path
from stripe_reports.lake.replaced import Replaced
from stripe_reports.lake.source import Csv, DayColumn, ExpectedColumns
from stripe_reports.lake.store import Store, open_store, whole_object, whole_objects
from stripe_reports.lake.table_settings import SettledTables

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    from stripe_reports.lake.blocks import Block
    from stripe_reports.lake.conversion import Converted, RowWriter
    from stripe_reports.lake.day_writer import DayWriter
    from stripe_reports.lake.landed_rows import Rows
    from stripe_reports.lake.verification import VerifiedDay


class Lake:
    """Tables below one root: `<root>/<table>/date=YYYY-MM-DD/part-0.parquet`. Open one with `Lake.open`."""

    def __init__(self, store: Store, root: str, *, keep_csv: bool = True) -> None:
        self._store = store
        self._keep_csv = keep_csv
        self.root = root
        """What every uri begins with: an absolute path or `s3://bucket/prefix`."""
        self.inbox = Inbox(store, root)
        """What is kept for a later reader."""
        self.replaced = Replaced(store, root)
        """What stood in place of a table before it landed."""
        self.derived = Derived(store, root)
        """Tables that are computed from landed ones."""
        self.documents = Documents(store, root)
        """Files that are no tables."""
        self.settled = SettledTables(self, store)
        """Time zone and filters of each table."""

    def __repr__(self) -> str:
        return f"Lake({self.root!r})"

    @property
    def keeps_csvs(self) -> bool:
        """Whether CSVs are kept as they came."""
        return self._keep_csv

    @classmethod
    def open(
        cls,
        uri: str,
        *,
        s3_session: Any = None,
        endpoint_url: str | None = None,
        region: str | None = None,
        keep_csv: bool = True,
    ) -> Self:
        """The lake in a local directory (a path or `file://`; made if absent) or at `s3://bucket/prefix`.

        AWS is told by its usual environment variables: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
        AWS_SESSION_TOKEN, AWS_REGION or AWS_DEFAULT_REGION, AWS_ENDPOINT_URL or AWS_ENDPOINT_URL_S3. A
        boto3 session given as `s3_session` brings credentials and region instead (profiles, SSO, roles);
        `endpoint_url` and `region` come before both.

        With `keep_csv` the CSVs are kept as they came, in `<root>/_csv/<sha256>.csv.zst`, so that a table can
        be proven against them later.

        Raises ConfigurationError for a uri that is neither.
        """
        store, root = open_store(uri, s3_session=s3_session, endpoint_url=endpoint_url, region=region)
        return cls(store, root, keep_csv=keep_csv)

    def claim(self, *, livemode: bool, account: str | None) -> None:
        """Make this the lake of one mode and, if it is known, of one Stripe account; or check that it is.

        Call it before landing. Test and live rows, or those of two accounts, in one table cannot be told
        apart afterwards. The first to come writes `_stripe_reports.json` into the root.

        Raises LakeError if the lake is another's, or if that file is damaged.
        """
        marker.claim(self._store, self.root, livemode=livemode, account=account)

    def land(
        self,
        report_type: ReportType,
        day: date,
        csvs: Iterable[Csv],
        *,
        expected: ExpectedColumns,
        facts: Mapping[str, str],
        day_column: DayColumn | None = None,
    ) -> LandedTable:
        """Turn CSVs (one, for most report types), as they stream in, into the day's Parquet file: all of it,
        or nothing.

        A file that is there is replaced in one step, once every CSV is complete and every value fits. `facts`
        are kept in the file as provenance, beside report_type, day, csv_sha256, csv_bytes, csv_kept, rows,
        new_columns and package_version, which the lake adds. A CSV that is kept has its place before the
        table has.

        Raises DownloadError if other than `size` bytes of a CSV came; CsvError if one is damaged, lacks an
        expected column, or holds a value that does not fit, or a row that `day_column` says is of another
        day; LakeError if the store refuses; and whatever the CSVs' chunks raise, unchanged. Nothing has
        changed then.
        """
        from stripe_reports.lake.day_check import DayCheck
        from stripe_reports.lake.table_writer import TableWriter

        check = DayCheck(day_column, day).check if day_column else None
        path, uri = partition_path(report_type.table, day), self.uri(report_type.table, day)
        try:
            with whole_object(self._store, uri, path) as sink:
                converted = self._convert(
                    report_type,
                    csvs,
                    partial(TableWriter, sink),
                    expected,
                    {**facts, "day": day.isoformat()},
                    check,
                )
        except StripeReportsError as error:
            error.at(report_type=report_type.id, day=day)
            raise
        return converted.landed(uri, path, converted.rows, sink.bytes_)

    def land_days(
        self,
        report_type: ReportType,
        days: Sequence[date],
        csv: Csv,
        *,
        day_column: DayColumn,
        expected: ExpectedColumns,
        facts: Mapping[str, str],
        left_alone: Sequence[date] = (),
    ) -> dict[date, LandedTable]:
        """Turn one CSV of several days into the Parquet file of each: all of it, or nothing.

        A row belongs to the day that `day_column` says; a day without rows is an empty table. The days are
        committed one after another once the CSV is complete and every row fits, each in one step. Raises as
        `land` does, and CsvError for a row of none of these days; rows of the days `left_alone` are left out.
        """
        from stripe_reports.lake.day_writer import DayWriter

        table = report_type.table
        split = {"split_by": day_column.name, "split_timezone": day_column.timezone}
        try:
            paths = {self.uri(table, day): partition_path(table, day) for day in sorted(set(days))}
            with whole_objects(self._store, paths) as files:
                sinks = {day: files[self.uri(table, day)] for day in sorted(set(days))}
                writers: list[DayWriter] = []

                def open_writer(schema: pa.Schema) -> DayWriter:
                    writers.append(DayWriter(sinks, day_column, schema, left_alone))
                    return writers[0]

                converted = self._convert(report_type, [csv], open_writer, expected, {**facts, **split})
        except StripeReportsError as error:
            error.at(report_type=report_type.id)
            raise
        rows = writers[0].rows_of_days
        return {
            day: converted.landed(self.uri(table, day), partition_path(table, day), rows[day], sink.bytes_)
            for day, sink in sinks.items()
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
        from stripe_reports.lake.conversion import convert_csvs
        from stripe_reports.lake.kept_csv import keep_csv, keep_nothing

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
            keep=partial(keep_csv, self._store, self.root) if self._keep_csv else keep_nothing,
            check=check,
        )

    def uri(self, table: str, day: date) -> str:
        """Where the day's file is, or would be: an absolute path or an `s3://` uri."""
        return f"{self.root}/{partition_path(table, day)}"

    def tables(self) -> list[str]:
        """The tables of which at least one day is landed, sorted."""
        return landed_tables(self._store, self.root)

    def days(self, table: str) -> list[date]:
        """The landed days of a table, sorted; maybe none. Raises LakeError for an impossible name."""
        return landed_days(self._store, self.root, table)

    def provenance(self, table: str, day: date) -> dict[str, str]:
        """Where a landed day comes from, by the footer of its file. Raises LakeError if it is not landed."""
        from stripe_reports.lake.footer import read_provenance

        return read_provenance(self._store, self.root, table, day)

    def landed(self, table: str, day: date) -> LandedFile | None:
        """What landing said of the day that is landed, by the footer and size of its file; None if none is.

        Raises LakeError if the file cannot be read, or does not say that it is this day.
        """
        from stripe_reports.lake.footer import read_landed

        return read_landed(self._store, self.root, table, day)

    def totals(self, table: str, day: date) -> Mapping[str, Mapping[str, Decimal]]:
        """The exact sums of a landed day by currency and column, or by line; see `totals.py`.

        Raises LakeError if it cannot be read.
        """
        from stripe_reports.lake import reader
        from stripe_reports.lake.totals import sum_amounts

        def read() -> Mapping[str, Mapping[str, Decimal]]:
            with self.open_file(table, day) as file, reader.reading(self.uri(table, day)):
                return sum_amounts(file)

        return reader.repeated(read)

    def kept_csv(self, sha256: str) -> Iterator[bytes]:
        """The bytes of a CSV as it came, in chunks; a day's `provenance` says its `csv_sha256`.

        Raises CsvNotKeptError if it is not there, and LakeError if it is damaged.
        """
        from stripe_reports.lake import reader

        return reader.read_kept_csv(self._store, self.root, sha256)

    def has_csv(self, sha256: str) -> bool:
        """Whether the CSV with this digest is kept, whole. Reads all of it."""
        from stripe_reports.lake import reader

        return reader.is_kept(self._store, self.root, sha256)

    def verify(self, table: str, days: Iterable[date] | None = None) -> Iterator[VerifiedDay]:
        """Prove that these days (or all landed ones) are what their kept CSVs say, value by value.

        What is proven and what is not: see `verification.py`. Raises nothing for a day that is not proven;
        its `error` says why.
        """
        from stripe_reports.lake.verification import verify_days

        return verify_days(self, table, self.days(table) if days is None else days)

    def open_file(self, table: str, day: date) -> AbstractContextManager[pq.ParquetFile]:
        """The file of a landed day, until the end of the block. Raises LakeError if it cannot be opened."""
        from stripe_reports.lake import reader

        return reader.open_file(self._store, self.root, partition_path(table, day))

    def dataset(self, table: str, days: Sequence[date] | None = None) -> Rows:
        """The rows of exactly these days, or of all landed ones, in the order of days and of the CSVs.

        Columns are united by name: a day without a column has nulls there. The day itself is the column
        `date` (date32), unless the table has a column of that name. Reads the footers now, and rows later:
        of a day that was replaced in between, reading raises ReplacedError, as old and new must not mix. The
        result is a pyarrow Dataset, and has `to_pandas`.

        Raises LakeError if a day is not landed, if none is, or if a column changed its type between days.
        """
        from stripe_reports.lake import reader

        wanted = reader.demand_days(self.root, table, days, self.days(table))
        paths = {day: partition_path(table, day) for day in wanted}
        return reader.open_dataset(self._store, self.root, table, paths)

    def read_table(
        self, table: str, days: Sequence[date] | None = None, *, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """The rows of `dataset` as an Arrow table; `columns` chooses among them. Raises as `dataset` does."""
        from stripe_reports.lake import reader

        def read() -> pa.Table:
            with reader.reading(f"{self.root}/{table}"):
                return self.dataset(table, days).to_table(columns=None if columns is None else list(columns))

        return reader.repeated(read)

    def read_pandas(
        self, table: str, days: Sequence[date] | None = None, *, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The same as a DataFrame whose columns are all Arrow-backed, so that amounts stay exact decimals."""
        from stripe_reports.lake import reader

        return reader.repeated(lambda: self.dataset(table, days).to_pandas(columns))
