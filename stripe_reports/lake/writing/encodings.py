"""The encodings of the columns of a Parquet file, chosen from its first rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

_SAMPLE_ROWS = 16_384
_PREFIX = 3


@dataclass(frozen=True, slots=True)
class Encodings:
    """The columns with a dictionary, and the encodings of other columns. The rest is written plainly.

    Columns whose values repeat get a dictionary (for ids it costs time and space). Timestamps, and ids with
    the same beginning, get deltas. (`BYTE_STREAM_SPLIT` would suit amounts, but DuckDB cannot read it there.)
    """

    dictionaries: tuple[str, ...]
    others: dict[str, str]

    @classmethod
    def for_rows(cls, rows: pa.Table | None) -> Self:
        """Choose encodings for these rows, by the first 16,384 of them. Without rows, choose none."""
        if rows is None:
            return cls((), {})
        sample = rows.slice(0, _SAMPLE_ROWS)
        dictionaries: list[str] = []
        others: dict[str, str] = {}
        for field, column in zip(sample.schema, sample.columns, strict=True):
            if pa.types.is_timestamp(field.type):
                others[field.name] = "DELTA_BINARY_PACKED"
            elif pa.types.is_boolean(field.type):
                continue  # Parquet has no other encoding for them
            elif len(column.unique()) <= len(column) // 2:
                dictionaries.append(field.name)
            elif pa.types.is_string(field.type) and _begin_alike(column):
                others[field.name] = "DELTA_BYTE_ARRAY"
        return cls(tuple(dictionaries), others)


def _begin_alike(texts: pa.ChunkedArray) -> bool:
    """Return whether the texts begin alike, as Stripe's ids do (`txn_`), so that deltas do not repeat it."""
    beginnings = pc.utf8_slice_codeunits(texts.drop_null(), 0, _PREFIX)
    return len(beginnings.unique()) <= len(beginnings) // 100
