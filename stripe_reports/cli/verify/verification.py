"""Verifying days of several tables, with a progress bar and a summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from rich import box, filesize
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from stripe_reports.cli.lake_option import tables_of
from stripe_reports.errors import CsvNotKeptError, LakeError
from stripe_reports.lake import MADE_FROM
from stripe_reports.wording import nearest, some

if TYPE_CHECKING:
    from stripe_reports.lake import Lake, VerifiedDay

_DAYS_NAMED = 5


@dataclass
class _Verdict:
    """Sums over the proven days of one table, and the days that are not proven."""

    proven: int = 0
    rows: int = 0
    values: int = 0
    csv_bytes: dict[str, int] = field(default_factory=dict)
    """By digest, because several days may come from one CSV."""
    not_kept: list[date] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    left_out: dict[str, None] = field(default_factory=dict)
    """Columns with personal data that did not land, in their order."""

    def add(self, day: VerifiedDay) -> None:
        if isinstance(day.error, CsvNotKeptError):
            self.not_kept.append(day.day)
        elif day.error is not None:
            self.errors.append(str(day.error))
        else:
            self.proven += 1
            self.rows += day.rows
            self.values += day.values
            self.csv_bytes[day.csv_sha256] = day.csv_bytes
            self.left_out |= dict.fromkeys(day.left_out)

    def include(self, other: _Verdict) -> None:
        self.proven += other.proven
        self.rows += other.rows
        self.values += other.values
        self.csv_bytes |= other.csv_bytes
        self.not_kept += other.not_kept
        self.errors += other.errors

    def cells(self) -> list[str]:
        days = self.proven + len(self.not_kept) + len(self.errors)
        csv = filesize.decimal(sum(self.csv_bytes.values()))
        differ = [f"{len(self.errors)} differ{'s' * (len(self.errors) == 1)}"] if self.errors else []
        not_kept = [f"{len(self.not_kept)} not kept"] if self.not_kept else []
        verdict = ", ".join(differ + not_kept) or "proven"
        return [f"{days:,}", f"{self.rows:,}", f"{self.values:,}", csv, verdict]


def run_verification(
    lake: Lake, tables: Sequence[str], first: date | None = None, last: date | None = None
) -> int:
    """Verify the landed days from `first` to `last` of these tables (by default all that landed), and print a
    summary.

    Returns the exit code: 0 only if every one of these days is proven. Raises LakeError for a table that does
    not exist or is computed from others, and if there is no day to verify.
    """
    console = Console()
    wanted = _wanted(lake, tables, first, last)
    verdicts = {table: _Verdict() for table in wanted}
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("verifying", total=sum(map(len, wanted.values())))
        for table, days in wanted.items():
            progress.update(bar, description=f"verifying {table}")
            for verified in lake.verify(table, days):
                verdicts[table].add(verified)
                progress.update(bar, advance=1)
        progress.update(bar, description="verified")
    console.print(_summary(verdicts))
    return _conclude(verdicts, console)


def _wanted(
    lake: Lake, tables: Sequence[str], first: date | None, last: date | None
) -> dict[str, list[date]]:
    known = tables_of(lake)
    for table in tables:
        if table not in known:
            raise LakeError(f"{lake.root} has no table {table!r}{nearest(table, known)}")
        if _is_derived(lake, table):
            raise LakeError(
                f"{table} is computed from other tables and has no CSV; verify those tables instead"
            )
    wanted: dict[str, list[date]] = {}
    for table in tables or [table for table in known if not _is_derived(lake, table)]:
        days = [day for day in lake.days(table) if (first or day) <= day <= (last or day)]
        if days:
            wanted[table] = days
        elif tables:
            raise _no_day(lake, table, first, last)
    if not wanted:
        raise _no_day(lake, "any table", first, last)
    return wanted


def _is_derived(lake: Lake, table: str) -> bool:
    for day in reversed(lake.days(table)):
        try:
            return MADE_FROM in lake.provenance(table, day)
        except LakeError:  # a damaged file, which verifying reports
            continue
    return False


def _no_day(lake: Lake, table: str, first: date | None, last: date | None) -> LakeError:
    return LakeError(
        f"{lake.root} has no day of {table} from {first or 'the first'} to {last or 'the last'};"
        " choose other days with --from and --to"
    )


def _summary(verdicts: Mapping[str, _Verdict]) -> Table:
    # Whole names fit into 80 columns, unless the numbers are very long.
    table = Table(box=box.SIMPLE, padding=(0, 0, 0, 1), show_edge=False, pad_edge=False)
    table.add_column("table", overflow="fold")
    for name in ("days", "rows", "values", "CSV"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)

    total = _Verdict()
    for name, each in verdicts.items():
        table.add_row(name, *each.cells())
        total.include(each)
    table.add_section()
    table.add_row("all", *total.cells())
    return table


def _conclude(verdicts: Mapping[str, _Verdict], console: Console) -> int:
    """Print which days are not proven and why, or that all are proven; return the exit code."""
    for table, each in verdicts.items():
        for error in each.errors:
            console.print(f"[red]Not proven:[/] {escape(error)}", soft_wrap=True, highlight=False)
        if each.not_kept:
            days = some(each.not_kept, _DAYS_NAMED)
            console.print(f"[yellow]CSV not kept:[/] {table} {days}", soft_wrap=True, highlight=False)
        if each.left_out:
            columns = escape(", ".join(each.left_out))
            line = f"[yellow]Not compared, as it did not land:[/] {table} {columns}"
            console.print(line, soft_wrap=True, highlight=False)
    if any(each.errors or each.not_kept for each in verdicts.values()):
        return 1
    console.print("Every value is what its CSV says.", style="green")
    return 0
