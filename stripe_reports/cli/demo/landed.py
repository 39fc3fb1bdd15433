"""What the demo landed, counted for each report type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich import box, filesize
from rich.table import Table


@dataclass
class Landed:
    """Sums over the landed days of one report type."""

    days: int = 0
    rows: int = 0
    csvs: dict[str, int] = field(default_factory=dict)
    """Their bytes, by SHA-256: several days may come from one CSV."""
    report_runs: set[str] = field(default_factory=set)

    def add(self, metadata: Mapping[str, Any]) -> None:
        """Add a day, from the metadata of its materialization."""
        self.days += 1
        self.rows += metadata["dagster/partition_row_count"].value
        self.csvs[metadata["csv_sha256"].value] = metadata["csv_bytes"].value
        self.report_runs.add(metadata["report_run"].value)


def summary_of(landed: Mapping[str, Landed]) -> Table:
    """Return a table of the sums; whole names and a year of rows fit into 80 columns."""
    table = Table(box=box.SIMPLE, padding=(0, 0, 0, 1), show_edge=False, pad_edge=False)
    table.add_column("table", no_wrap=True)
    for name in ("days", "rows", "CSV", "report\nruns"):
        table.add_column(name, justify="right", no_wrap=True)

    def row(name: str, each: Landed) -> None:
        csv, runs = filesize.decimal(sum(each.csvs.values())), f"{len(each.report_runs):,}"
        table.add_row(name, f"{each.days:,}", f"{each.rows:,}", csv, runs)

    total = Landed()
    for name, each in landed.items():
        row(name, each)
        total.days += each.days
        total.rows += each.rows
        total.csvs |= {f"{name} {sha256}": bytes_ for sha256, bytes_ in each.csvs.items()}
        total.report_runs |= each.report_runs
    table.add_section()
    row("all", total)
    return table
