"""How the columns of a Parquet file are encoded, chosen from its first rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

_SAMPLE_ROWS = 16_384
_PREFIX = 3


@dataclass(frozen=True, slots=True)
class Encodings:
    """The columns with a dictionary, and the encodings of others; what is in neither is written plainly.

    A dictionary where values repeat (for ids it costs time and space), deltas for timestamps and for ids that
    begin alike. (`BYTE_STREAM_SPLIT` would suit amounts, but DuckDB cannot read it there.)
    """

    dictionaries: tuple[str, ...]
    others: dict[str, str]

    @classmethod
    def for_rows(cls, rows: pa.Table | None) -> Self:
        """What suits these rows, or the first 16,384 of them; without any it does not matter."""
        if rows is None:
            return cls((), {})
        sample = rows.slice(0, _SAMPLE_ROWS)
        dictionaries: list[str] = []
        others: dict[str, str] = {}
        for field, column in zip(sample.schema, sample.columns, strict=True):
            if pa.types.is_timestamp(field.type):
                others[field.name] = "DELTA_BINARY_PACKED"
            elif pa.types.is_boolean(field.type):
                continue  # Parquet has nothing else for them
            elif len(column.unique()) <= len(column) // 2:
                dictionaries.append(field.name)
            elif pa.types.is_string(field.type) and _begin_alike(column):
                others[field.name] = "DELTA_BYTE_ARRAY"
        return cls(tuple(dictionaries), others)


def _begin_alike(texts: pa.ChunkedArray) -> bool:
    """Whether they share their beginning, as Stripe's ids do (`txn_`), which deltas then need not repeat."""
    beginnings = pc.utf8_slice_codeunits(texts.drop_null(), 0, _PREFIX)
    return len(beginnings.unique()) <= len(beginnings) // 100
