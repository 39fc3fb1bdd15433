"""What a day's table is made from: its CSVs, and the columns that they must have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Csv:
    """One CSV on its way: `size` in bytes, where it is known, and the texts of its constant columns."""

    chunks: Iterable[bytes]
    size: int | None = None
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExpectedColumns:
    """What a table has whatever its CSV looks like, by the names of the CSV's header.

    `names` must be in the CSV, except those that are `optional` too: these are nulls where they are missing.
    `constant` columns come with the CSV instead of from it (such as the payout that it is about), first in
    the table; a CSV that has a column of that name is believed instead.
    """

    names: Sequence[str] = ()
    optional: frozenset[str] = frozenset()
    constant: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class DayColumn:
    """The column that says when a row was, and the time zone whose days are meant.

    A timestamp without a zone is taken as the wall clock there.
    """

    name: str
    timezone: str
