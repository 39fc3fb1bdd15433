"""Days that come out of one report run of a month are those that come out of a report run each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest

from stripe_reports.catalog import REPORT_TYPES, ReportType
from stripe_reports.lake import Lake
from stripe_reports.landing import ReportRequest
from stripe_reports.landing.plan import day_column
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account
from stripe_reports_tests.landing.support import Ended, account_of, backfill, days_from, quick

_HERE = {
    "UTC": date(2025, 9, 1),
    "America/New_York": date(2025, 11, 1),
    "Australia/Lord_Howe": date(2025, 10, 4),
}
"""First days: clocks change on the second one or soon after it, by an hour and by half of one."""


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with Sandbox(
        port=0, files_port=0, latency=0, rows_per_day=12, key="sk_live_sandbox_no_secret"
    ) as sandbox:
        yield account_of(sandbox)


def _splittable(timezone: str) -> list[ReportType]:
    return [
        report_type
        for report_type in REPORT_TYPES.values()
        if day_column(report_type, ReportRequest(), timezone, ())
    ]


def _land(
    account: Account, lake: Lake, days: Sequence[date], timezone: str, *, range_runs: bool
) -> tuple[Ended, list[ReportType]]:
    report_types = _splittable(timezone)
    settings = quick(range_runs=range_runs, max_runs_in_flight=16)
    ended = backfill(dict.fromkeys(report_types, days), account, lake, settings, timezone=timezone)
    assert (ended.warnings, ended.errors) == ([], {})
    assert len(ended.landed) == len(report_types) * len(days)
    return ended, report_types


@pytest.mark.parametrize(
    ("timezone", "count"),
    [
        ("Australia/Lord_Howe", 3),
        pytest.param("UTC", 4, marks=pytest.mark.slow),
        pytest.param("America/New_York", 4, marks=pytest.mark.slow),
    ],
)
def test_they_are_equal_row_for_row_and_in_order(
    account: Account, tmp_path: Path, timezone: str, count: int
) -> None:
    split, single = Lake.open(str(tmp_path / "split")), Lake.open(str(tmp_path / "single"))
    days = days_from(_HERE[timezone], count)
    months, report_types = _land(account, split, days, timezone, range_runs=True)
    daily, _ = _land(account, single, days, timezone, range_runs=False)
    assert len(months.runs) == len(report_types)
    assert len(daily.runs) == len(report_types) * len(days)
    empty, filled = 0, set()
    for report_type in report_types:
        for day in days:
            one, other = (lake.read_table(report_type.table, [day]) for lake in (split, single))
            assert one.schema.equals(other.schema, check_metadata=False), f"{report_type.id} {day}"
            assert one.equals(other), f"{report_type.id} {day}"
            empty += not one.num_rows
            filled |= {report_type.id} if one.num_rows else set()
    assert filled == {each.id for each in report_types}, "every report type has rows on some day"
    assert empty or timezone != "UTC", "and there are days without rows"


def test_the_facts_of_a_split_day_are_its_own(account: Account, tmp_path: Path) -> None:
    lake = Lake.open(str(tmp_path / "lake"))
    days = days_from(date(2025, 9, 1), 5)
    ended = backfill({REPORT_TYPES["payouts.itemized.3"]: days}, account, lake)
    (run,) = ended.runs
    for landed in ended.landed:
        provenance = lake.provenance("payouts_itemized_3", landed.day)
        assert provenance["day"] == str(landed.day)
        assert provenance["rows"] == str(landed.table.rows)
        assert provenance["report_run_id"] == run
        assert int(provenance["interval_end"]) - int(provenance["interval_start"]) == 5 * 86400
        table = lake.read_table("payouts_itemized_3", [landed.day])
        assert landed.table.rows == table.num_rows
        assert {each.date() for each in table["effective_at_utc"].to_pylist()} <= {landed.day}
        assert sum(sums["gross"] for sums in landed.totals.values()) == sum(table["gross"].to_pylist())
