"""Proof that landed days are what their kept CSVs say, made without the code that landed them.

What is proven of a day: its CSVs have the SHA-256 that the table's footer names, and so many bytes; read by
another reader (`csv_reader.py`), they have as many rows as the table, in the same order; each value equals
what its text says, null and the empty text apart (`comparison.py`); columns have the types that their names
stand for, and are null where the CSV lacks them. Where several days were made from one CSV: that each has the
rows of that day, by the clock of its time zone, and no others.

What is not: which payout a CSV is about, where the CSV does not say so. It is shown that its rows name one,
that no two CSVs name the same, and that there are as many report runs as CSVs; the name stands nowhere else
in the lake. Nor that Arrow reads Parquet as it is written, nor that Stripe wrote what is true.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any

from stripe_reports.errors import (
    ConfigurationError,
    CsvError,
    LakeError,
    ReplacedError,
    StripeReportsError,
    VerificationError,
)
from stripe_reports.lake.comparison import day_of_text, shown
from stripe_reports.lake.csv_reader import CsvBlock, read_csv
from stripe_reports.lake.day_proof import DayProof
from stripe_reports.lake.footer import provenance_of
from stripe_reports.lake.kept_csv import csv_path

if TYPE_CHECKING:
    from stripe_reports.lake import Lake

_AGAIN = "materialize that day again"
_TIMES_AGAIN = 4


@dataclass(frozen=True, slots=True)
class VerifiedDay:
    """What is proven of a day (nulls are values too), or why it is not."""

    day: date
    rows: int
    values: int
    csv_sha256: str
    """As its provenance says: of each CSV, with commas between them."""
    csv_bytes: int
    """Of whole CSVs, though rows of other days may be in them too."""
    error: StripeReportsError | None


def verify_days(lake: Lake, table: str, days: Iterable[date]) -> Iterator[VerifiedDay]:
    """Compare the days' files with their CSVs, from the oldest day to the newest.

    A day that is not proven has an `error`: VerificationError for the first difference, with its line and
    column; CsvNotKeptError; or LakeError for what is not landed or cannot be read. Successive days that were
    made from one CSV are compared in one pass over it.
    """
    trials = (_Trial(lake, table, day) for day in sorted(set(days)))
    for _, together in groupby(trials, key=lambda trial: trial.source):
        for verified in _verify(list(together), lake):
            yield _again_if_replaced(verified, lake, table)


def _again_if_replaced(verified: VerifiedDay, lake: Lake, table: str) -> VerifiedDay:
    for _ in range(_TIMES_AGAIN):
        if not isinstance(verified.error, ReplacedError):
            break
        (verified,) = _verify([_Trial(lake, table, verified.day)], lake)
    return verified


class _Trial:
    """A day, and how far its proof is. The first error is the one that stays."""

    proof: DayProof
    """There once `open` met no error."""

    def __init__(self, lake: Lake, table: str, day: date) -> None:
        self.day = day
        self.facts: Mapping[str, str] = {}
        self.csv_bytes = 0
        self.error: StripeReportsError | None = None
        self._difference = ""
        self._lake, self._table = lake, table
        with self.judging():
            self.facts = lake.provenance(table, day)

    @property
    def source(self) -> object:
        """What days have in common that are compared together."""
        names = ("csv_sha256", "split_by", "split_timezone")
        return [self.facts.get(name) for name in names] if "split_by" in self.facts else self.day

    @property
    def result(self) -> VerifiedDay:
        rows, values = (0, 0) if self.error else (self.proof.rows, self.proof.values)
        sha256 = self.facts.get("csv_sha256", "")
        return VerifiedDay(self.day, rows, values, sha256, self.csv_bytes, self.error)

    def open(self, files: ExitStack) -> None:
        with self.judging():
            file = files.enter_context(self._lake.open_file(self._table, self.day))
            uri = self._lake.uri(self._table, self.day)
            if provenance_of(file.metadata) != self.facts:  # it is another file than a moment ago
                raise ReplacedError(f"{uri} was replaced while it was verified; verify it again")
            self.proof = DayProof(self._table, self.day, file, uri, self.facts)

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
            # One of its own, because another day may have the same.
            self.error = type(error)(error.what).at(report_type=self._table, day=self.day)

    def refuse_csv(self, path: str, sha256: str, place: str) -> None:
        """Its CSV is another one now. That says more than a difference, which only shows it."""
        shows = f", as shows on {self._difference}" if self._difference else ""
        what = f"{place}{path} is not the CSV that was landed: its SHA-256 is {sha256}{shows}"
        error = VerificationError(f"{what}; restore that file, or {_AGAIN}")
        self.error = error.at(report_type=self._table, day=self.day)


def _verify(trials: Sequence[_Trial], lake: Lake) -> Iterator[VerifiedDay]:
    """Compare days that were made from the same CSVs: one day with its CSVs, or several with one."""
    facts = trials[0].facts
    digests = [digest for digest in facts.get("csv_sha256", "").split(",") if digest]
    with ExitStack() as files:
        for trial in _undecided(trials):
            trial.open(files)
        for number, sha256 in enumerate(digests, 1):
            place = f"CSV {number} of {len(digests)}, " if len(digests) > 1 else ""
            if undecided := _undecided(trials):
                _verify_csv(lake, sha256, undecided, place)
        for trial in _undecided(trials):
            with trial.judging():
                trial.proof.finish(trial.csv_bytes)
    yield from (trial.result for trial in trials)


def _undecided(trials: Iterable[_Trial]) -> list[_Trial]:
    return [trial for trial in trials if trial.error is None]


def _verify_csv(lake: Lake, sha256: str, trials: Sequence[_Trial], place: str) -> None:
    digest = hashlib.sha256()

    def counted() -> Iterator[bytes]:
        for chunk in lake.kept_csv(sha256):
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
        for _ in stream:  # behind a difference, for the digest
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
    """Says which rows of a block are whose. Where a CSV is that of several days, their footers say how."""
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
            raise VerificationError(f"line 1: the CSV has no column {column!r}, which is to say the day")
        texts = block.column(number)
        days: list[Any] = list(map(day_of, texts))
        if None in days:
            row = days.index(None)
            text = shown(texts[row])
            raise VerificationError(f"line {block.line(row, number)}, column {column!r}: {text} is no day")
        rows: dict[date, list[int]] = defaultdict(list)
        for row, its_day in enumerate(days):
            rows[its_day].append(row)
        return rows

    return split
