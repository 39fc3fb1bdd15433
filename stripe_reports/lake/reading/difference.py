"""The exact difference between the rows of a table before and after it was replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stripe_reports.catalog import ReportType, dimensions, id_candidates
from stripe_reports.errors import LakeError

_SLICE_ROWS = 1 << 17
_MOST_NUMBERS = 1 << 62

_Integers = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference between the rows of a table and those before. The order of rows does not count."""

    key: tuple[str, ...]
    """The columns by which rows were found again. Empty if no columns identify a row: then a row never counts
    as changed, but as removed and added. Empty, too, if every row is as it was, in its old place."""
    rows_added: int
    rows_removed: int
    rows_changed: int
    changed_columns: Mapping[str, int]
    """The number of changed rows in which each column differs, in the order of the table. Null differs from
    ""."""
    columns_added: tuple[str, ...]
    """The columns that only the new table has, or that changed their type. They do not count as changes of
    rows."""
    columns_removed: tuple[str, ...]
    """The columns that only the old table has, or that changed their type."""
    amounts_changed: bool
    """Whether amounts changed. An amount is any decimal, so rates and quantities count too.

    With a key: whether an amount of a row that was found again differs, or rows were added or removed in a
    table with amounts. Without a key: whether the amounts with their currencies, as a whole, differ from
    those before. A text that Stripe filled in later is no such change."""

    @property
    def unchanged(self) -> bool:
        """Whether the tables are equal."""
        rows = self.rows_added + self.rows_removed + self.rows_changed
        return not (rows or self.columns_added or self.columns_removed)


def difference(report_type: ReportType, before: pq.ParquetFile, after: pq.ParquetFile) -> Difference:
    """Compare the rows of one day of a report type before and after.

    A row is found again by its id, if need be together with other columns, or by all columns that a sum is
    about (see `catalog/row_keys.py`). The first of these keys that no two rows of a table share is used; an
    id is never null. Memory holds a number for each row and the values of one column of both tables at a
    time: about half a kilobyte per row. If every row is as it was, in its old place, it holds one row group
    of each table.

    Raises LakeError if the tables have no column in common or memory runs out, and what Arrow raises.
    """
    tables = _Tables(before, after)
    if not tables.columns:
        raise LakeError("the tables have no column in common")
    try:
        if tables.are_equal():
            return _difference(tables, amounts_changed=False)
        key = _key(report_type, tables)
        return _of_multisets(tables) if key is None else _of_found_rows(tables, *key)
    except MemoryError as error:
        raise LakeError(
            "memory ran out; land fewer reports at once, or give the process more memory"
        ) from error
    finally:
        pa.default_memory_pool().release_unused()


class _Tables:
    """Both tables, column by column."""

    def __init__(self, before: pq.ParquetFile, after: pq.ParquetFile) -> None:
        self._before, self._after = before, after
        self.rows_before: int = before.metadata.num_rows
        self.rows_after: int = after.metadata.num_rows
        old, new = ({field.name: field.type for field in each.schema_arrow} for each in (before, after))
        self.columns = [name for name, type_ in new.items() if old.get(name) == type_]
        """The columns that both tables have, with the same type."""
        self.added = tuple(name for name in new if name not in self.columns)
        self.removed = tuple(name for name in old if name not in self.columns)
        self.amounts = [name for name in self.columns if pa.types.is_decimal(new[name])]
        self.currencies = [name for name in self.columns if name.endswith("currency")]
        self.have_amounts = any(map(pa.types.is_decimal, [*old.values(), *new.values()]))

    def are_equal(self) -> bool:
        """Return whether every row is as it was, in its old place. False if the row groups differ."""
        before, after = self._before, self._after
        groups = range(after.num_row_groups)
        return (
            before.num_row_groups == len(groups)
            and before.schema_arrow.equals(after.schema_arrow)
            and all(before.read_row_group(group).equals(after.read_row_group(group)) for group in groups)
        )

    def values(self, column: str) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
        """Return the values of the column before and after."""
        return _read(self._before, column), _read(self._after, column)

    def has_null(self, column: str) -> bool:
        """Return whether the column has a null, before or after."""
        return any(_read(file, column).null_count for file in (self._before, self._after))


