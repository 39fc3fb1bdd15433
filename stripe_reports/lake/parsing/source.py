"""The source of a day's table: its CSVs, and the columns that they must have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Csv:
    """One CSV as a stream, its size in bytes if that is known, and the values of its constant columns."""

    chunks: Iterable[bytes]
    size: int | None = None
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExpectedColumns:
    """The columns that a table always has, as the header of the CSV names them.

    A CSV must have all `names` except the `optional` ones among them, which are null if they are missing.
    `constant` columns come first in the table. Their values come with the CSV instead of from it, such as the
    payout that it is about, unless the CSV has a column of that name.
    """

    names: Sequence[str] = ()
    optional: frozenset[str] = frozenset()
    constant: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class DayColumn:
    """The column that dates a row, and the time zone of the days.

    A timestamp without a zone counts as local time in that zone.
    """

    name: str
    timezone: str
