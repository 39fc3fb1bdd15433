"""What was landed: one day of one report type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class LandedTable:
    """One day of one report type, committed."""

    uri: str
    path: str
    """Relative to the lake's root: `balance_summary_1/date=2025-09-01/part-0.parquet`."""
    rows: int
    csv_bytes: int
    csv_sha256: str
    """Of each CSV, in their order, with commas between them; empty if there was none."""
    parquet_bytes: int
    schema: pa.Schema
    """A column named otherwise than in the CSV keeps that name as field metadata `stripe_column`."""
    new_columns: tuple[str, ...]
    """Columns that the CSV had and nobody expected, as its header names them."""
    quoted_empties: Mapping[str, int] = field(default_factory=dict)
    """How many nulls are `""` in the CSVs (other days' rows may be in them too), by the header of their
    column. A text is none of them: there `""` stays what it is."""
