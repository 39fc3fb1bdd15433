"""The proof of one landed day: its rows are compared with those of its CSVs, as these are read."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stripe_reports.catalog import REPORT_TYPES, select_report_types
from stripe_reports.errors import ConfigurationError, VerificationError
from stripe_reports.lake.proving.comparison import ColumnComparison, shown
from stripe_reports.lake.proving.csv_reader import CsvBlock
from stripe_reports.lake.storage.object_files import read_errors

_FACTS = ("report_type", "day", "csv_sha256", "csv_bytes", "rows")
_BATCH_ROWS = 4096
_METADATA_COLUMN = re.compile(r"(\w+)\[(.+)\]", re.DOTALL)


class DayProof:
    """A proof in steps. Each raises VerificationError if the table contradicts its footer or its CSVs."""

    def __init__(
        self,
        table: str,
        day: date,
        file: pq.ParquetFile,
        uri: str,
        provenance: Mapping[str, str],
        *,
        pii_key: str,
    ) -> None:
        self.rows = 0
        self._provenance = provenance
        self._check_provenance(table, day, file.metadata.num_rows)
        self._rows = _TableRows(file, uri)
        self._columns = _columns(file.schema_arrow)
        personal = _personal_columns(provenance)
        self.left_out = tuple(header for header in personal if header not in self._columns)
        """The columns with personal data that did not land, so that nothing is proven of them."""
        self._hashed = [self._columns[header] for header in personal if header in self._columns]
        self._pii_key = pii_key
        id_ = provenance["report_type"]
        report_type = REPORT_TYPES.get(id_) or select_report_types(f"={id_}")[0]
        self._constant = report_type.constant_columns
        self._present: dict[int, ColumnComparison] = {}
        self._lacking: list[ColumnComparison] = []
        self._payout: dict[str, Any] = {}
        self._payouts: set[tuple[Any, ...]] = set()

    @property
    def values(self) -> int:
        """The number of values that were compared. Nulls count."""
        return self.rows * len(self._columns)

    def begin_csv(self, names: Sequence[str | None]) -> None:
        """Begin with a CSV that has this header.

        Raises ConfigurationError if the table has hashes, and their key is not given.
        """
        if self._hashed:
            key = _key_of_hashes(self._provenance, self._pii_key)
            for column in self._hashed:
                column.expect_hashes(key)
        if len(set(names)) < len(names):
            raise VerificationError("line 1: the CSV has two columns of one name")
        known = {*self._columns, *self.left_out}
        if unknown := [name for name in names if name not in known]:
            raise VerificationError(f"line 1: the table has no column for {unknown[0]!r} of the CSV")
        self._present = {
            number: self._columns[name] for number, name in enumerate(names) if name in self._columns
        }
        self._lacking = [column for header, column in self._columns.items() if header not in names]
        self._payout = {}

    def compare(self, block: CsvBlock, rows: Sequence[int]) -> None:
        """Compare these rows of the block with the next rows of the table."""
        taken = self._rows.take(len(rows))
        there = taken.num_rows
        self.rows += there
        first: tuple[int, int] | None = None
        for number, column in self._present.items():
            texts = block.column(number)
            if there < block.rows:
                texts = [texts[row] for row in rows[:there]]
            row = column.first_difference(texts, taken.column(column.name))
            if row is not None and (first is None or (row, number) < first):
                first = row, number
        if first:
            row, number = first
            column = self._present[number]
            place = f"line {block.line(rows[row], number)}, column {column.header!r}"
            if not column.is_shown:
                raise VerificationError(f"{place}: the table has not the hash of what the CSV says")
            says = shown(block.column(number)[rows[row]])
            has = shown(taken.column(column.name)[row])
            raise VerificationError(f"{place}: the CSV says {says} and the table {has}")
        for column in self._lacking:
            self._compare_lacking(block, rows, column.header, taken.column(column.name))
        if there < len(rows):
            line = block.line(rows[there])
            raise VerificationError(f"line {line} of the CSV, and what follows, is not in the table")

    def end_csv(self) -> None:
        """End the CSV: it has no more rows."""
        payout = tuple(self._payout.items())
        if payout and payout in self._payouts:
            what = " and ".join(f"{name} {value!r}" for name, value in payout)
            raise VerificationError(f"its rows have the {what} of another CSV")
        self._payouts.add(payout)

    def finish(self, csv_bytes: int) -> None:
        """End the proof: there are no more CSVs. Together they had `csv_bytes` bytes."""
        if more := self._rows.rest():
            raise VerificationError(f"the table has {more} more row{'s' * (more > 1)} than the CSV")
        if self._provenance["csv_bytes"] != str(csv_bytes):
            said = self._provenance["csv_bytes"]
            raise VerificationError(f"the footer says {said} bytes of CSV, and there are {csv_bytes}")

    def _check_provenance(self, table: str, day: date, rows: int) -> None:
        provenance = self._provenance
        if lacking := [name for name in _FACTS if name not in provenance]:
            raise VerificationError(f"the footer does not say {', '.join(lacking)}")
        said = provenance["report_type"].replace(".", "_"), provenance["day"]
        if said != (table, day.isoformat()):
            raise VerificationError(f"the footer says that this is {said[0]} {said[1]}")
        if provenance["rows"] != str(rows):
            raise VerificationError(f"the footer says {provenance['rows']} rows, and there are {rows}")
        runs, csvs = (_number(provenance.get(name, "")) for name in ("report_run_id", "csv_sha256"))
        if "report_run_id" in provenance and runs != csvs:
            raise VerificationError(f"the footer names {runs} report run(s) and {csvs} CSV(s)")

    def _compare_lacking(
        self, block: CsvBlock, rows: Sequence[int], header: str, values: pa.ChunkedArray
    ) -> None:
        """Demand that a column that the CSV lacks is null, or has the same payout in all rows of the CSV."""
        if header not in self._constant:
            if values.null_count < len(values):
                row = values.is_valid().to_pylist().index(True)
                raise VerificationError(
                    f"line {block.line(rows[row])}, column {header!r}:"
                    f" the CSV has no such column and the table has {shown(values[row])}"
                )
        elif len(values):
            payout = self._payout.setdefault(header, values[0].as_py())
            row = next((row for row, value in enumerate(values.to_pylist()) if value != payout), None)
            if payout is None or row is not None:
                raise VerificationError(
                    f"line {block.line(rows[row or 0])}, column {header!r}: the table has"
                    f" {shown(values[row or 0])}, and the whole CSV is about one payout"
                )


class _TableRows:
    """The rows of a file, taken some at a time. Reading raises LakeError if they cannot be read."""

    def __init__(self, file: pq.ParquetFile, uri: str) -> None:
        # One row group after another, because Arrow fetches everything that it is asked for into memory.
        self._batches: Iterator[pa.RecordBatch] = (
            batch
            for number in range(file.num_row_groups)
            for batch in file.iter_batches(_BATCH_ROWS, row_groups=[number], use_threads=False)
        )
        self._pending: pa.Table = file.schema_arrow.empty_table()
        self._uri = uri

    def take(self, rows: int) -> pa.Table:
        """Take the next rows, or as many as are left."""
        tables = [self._pending]
        there = self._pending.num_rows
        with read_errors(self._uri):
            while there < rows and (batch := next(self._batches, None)) is not None:
                tables.append(pa.Table.from_batches([batch]))
                there += batch.num_rows
        whole = pa.concat_tables(tables)
        self._pending = whole.slice(rows)
        return whole.slice(0, rows)

    def rest(self) -> int:
        """Take all rows that are left, and return their number."""
        with read_errors(self._uri):
            rest: int = self._pending.num_rows + sum(batch.num_rows for batch in self._batches)
            return rest


def _personal_columns(provenance: Mapping[str, str]) -> Sequence[str]:
    """Return the columns with personal data that are hashed or did not land, as the CSV names them."""
    fact = provenance.get("pii_columns", "[]")
    try:
        names = json.loads(fact)
    except (ValueError, RecursionError):
        names = None
    is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not is_list or (names and provenance.get("pii") not in ("hash", "drop")):
        raise VerificationError(f"the footer has {fact!r} as columns with personal data")
    return list(names)


def _key_of_hashes(provenance: Mapping[str, str], pii_key: str) -> bytes:
    """Return the key. Raises ConfigurationError if it is not that of the day."""
    wanted = provenance.get("pii_key_id", "")
    key = pii_key.strip().encode()
    own = hmac.new(key, b"stripe_reports pii key id", hashlib.sha256).hexdigest()[:16] if key else ""
    if own and own == wanted:
        return key
    has = f"is the key {own}" if own else "is not set"
    raise ConfigurationError(
        f"its personal data is hashed with the key {wanted or 'of no name'}, and STRIPE_REPORTS_PII_KEY"
        f" {has}; nothing is proven; set it to the key of that day"
    )


def _number(names: str) -> int:
    return len(names.split(",")) if names else 0


def _columns(schema: pa.Schema) -> dict[str, ColumnComparison]:
    """Return the columns by their names in the CSV. A renamed column has that name as `stripe_column`."""
    columns: dict[str, ColumnComparison] = {}
    if len(set(schema.names)) < len(schema.names):
        raise VerificationError("the table has two columns of one name")
    for field in schema:
        header = (field.metadata or {}).get(b"stripe_column", field.name.encode()).decode()
        match = _METADATA_COLUMN.fullmatch(header)
        plain = f"{match[1]}_{match[2]}" if match else header
        if field.name not in (plain, f"{plain}_{hashlib.sha256(header.encode()).hexdigest()[:8]}"):
            raise VerificationError(f"column {field.name!r} cannot be {header!r} of the CSV")
        columns[header] = ColumnComparison(field, header)
    return columns
