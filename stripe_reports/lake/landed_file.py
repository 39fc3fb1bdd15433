"""What stands in the lake for a day: the facts of its table, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stripe_reports.lake.landed_table import LandedTable

FACT_PREFIX = "stripe_reports."
"""What the names of these facts begin with among all that a footer has."""


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A landed day, as the footer and the size of its file say."""

    table: LandedTable
    """As it was when it landed. `new_columns` is empty if an older version landed it, which did not say."""
    provenance: Mapping[str, str]
    """As `Lake.provenance` gives it."""
