"""The lake: the root of all tables, with one Parquet file per table and day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from stripe_reports.catalog import ReportType
from stripe_reports.lake.documents import marker
from stripe_reports.lake.documents.documents import Documents
from stripe_reports.lake.documents.inbox import Inbox
from stripe_reports.lake.documents.table_settings import SettledTables
from stripe_reports.lake.parsing.source import Csv, DayColumn, ExpectedColumns
from stripe_reports.lake.pii import Pii, PiiRule
from stripe_reports.lake.reading.replaced import Replaced
from stripe_reports.lake.storage.landed_table import LandedFile, LandedTable
from stripe_reports.lake.storage.partitions import (
    landed_bytes,
    landed_days,
    landed_tables,
    partition_path,
)
from stripe_reports.lake.storage.store import Store, open_store
from stripe_reports.lake.writing.derived import Derived

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    from stripe_reports.lake.proving.verification import VerifiedDay
    from stripe_reports.lake.reading.dataset import Rows
    from stripe_reports.lake.writing.day_files import DayFiles

# Imports within methods are those of pyarrow, which a process that only opens a lake does without.


class Lake:
    """The tables below one root: `<root>/<table>/date=YYYY-MM-DD/part-0.parquet`. `Lake.open` opens it."""

    def __init__(self, store: Store, root: str, *, keep_csv: bool | None = None, pii_key: str = "") -> None:
        self._store = store
        self._keep_csv = keep_csv
        self._pii_key = pii_key
        self.root = root
        """The beginning of every uri: an absolute path or `s3://bucket/prefix`."""
        self.inbox = Inbox(store, root)
        """Messages that are kept for a later reader."""
        self.replaced = Replaced(store, root)
        """Copies of files that a landing replaces."""
        self.derived = Derived(store, root)
        """Tables that are computed from landed ones."""
        self.documents = Documents(store, root)
        """Files that are not tables."""
        self.settled = SettledTables(store, root)
        """The time zone and the filters of each table."""

    def __repr__(self) -> str:
        return f"Lake({self.root!r})"

    def keeps_csvs(self, pii: Pii = "keep") -> bool:
        """Return whether the lake keeps the CSVs of days that land under this policy as they came."""
        return pii == "keep" if self._keep_csv is None else self._keep_csv

    def pii_rule(self, policy: Pii) -> PiiRule:
        """Return the policy for personal data, with the key that it needs.

        Raises ConfigurationError for an unknown policy, and for `hash` without a long enough `pii_key`.
        """
        return PiiRule.of(policy, self._pii_key)

    @classmethod
    def open(
        cls,
        uri: str,
        *,
        s3_session: Any = None,
        endpoint_url: str | None = None,
        region: str | None = None,
        keep_csv: bool | None = None,
        pii_key: str = "",
    ) -> Self:
        """Open the lake in a local directory (a path or `file://`; made if absent) or at `s3://bucket/prefix`.

        AWS takes its usual environment variables: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
        AWS_SESSION_TOKEN, AWS_REGION or AWS_DEFAULT_REGION, AWS_ENDPOINT_URL or AWS_ENDPOINT_URL_S3. A boto3
        session given as `s3_session` brings credentials and region instead (profiles, SSO, roles).
        `endpoint_url` and `region` override both.

        With `keep_csv`, the CSVs are kept as they came, in `<root>/_csv/<sha256>.csv.zst`, so that tables can
        be proven against them later. They hold personal data in clear: if it is None, the CSVs of days whose
        personal data is hashed or dropped are not kept, and all others are. `pii_key` is the secret of the
        hashes.

        Raises ConfigurationError for a uri that is neither.
        """
        store, root = open_store(uri, s3_session=s3_session, endpoint_url=endpoint_url, region=region)
        return cls(store, root, keep_csv=keep_csv, pii_key=pii_key)

    def claim(self, *, livemode: bool, account: str | None) -> None:
        """Claim the lake for one mode and, if it is known, one Stripe account; or check that it is theirs.

        Call it before landing: in one table, test and live rows, or rows of two accounts, cannot be told
        apart afterwards. The first call writes `_stripe_reports.json` into the root.

        Raises LakeError if the lake belongs to another mode or account, or if that file is damaged.
        """
        marker.claim(self._store, self.root, livemode=livemode, account=account)

    def owner(self) -> marker.Owner | None:
        """Return the mode and account that the lake belongs to, or None if nothing has claimed it.

        Raises LakeError for a damaged marker, or if the store refuses.
        """
        return marker.read_owner(self._store, self.root)

    def try_to_write(self) -> None:
        """Write an unfinished file and remove it again. Raises LakeError if the store refuses."""
        from stripe_reports.lake.storage.whole_object import try_to_write

        try_to_write(self._store, self.root)

    def land(
        self,
        report_type: ReportType,
        day: date,
        csvs: Iterable[Csv],
        *,
        expected: ExpectedColumns,
        facts: Mapping[str, str],
        day_column: DayColumn | None = None,
        pii: Pii = "keep",
    ) -> LandedTable:
        """Convert the streams of CSVs (one, for most report types) to the day's Parquet file: all or nothing.

        An existing file is replaced in one step, once every CSV is complete and every value fits. The file
        states `facts` as its provenance, and the lake adds report_type, day, csv_sha256, csv_bytes, csv_kept,
        rows, new_columns, pii and package_version. A kept CSV gets its place before the table does. `pii`
        says what happens to columns with personal data.

        Raises DownloadError if the number of bytes of a CSV is not its `size`. Raises CsvError if a CSV is
        damaged or lacks an expected column, or has a value that does not fit, or a row of another day by
        `day_column`. Raises LakeError if the store refuses, ConfigurationError as `pii_rule` does, and
        whatever the CSVs' chunks raise, unchanged. After an error, nothing has changed.
        """
        return self._day_files(pii).land(
            report_type, day, csvs, expected=expected, facts=facts, day_column=day_column
        )

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
        pii: Pii = "keep",
    ) -> dict[date, LandedTable]:
        """Convert one CSV of several days to the Parquet file of each: all or nothing.

        A row belongs to the day that `day_column` states. A day without rows is an empty table. Once the CSV
        is complete and every row fits, the days are committed one after another, each in one step. Rows of
        the days `left_alone` are left out.

        Raises as `land` does, and CsvError for a row of none of these days.
        """
        return self._day_files(pii).land_days(
            report_type,
            days,
            csv,
            day_column=day_column,
            expected=expected,
            facts=facts,
            left_alone=left_alone,
        )

    def _day_files(self, pii: Pii) -> DayFiles:
        from stripe_reports.lake.writing.day_files import DayFiles

        rule = self.pii_rule(pii)
        return DayFiles(self._store, self.root, keep_csv=self.keeps_csvs(pii), pii=rule)

    def uri(self, table: str, day: date) -> str:
        """Return where the day's file is, or would be: an absolute path or an `s3://` uri."""
        return f"{self.root}/{partition_path(table, day)}"

    def tables(self) -> list[str]:
        """List the tables with at least one landed day, sorted."""
        return landed_tables(self._store, self.root)

    def days(self, table: str) -> list[date]:
        """List the landed days of a table, sorted, or none. Raises LakeError for an impossible name."""
        return landed_days(self._store, self.root, table)

    def sizes(self, table: str) -> Mapping[date, int]:
        """Return the bytes of each landed day's file, in the order of days, by a listing alone.

        Raises as `days` does.
        """
        return landed_bytes(self._store, self.root, table)

    def provenance(self, table: str, day: date) -> dict[str, str]:
        """Return where a landed day comes from, by the footer of its file.

        Raises LakeError if the day is not landed.
        """
        from stripe_reports.lake.reading.day_file import read_provenance

        return read_provenance(self._store, self.root, table, day)

    def landed(self, table: str, day: date) -> LandedFile | None:
        """Return the facts about a landed day, by the footer and the size of its file; None without a file.

        Raises LakeError if the file cannot be read, or does not say that it is this day.
        """
        from stripe_reports.lake.reading.day_file import read_landed

        return read_landed(self._store, self.root, table, day)

    def totals(self, table: str, day: date) -> Mapping[str, Mapping[str, Decimal]]:
        """Return the exact sums of a landed day by currency and column, or by line; see `reading/totals.py`.

        Raises LakeError if the day cannot be read.
        """
        from stripe_reports.lake.reading.totals import sum_amounts
        from stripe_reports.lake.storage.object_files import read_errors, reread_if_replaced

        def read() -> Mapping[str, Mapping[str, Decimal]]:
            with self.open_file(table, day) as file, read_errors(self.uri(table, day)):
                return sum_amounts(file)

        return reread_if_replaced(read)

    def first_rows(self, table: str, day: date) -> pa.Table:
        """Return at most ten rows, from the beginning of a landed day. Raises LakeError as `totals` does."""
        from stripe_reports.lake.reading.day_file import read_first_rows

        return read_first_rows(self._store, self.root, table, day)

    def kept_csv(self, sha256: str) -> Iterator[bytes]:
        """Yield the bytes of a CSV as it came, in chunks. `provenance` has the `csv_sha256` of a day.

        Raises CsvNotKeptError if it is not there, and LakeError if it is damaged.
        """
        from stripe_reports.lake.storage.kept_csv import read_kept_csv

        return read_kept_csv(self._store, self.root, sha256)

    def has_csv(self, sha256: str) -> bool:
        """Return whether the lake keeps the CSV with this digest, whole. Reads all of it."""
        from stripe_reports.lake.storage.kept_csv import is_kept

        return is_kept(self._store, self.root, sha256)

    def verify(self, table: str, days: Iterable[date] | None = None) -> Iterator[VerifiedDay]:
        """Prove that these days, or all landed ones, are what their kept CSVs say, value by value.

        `proving/verification.py` says what is proven and what is not. Raises nothing for a day that is not
        proven: its `error` says why.
        """
        from stripe_reports.lake.proving.verification import verify_days

        wanted = self.days(table) if days is None else days
        return verify_days(self._store, self.root, table, wanted, pii_key=self._pii_key)

    def open_file(self, table: str, day: date) -> AbstractContextManager[pq.ParquetFile]:
        """Open the file of a landed day until the block ends. Raises LakeError if it cannot be opened."""
        from stripe_reports.lake.reading.day_file import open_day_file

        return open_day_file(self._store, self.root, partition_path(table, day))

    def dataset(self, table: str, days: Sequence[date] | None = None) -> Rows:
        """Return the rows of exactly these days, or of all landed ones, in the order of days and of the CSVs.

        Columns are united by name: a day without a column has nulls in it. The day itself is the column
        `date` (date32), unless the table has a column of that name. The footers are read now, and the rows
        later. If a day is replaced in between, reading its rows raises ReplacedError, because old and new
        rows must not mix. The result is a pyarrow Dataset that also has `to_pandas`.

        Raises LakeError if a day is not landed, if none is, or if the type of a column differs between days.
        """
        from stripe_reports.lake.reading.dataset import open_dataset

        return open_dataset(self._store, self.root, table, days, self.days(table))

    def read_table(
        self, table: str, days: Sequence[date] | None = None, *, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Return the rows of `dataset` as an Arrow table of all columns, or of these.

        Raises as `dataset` does.
        """
        from stripe_reports.lake.storage.object_files import read_errors, reread_if_replaced

        def read() -> pa.Table:
            with read_errors(f"{self.root}/{table}"):
                return self.dataset(table, days).to_table(columns=None if columns is None else list(columns))

        return reread_if_replaced(read)

    def read_pandas(
        self, table: str, days: Sequence[date] | None = None, *, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Return the same as a DataFrame. All columns are Arrow-backed, so amounts stay exact decimals."""
        from stripe_reports.lake.storage.object_files import reread_if_replaced

        return reread_if_replaced(lambda: self.dataset(table, days).to_pandas(columns))