class _Numbers:
    """A number for each row of both tables. Rows that are equal in all columns so far share one."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables
        self._numbers = np.zeros(tables.rows_before + tables.rows_after, np.int64)
        self._count = 1

    def take(self, column: str) -> None:
        """Tell rows apart by this column as well. Null differs from every value."""
        before, after = self._tables.values(column)
        both = pa.chunked_array([*before.chunks, *after.chunks], before.type)
        coded = pc.dictionary_encode(both, null_encoding="encode").chunks
        if not coded:
            return
        count = len(coded[-1].dictionary)
        if self._count * count > _MOST_NUMBERS:
            self._renumber()
        self._numbers = self._numbers * count + np.concatenate([_numpy(each.indices) for each in coded])
        self._count *= count

    def split(self) -> tuple[_Integers, _Integers, int]:
        """Return the numbers of the rows before and after, and an upper bound that none of them reaches."""
        if self._count > len(self._numbers):
            self._renumber()
        before, after = np.split(self._numbers, [self._tables.rows_before])
        return before, after, self._count

    def _renumber(self) -> None:
        known, self._numbers = np.unique(self._numbers, return_inverse=True)
        self._count = max(len(known), 1)


def _key(report_type: ReportType, tables: _Tables) -> tuple[tuple[str, ...], _Integers] | None:
    """Return the columns that identify a row, and for each row after, its index before, or -1."""
    for columns in id_candidates(report_type, tables.columns):
        if tables.has_null(columns[0]):
            continue
        if (found := _found_again(tables, columns)) is not None:
            return columns, found
    sums = dimensions(report_type, tables.columns)
    found = _found_again(tables, sums) if sums else None
    return None if found is None else (sums, found)


def _found_again(tables: _Tables, columns: Sequence[str]) -> _Integers | None:
    """Return for each row after its index before, or -1; None if two rows of a table share these values."""
    numbers = _Numbers(tables)
    for column in columns:
        numbers.take(column)
    before, after, count = numbers.split()
    if any((np.bincount(rows, minlength=1) > 1).any() for rows in (before, after)):
        return None
    row_before = np.full(count, -1, np.int64)
    row_before[before] = np.arange(len(before))
    return row_before[after]


def _of_found_rows(tables: _Tables, key: tuple[str, ...], found: _Integers) -> Difference:
    again = int(np.count_nonzero(found >= 0))
    changed = np.zeros(len(found), np.bool_)
    changed_columns: dict[str, int] = {}
    for column in tables.columns if again else ():
        if column in key:
            continue
        others = _others(*tables.values(column), found)
        if count := int(np.count_nonzero(others)):
            changed_columns[column] = count
            changed |= others
    added, removed = tables.rows_after - again, tables.rows_before - again
    other_rows = tables.have_amounts and bool(added or removed)
    return _difference(
        tables,
        key=key,
        added=added,
        removed=removed,
        changed=int(np.count_nonzero(changed)),
        changed_columns=changed_columns,
        amounts_changed=other_rows or not changed_columns.keys().isdisjoint(tables.amounts),
    )


def _others(before: pa.ChunkedArray, after: pa.ChunkedArray, found: _Integers) -> _Flags:
    """Return for each row after whether it was there before with another value."""
    whole = before.combine_chunks()
    return np.concatenate([*_slices_of_others(whole, after, found)])


def _slices_of_others(before: pa.Array, after: pa.ChunkedArray, found: _Integers) -> Iterator[_Flags]:
    for start in range(0, len(found), _SLICE_ROWS):
        rows = found[start : start + _SLICE_ROWS]
        old = before.take(_arrow(np.maximum(rows, 0)))
        new = after.slice(start, len(rows)).combine_chunks()
        # A comparison with null gives null, so a difference in nulls is looked for as well.
        other = pc.coalesce(pc.not_equal(old, new), pc.xor(pc.is_null(old), pc.is_null(new)))
        yield (_numpy(other.cast(pa.uint8())) == 1) & (rows >= 0)


def _of_multisets(tables: _Tables) -> Difference:
    numbers = _Numbers(tables)
    first = [*tables.amounts, *(name for name in tables.currencies if name not in tables.amounts)]
    for column in first:
        numbers.take(column)
    amounts_changed = bool(tables.amounts) and any(_more(*numbers.split()))
    for column in tables.columns:
        if column not in first:
            numbers.take(column)
    added, removed = _more(*numbers.split())
    return _difference(tables, added=added, removed=removed, amounts_changed=amounts_changed)


def _difference(
    tables: _Tables,
    *,
    amounts_changed: bool,
    key: tuple[str, ...] = (),
    added: int = 0,
    removed: int = 0,
    changed: int = 0,
    changed_columns: Mapping[str, int] | None = None,
) -> Difference:
    return Difference(
        key=key,
        rows_added=added,
        rows_removed=removed,
        rows_changed=changed,
        changed_columns=changed_columns or {},
        columns_added=tables.added,
        columns_removed=tables.removed,
        amounts_changed=amounts_changed,
    )


def _more(before: _Integers, after: _Integers, count: int) -> tuple[int, int]:
    """Return how many rows were added, and how many were removed."""
    more = np.bincount(after, minlength=count) - np.bincount(before, minlength=count)
    return int(more[more > 0].sum()), -int(more[more < 0].sum())


def _read(file: pq.ParquetFile, column: str) -> pa.ChunkedArray:
    values = file.read(columns=[column]).column(column)
    # Offsets of 64 bits, because those of a string column end at 2 GB.
    return values.cast(pa.large_string()) if values.type == pa.string() else values


# pyarrow's own conversions between numpy and Arrow import pandas.
def _numpy(values: pa.Array) -> npt.NDArray[Any]:
    type_ = {pa.int32(): np.int32, pa.uint8(): np.uint8}[values.type]
    return np.frombuffer(values.buffers()[1] or b"", type_, len(values) + values.offset)[values.offset :]


def _arrow(values: _Integers) -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])
