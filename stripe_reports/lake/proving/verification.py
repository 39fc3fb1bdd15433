"""Proof that landed days are what their kept CSVs say, made without the code that landed them.

Proven of a day:
- Its CSVs have the SHA-256 and the number of bytes that the table's footer states.
- Read by another reader (`csv_reader.py`), they have as many rows as the table, in the same order.
- Each value equals its text (`comparison.py`). In columns of text, null differs from the empty text.
- Columns have the types that their names stand for. They are null if the CSV lacks them.
- If several days landed from one CSV, each has the rows of that day in its time zone, and no others.
- Hashed personal data is the HMAC-SHA-256 of the texts with the day's key, which must be given.

Not proven:
- Which payout a CSV is about, if the CSV does not say so, because no other place in the lake names it. It is
  proven that its rows name one payout, that no two CSVs name the same one, and that there are as many report
  runs as CSVs.
- Columns with personal data that did not land: they are `left_out`. The footer names them.
- That Arrow reads Parquet as it was written, and that Stripe's CSV is true.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from stripe_reports.errors import (
    ConfigurationError,
    CsvError,
    LakeError,
    ReplacedError,
    StripeReportsError,
    VerificationError,
)
from stripe_reports.lake.proving.comparison import day_of_text, shown
from stripe_reports.lake.proving.csv_reader import CsvBlock, read_csv
from stripe_reports.lake.proving.day_proof import DayProof
from stripe_reports.lake.reading.day_file import open_day_file, provenance_of, read_provenance
from stripe_reports.lake.storage.kept_csv import csv_path, read_kept_csv
from stripe_reports.lake.storage.partitions import partition_path
from stripe_reports.lake.storage.store import Store

_AGAIN = "materialize that day again"
_TIMES_AGAIN = 4


@dataclass(frozen=True, slots=True)
class VerifiedDay:
    """The result for one day: the number of proven rows and values (nulls count), or why it is not proven."""

    day: date
    rows: int
    values: int
    csv_sha256: str
    """The SHA-256 of each CSV by the provenance of the day, separated by commas."""
    csv_bytes: int
    """The bytes of the whole CSVs, even if they also have rows of other days."""
    error: StripeReportsError | None
    left_out: tuple[str, ...] = ()
    """The columns of the CSVs with personal data that the table lacks, because they were dropped."""


def verify_days(
    store: Store, root: str, table: str, days: Iterable[date], *, pii_key: str = ""
) -> Iterator[VerifiedDay]:
    """Compare the files of the days with their CSVs, from the oldest day to the newest.

    A day that is not proven has an `error`: VerificationError for the first difference, with its line and
    column; CsvNotKeptError; ConfigurationError where `pii_key` is not the key of its hashes; or LakeError for
    a day that is not landed or cannot be read. Consecutive days that landed from one CSV are compared in one
    pass over it.
    """

    def trial_of(day: date) -> _Trial:
        return _Trial(store, root, table, day, pii_key)

    trials = map(trial_of, sorted(set(days)))
    for _, together in groupby(trials, key=lambda trial: trial.source):
        for verified in _verify(list(together)):
            yield _verified_again_if_replaced(verified, trial_of)


def _verified_again_if_replaced(verified: VerifiedDay, trial_of: Callable[[date], _Trial]) -> VerifiedDay:
    for _ in range(_TIMES_AGAIN):
        if not isinstance(verified.error, ReplacedError):
            break
        (verified,) = _verify([trial_of(verified.day)])
    return verified


class _Trial:
    """A day, and the state of its proof. The first error is kept."""

    proof: DayProof
    """The proof. It exists once `open` has succeeded."""

    def __init__(self, store: Store, root: str, table: str, day: date, pii_key: str) -> None:
        self.day = day
        self.facts: Mapping[str, str] = {}
        self.csv_bytes = 0
        self.error: StripeReportsError | None = None
        self._difference = ""
        self._store, self._root, self._table = store, root, table
        self._pii_key = pii_key
        with self.judging():
            self.facts = read_provenance(store, root, table, day)

    @property
    def source(self) -> object:
        """The facts that days have in common if they are compared together."""
        names = ("csv_sha256", "split_by", "split_timezone")
        return [self.facts.get(name) for name in names] if "split_by" in self.facts else self.day

    @property
    def result(self) -> VerifiedDay:
        rows, values = (0, 0) if self.error else (self.proof.rows, self.proof.values)
        sha256 = self.facts.get("csv_sha256", "")
        left_out = () if self.error else self.proof.left_out
        return VerifiedDay(self.day, rows, values, sha256, self.csv_bytes, self.error, left_out)

    def open(self, files: ExitStack) -> None:
        with self.judging():
            path = partition_path(self._table, self.day)
            uri = f"{self._root}/{path}"
            file = files.enter_context(open_day_file(self._store, self._root, path))
            if provenance_of(file.metadata) != self.facts:  # it is another file than before
                raise ReplacedError(f"{uri} was replaced while it was verified; verify it again")
            self.proof = DayProof(self._table, self.day, file, uri, self.facts, pii_key=self._pii_key)

    def kept_csv(self, sha256: str) -> Iterator[bytes]:
        return read_kept_csv(self._store, self._root, sha256)

    @contextmanager
    def judging(self, place: str = "") -> Iterator[None]:
        try:
            yield
        except StripeReportsError as error:
            self.refuse(error, place)

    def refuse(self, error: StripeReportsError, place: str = "") -> None:
        if self.error is None:
            if isinstance(error, VerificationError | CsvError):
                self._difference = error.what
                error = VerificationError(f"{place}{error.what}; {_AGAIN}")
            # A copy, because another day may have the same error.
            self.error = type(error)(error.what).at(report_type=self._table, day=self.day)

    def refuse_csv(self, path: str, sha256: str, place: str) -> None:
        """Refuse a day whose CSV is not the landed one. This error replaces one about a difference."""
        shows = f"; first difference: {self._difference}" if self._difference else ""
        what = f"{place}{path} is not the CSV that was landed: its SHA-256 is {sha256}{shows}"
        error = VerificationError(f"{what}; restore that file, or {_AGAIN}")
        self.error = error.at(report_type=self._table, day=self.day)


def _verify(trials: Sequence[_Trial]) -> Iterator[VerifiedDay]:
    """Compare days that landed from the same CSVs: one day with its CSVs, or several days with one CSV."""
    facts = trials[0].facts
    digests = [digest for digest in facts.get("csv_sha256", "").split(",") if digest]
    with ExitStack() as files:
        for trial in _undecided(trials):
            trial.open(files)
        for number, sha256 in enumerate(digests, 1):
            place = f"CSV {number} of {len(digests)}, " if len(digests) > 1 else ""
            if undecided := _undecided(trials):
                _verify_csv(sha256, undecided, place)
        for trial in _undecided(trials):
            with trial.judging():
                trial.proof.finish(trial.csv_bytes)
    yield from (trial.result for trial in trials)


def _undecided(trials: Iterable[_Trial]) -> list[_Trial]:
    return [trial for trial in trials if trial.error is None]


def _verify_csv(sha256: str, trials: Sequence[_Trial], place: str) -> None:
    digest = hashlib.sha256()

    def counted() -> Iterator[bytes]:
        for chunk in trials[0].kept_csv(sha256):
            digest.update(chunk)
            for trial in trials:
                trial.csv_bytes += len(chunk)
            yield chunk

    stream = counted()
    try:
        try:
            _compare(stream, trials, place)
        except (CsvError, VerificationError, ConfigurationError) as error:
            for trial in trials:
                trial.refuse(error, place)
        for _ in stream:  # read on after a difference, for the digest
            pass
    except LakeError as error:
        for trial in trials:
            trial.refuse(error)
    else:
        if digest.hexdigest() != sha256:
            for trial in trials:
                trial.refuse_csv(csv_path(sha256), digest.hexdigest(), place)


def _compare(stream: Iterable[bytes], trials: Sequence[_Trial], place: str) -> None:
    names, blocks = read_csv(stream)
    for trial in trials:
        with trial.judging(place):
            trial.proof.begin_csv(names)
    rows_of_days = _rows_of_days(names, trials)
    for block in blocks:
        rows = rows_of_days(block)
        undecided = _undecided(trials)
        for trial in undecided:
            if trial.day in rows:
                with trial.judging(place):
                    trial.proof.compare(block, rows[trial.day])
        if not undecided:
            break
    for trial in _undecided(trials):
        with trial.judging(place):
            trial.proof.end_csv()


def _rows_of_days(
    names: Sequence[str | None], trials: Sequence[_Trial]
) -> Callable[[CsvBlock], Mapping[date, Sequence[int]]]:
    """Return a function that assigns the rows of a block to days.

    The footers of several days with one CSV state the column and the time zone for it.
    """
    facts, day = trials[0].facts, trials[0].day
    column = facts.get("split_by")
    if column is None:
        return lambda block: {day: range(block.rows)}
    number = names.index(column) if column in names else None
    day_of = day_of_text(column, facts.get("split_timezone", ""))

    def split(block: CsvBlock) -> Mapping[date, Sequence[int]]:
        if not block.rows:
            return {}
        if number is None:
            raise VerificationError(f"line 1: the CSV has no column {column!r}, which says the day of a row")
        texts = block.column(number)
        days: list[Any] = list(map(day_of, texts))
        if None in days:
            row = days.index(None)
            text = shown(texts[row])
            raise VerificationError(f"line {block.line(row, number)}, column {column!r}: {text} is not a day")
        rows: dict[date, list[int]] = defaultdict(list)
        for row, its_day in enumerate(days):
            rows[its_day].append(row)
        return rows

    return split
