"""One landed day of one report type: the facts about its file, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

FACT_PREFIX = "stripe_reports."
"""The prefix of our facts among all key-value metadata in the footer of a file."""

FIRST_ROWS = 10
"""How many rows of a table a person is shown."""


@dataclass(frozen=True, slots=True)
class LandedTable:
    """One day of one report type, committed."""

    uri: str
    path: str
    """The path relative to the lake's root: `balance_summary_1/date=2025-09-01/part-0.parquet`."""
    rows: int
    csv_bytes: int
    csv_sha256: str
    """The SHA-256 of each CSV, in their order, separated by commas. Empty if there was no CSV."""
    parquet_bytes: int
    schema: pa.Schema
    """The columns. One with another name than in the CSV has that name as field metadata `stripe_column`."""
    new_columns: tuple[str, ...]
    """The unexpected columns of the CSV, as its header names them."""
    quoted_empties: Mapping[str, int] = field(default_factory=dict)
    """The number of nulls that are `""` in the CSVs, by the header of their column.

    Rows of other days in the same CSVs count as well. Columns of text do not count: there `""` stays an empty
    text.
    """
    pii: str = "keep"
    """The policy for personal data under which the day landed: `keep`, `hash` or `drop`."""
    pii_columns: tuple[str, ...] = ()
    """The columns with personal data that are hashed, or that the table lacks, as the header of the CSV names
    them."""
    pii_key_id: str = ""
    """The name of the key of the hashes, which does not reveal the key."""
    first_rows: pa.Table | None = field(default=None, compare=False, repr=False)
    """At most ten rows, from the beginning of the table; None if they are not at hand."""

    @property
    def version(self) -> str:
        """A text that differs between two files of a day whose rows may differ."""
        return self.csv_sha256 if self.pii == "keep" else f"{self.csv_sha256}:{self.pii}:{self.pii_key_id}"


@dataclass(frozen=True, slots=True)
class LandedFile:
    """The file of a landed day, described by its footer and its size."""

    table: LandedTable
    """The facts from when it landed. An older version of this package did not record `new_columns`, which are
    empty then."""
    provenance: Mapping[str, str]
    """The facts that `Lake.provenance` returns."""
