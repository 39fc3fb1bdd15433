"""What a table has become: its rows before and after, compared exactly."""

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
    """How the rows of a table differ from those that it had before; their order does not count."""

    key: tuple[str, ...]
    """The columns by which a row was found again. Empty where no columns identify one: such a row is never
    changed, but removed and added. Empty, too, where every row is as it was, in its old place."""
    rows_added: int
    rows_removed: int
    rows_changed: int
    changed_columns: Mapping[str, int]
    """In how many of the changed rows each column is another, in the order of the table; null is not ""."""
    columns_added: tuple[str, ...]
    """Columns of only one of the tables, or of another type, make no row a changed one."""
    columns_removed: tuple[str, ...]
    amounts_changed: bool
    """Whether an amount (a decimal, which rates and quantities are as well) of a row that was found again is
    another; or there are other rows, in a table with amounts. Of rows without a key, whether they have other
    amounts, each with its currencies, than before: a text that Stripe has filled in later is none."""

    @property
    def unchanged(self) -> bool:
        """Whether there is none."""
        rows = self.rows_added + self.rows_removed + self.rows_changed
        return not (rows or self.columns_added or self.columns_removed)


def difference(report_type: ReportType, before: pq.ParquetFile, after: pq.ParquetFile) -> Difference:
    """What became of the rows of one day of a report type.

    A row is found again by its id, with more beside it if need be, or by all that a sum is about (see
    `catalog/row_keys.py`): by the first of these that no two rows of a table share; an id is never null. In
    memory are numbers for the rows, and the values of one column of both tables at a time: about half a
    kilobyte for a row. Where every row is as it was, in its old place, it is a row group of both.

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
        raise LakeError("memory ran out; land fewer reports at once, or give the process more") from error
    finally:
        pa.default_memory_pool().release_unused()


class _Tables:
    """Both tables, by their columns."""

    def __init__(self, before: pq.ParquetFile, after: pq.ParquetFile) -> None:
        self._before, self._after = before, after
        self.rows_before: int = before.metadata.num_rows
        self.rows_after: int = after.metadata.num_rows
        old, new = ({field.name: field.type for field in each.schema_arrow} for each in (before, after))
        self.columns = [name for name, type_ in new.items() if old.get(name) == type_]
        """Those of both."""
        self.added = tuple(name for name in new if name not in self.columns)
        self.removed = tuple(name for name in old if name not in self.columns)
        self.amounts = [name for name in self.columns if pa.types.is_decimal(new[name])]
        self.currencies = [name for name in self.columns if name.endswith("currency")]
        self.have_amounts = any(map(pa.types.is_decimal, [*old.values(), *new.values()]))

    def are_equal(self) -> bool:
        """Whether every row is as it was, in its old place; false if the rows are grouped otherwise."""
        before, after = self._before, self._after
        groups = range(after.num_row_groups)
        return (
            before.num_row_groups == len(groups)
            and before.schema_arrow.equals(after.schema_arrow)
            and all(before.read_row_group(group).equals(after.read_row_group(group)) for group in groups)
        )

    def values(self, column: str) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
        """Those of the column, before and after."""
        return _read(self._before, column), _read(self._after, column)

    def has_null(self, column: str) -> bool:
        """Whether there is one, before or after."""
        return any(_read(file, column).null_count for file in (self._before, self._after))


class _Numbers:
    """A number for each row of both tables: the same for rows that are alike in all columns taken so far."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables
        self._numbers = np.zeros(tables.rows_before + tables.rows_after, np.int64)
        self._count = 1

    def take(self, column: str) -> None:
        """Tell rows apart by this one as well, null from any value."""
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
        """The numbers of the rows before and after, and a number that all are below."""
        if self._count > len(self._numbers):
            self._renumber()
        before, after = np.split(self._numbers, [self._tables.rows_before])
        return before, after, self._count

    def _renumber(self) -> None:
        known, self._numbers = np.unique(self._numbers, return_inverse=True)
        self._count = max(len(known), 1)


def _key(report_type: ReportType, tables: _Tables) -> tuple[tuple[str, ...], _Integers] | None:
    """Columns that identify a row; and for each row after, which one it was before, or -1."""
    for columns in id_candidates(report_type, tables.columns):
        if tables.has_null(columns[0]):
            continue
        if (found := _found_again(tables, columns)) is not None:
            return columns, found
    sums = dimensions(report_type, tables.columns)
    found = _found_again(tables, sums) if sums else None
    return None if found is None else (sums, found)


def _found_again(tables: _Tables, columns: Sequence[str]) -> _Integers | None:
    """None if these columns are the same in several rows of a table."""
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
    """For each row after, whether it was there before with another value."""
    whole = before.combine_chunks()
    return np.concatenate([*_slices_of_others(whole, after, found)])


def _slices_of_others(before: pa.Array, after: pa.ChunkedArray, found: _Integers) -> Iterator[_Flags]:
    for start in range(0, len(found), _SLICE_ROWS):
        rows = found[start : start + _SLICE_ROWS]
        old = before.take(_arrow(np.maximum(rows, 0)))
        new = after.slice(start, len(rows)).combine_chunks()
        # Nothing is equal to null, nor unequal: one null of two is a difference.
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
    """How many rows there are that were not before, and how many there were that are no more."""
    more = np.bincount(after, minlength=count) - np.bincount(before, minlength=count)
    return int(more[more > 0].sum()), -int(more[more < 0].sum())


def _read(file: pq.ParquetFile, column: str) -> pa.ChunkedArray:
    values = file.read(columns=[column]).column(column)
    # Offsets of 64 bits, because those of a string reach to 2 GB only.
    return values.cast(pa.large_string()) if values.type == pa.string() else values


# pyarrow's own ways between numpy and Arrow import pandas.
def _numpy(values: pa.Array) -> npt.NDArray[Any]:
    type_ = {pa.int32(): np.int32, pa.uint8(): np.uint8}[values.type]
    return np.frombuffer(values.buffers()[1] or b"", type_, len(values) + values.offset)[values.offset :]


def _arrow(values: _Integers) -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])
