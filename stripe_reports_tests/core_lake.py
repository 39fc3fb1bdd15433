"""Days of reports in a lake, for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stripe_reports.catalog import select_report_types
from stripe_reports.lake import Lake
from stripe_reports.landing import Backfill, ReportRequest
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.landing.support import account_of, quick, run

Rows = list[dict[str, Any]]


def days_of(first: date, count: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(count)]


def land(
    lake: Lake,
    sandbox: Sandbox,
    days: Sequence[date],
    *,
    select: str = "core",
    timezone: str = "UTC",
    requests: Mapping[str, ReportRequest] | None = None,
) -> None:
    """All of these reports, as a backfill lands them. Start the sandbox with `latency=0`."""
    ended = run(
        Backfill(
            dict.fromkeys(select_report_types(select), days),
            account=account_of(sandbox),
            lake=lake,
            requests=requests,
            timezone=timezone,
            settings=quick(max_runs_in_flight=24),
        )
    )
    assert not ended.errors, ended.errors


def rewrite(lake: Lake, table: str, day: date, change: Callable[[Rows], Rows]) -> None:
    """Change a landed table behind the lake's back; its footer goes on saying what it said."""
    path = Path(lake.uri(table, day))
    footer = pq.read_metadata(path).metadata
    found = pq.read_table(path)
    rows = change(found.to_pylist())
    said = {name: fact for name, fact in footer.items() if name.startswith(b"stripe_reports.")}
    pq.write_table(pa.Table.from_pylist(rows, schema=found.schema.with_metadata(said)), path)


def a_cent_off(column: str, number: int = 0, cent: str = "0.01") -> Callable[[Rows], Rows]:
    """That row's amount is a cent more."""

    def change(rows: Rows) -> Rows:
        rows[number] = {**rows[number], column: rows[number][column] + Decimal(cent)}
        return rows

    return change


def without_row(number: int = 0) -> Callable[[Rows], Rows]:
    return lambda rows: rows[:number] + rows[number + 1 :]


def with_row_twice(number: int = 0) -> Callable[[Rows], Rows]:
    return lambda rows: [*rows, rows[number]]
