"""A second landing, in another process or at the same time, uses the runs of the first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stripe_reports.catalog import REPORT_TYPES, day_interval
from stripe_reports.lake import Lake
from stripe_reports.landing import ReportRequest
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account, create_report_run
from stripe_reports_tests.landing.support import (
    Ended,
    account_of,
    backfill,
    days_from,
    files_of,
    quick,
)

_ACTIVITY = REPORT_TYPES["balance_change_from_activity.itemized.3"]
_PAYOUTS = REPORT_TYPES["payouts.itemized.3"]
_BALANCE = REPORT_TYPES["balance.summary.1"]
_DAYS = days_from(date(2025, 9, 1), 5)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=8) as running:
        yield running


def _path(lake: Lake, day: date) -> Path:
    return Path(lake.uri(_ACTIVITY.table, day))


def _delete(path: Path) -> None:
    path.unlink()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _spoil_an_amount(path: Path) -> None:
    """The footer is as it was."""
    metadata = pq.read_metadata(path)
    column = next(i for i in range(metadata.num_columns) if metadata.schema.column(i).name == "gross")
    chunk = metadata.row_group(0).column(column)
    first = chunk.dictionary_page_offset or chunk.data_page_offset
    data = bytearray(path.read_bytes())
    data[first : first + chunk.total_compressed_size] = bytes(chunk.total_compressed_size)
    path.write_bytes(data)


def test_where_the_file_of_an_adopted_run_does_not_come_a_new_one_is_asked_for(
    sandbox: Sandbox, account: Account, lake: Lake, no_pauses: None, tmp_path: Path
) -> None:
    sandbox.fault("expired", count=1)
    broken = backfill({_ACTIVITY: _DAYS}, account, lake)
    assert len(broken.failed) == len(_DAYS), "which is no adopted one"
    again = backfill({_ACTIVITY: _DAYS}, account_of(sandbox), lake)
    assert (again.days, again.errors) == (_DAYS, {})
    assert sandbox.report_runs_created == 2
    (warning,) = again.warnings
    assert "answered 404" in warning
    assert "; retrying with another report run" in warning


@pytest.mark.parametrize("damage", [_delete, _cut, _empty, _spoil_an_amount])
def test_a_damaged_file_is_landed_again_from_the_run_that_is_there(
    sandbox: Sandbox, account: Account, lake: Lake, damage: Any
) -> None:
    first = backfill({_ACTIVITY: _DAYS}, account, lake)
    before = files_of(lake)
    assert next(day for day in first.landed if day.day == _DAYS[2]).table.rows
    damage(_path(lake, _DAYS[2]))
    second = backfill({_ACTIVITY: _DAYS}, account_of(sandbox), lake)
    assert (second.days, second.errors, second.unchanged) == (_DAYS, {}, 0), "all that the run is about"
    assert sandbox.report_runs_created == 1
    assert {name: data for name, (data, _) in files_of(lake).items()} == {
        name: data for name, (data, _) in before.items()
    }


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _another(path: Path) -> None:
    """Reads well, and is not what landed."""
    path.write_bytes(pa.Codec("zstd").compress(b"description\n", asbytes=True))


@pytest.mark.parametrize("damage", [_delete, _cut, _empty, _flip, _another])
def test_a_kept_csv_that_is_lost_or_damaged_is_kept_again_from_the_run_that_is_there(
    sandbox: Sandbox, account: Account, lake: Lake, damage: Any
) -> None:
    backfill({_ACTIVITY: _DAYS}, account, lake)
    before = files_of(lake)
    sha256 = lake.provenance(_ACTIVITY.table, _DAYS[2])["csv_sha256"]
    damage(Path(lake.root, "_csv", f"{sha256}.csv.zst"))
    assert all(day.error for day in lake.verify(_ACTIVITY.table))
    second = backfill({_ACTIVITY: _DAYS}, account_of(sandbox), lake)
    assert (second.days, second.errors, second.unchanged) == (_DAYS, {}, 0)
    assert sandbox.report_runs_created == 1
    assert [day.error for day in lake.verify(_ACTIVITY.table)] == [None] * 5
    assert {name: data for name, (data, _) in files_of(lake).items()} == {
        name: data for name, (data, _) in before.items()
    }
    assert backfill({_ACTIVITY: _DAYS}, account_of(sandbox), lake).unchanged == 5


def test_other_days_of_a_month_that_has_landed_are_a_run_of_their_own(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    backfill({_ACTIVITY: _DAYS}, account, lake)
    more = days_from(_DAYS[0], 7)
    assert backfill({_ACTIVITY: more}, account, lake).days == more
    assert sandbox.report_runs_created == 2


def test_what_is_asked_for_otherwise_is_landed_anew(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    backfill({_ACTIVITY: _DAYS}, account, lake)
    requests = {_ACTIVITY.id: ReportRequest(columns=_ACTIVITY.columns[:-1])}
    second = backfill({_ACTIVITY: _DAYS}, account, lake, requests=requests)
    assert (second.unchanged, sandbox.report_runs_created) == (0, 2)
    assert backfill({_ACTIVITY: _DAYS}, account, lake, requests=requests).unchanged == 5


def test_a_lake_that_begins_to_keep_csvs_is_landed_anew_from_the_same_run(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    backfill({_ACTIVITY: _DAYS}, account, Lake.open(lake.root, keep_csv=False))
    assert backfill({_ACTIVITY: _DAYS}, account, lake).unchanged == 0
    assert sandbox.report_runs_created == 1
    assert list(lake.kept_csv(lake.provenance(_ACTIVITY.table, _DAYS[0])["csv_sha256"]))


def _somebody_asks(sandbox: Sandbox, **more: Any) -> str:
    """For the same, under a key of their own."""
    interval = {"interval_start": day_interval(_DAYS[0]).start, "interval_end": day_interval(_DAYS[-1]).end}
    parameters = {**interval, "columns": list(_ACTIVITY.columns), "timezone": "Etc/UTC", **more}
    return create_report_run(account_of(sandbox).api, _ACTIVITY.id, parameters, "theirs").id


def test_a_pending_run_that_somebody_else_has_made_is_waited_for(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    sandbox.fault("pending", seconds=0.7)
    run = _somebody_asks(sandbox)
    ended = backfill({_ACTIVITY: _DAYS}, account, lake)
    assert (ended.days, ended.runs) == (_DAYS, {run})
    assert all(day.adopted and not day.unchanged for day in ended.landed)
    assert sandbox.report_runs_created == 1


def test_a_run_that_somebody_else_has_made_with_a_filter_is_not_used(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    run = _somebody_asks(sandbox, currency="usd")
    ended = backfill({_ACTIVITY: _DAYS}, account, lake)
    assert run not in ended.runs
    assert not any(day.adopted for day in ended.landed)


def test_a_run_is_used_for_a_week_and_no_longer(lake: Lake) -> None:
    now = [time.time() - 6.9 * 86400]
    with Sandbox(port=0, files_port=0, latency=0, now=lambda: now[0]) as sandbox:
        old = _somebody_asks(sandbox)
        assert backfill({_ACTIVITY: _DAYS}, account_of(sandbox), lake).runs == {old}
        assert (
            old
            not in backfill(
                {_ACTIVITY: _DAYS}, account_of(sandbox), lake, quick(adopt_within=6.8 * 86400)
            ).runs
        )


def test_a_run_that_was_made_before_all_data_were_there_is_not_used(lake: Lake) -> None:
    fees, day = (
        REPORT_TYPES["card_payments_fees.transaction_level.2"],
        date(2025, 9, 3),
    )  # come two months late
    now = [0.0]
    with Sandbox(port=0, files_port=0, latency=0, key="sk_live_sandbox", now=lambda: now[0]) as sandbox:

        def somebody_asks(at: datetime) -> str:
            now[0] = at.timestamp()
            interval = {"interval_start": day_interval(day).start, "interval_end": day_interval(day).end}
            parameters = {**interval, "columns": list(fees.columns)}
            return create_report_run(account_of(sandbox).api, fees.id, parameters, str(at)).id

        early = somebody_asks(datetime(2025, 10, 1, tzinfo=UTC))
        settings = quick(adopt_within=10 * 365 * 86400)
        first = backfill({fees: [day]}, account_of(sandbox), lake, settings)
        assert len(first.runs) == 1
        assert early not in first.runs
        late = somebody_asks(datetime(2025, 11, 6, tzinfo=UTC))
        assert backfill({fees: [day]}, account_of(sandbox), lake, settings).runs == {late}


def test_columns_that_the_account_does_not_have_are_found_out_anew_and_the_run_is_used(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    # A later version is taken to have the columns of the newest that is known; this account's has fewer.
    columns = (*_ACTIVITY.columns, "brand_new")
    requests = {_ACTIVITY.id: ReportRequest(columns=columns)}
    first = backfill({_ACTIVITY: _DAYS}, account, lake, requests=requests)
    second = backfill({_ACTIVITY: _DAYS}, account_of(sandbox), lake, requests=requests)
    assert (first.days, second.days, second.unchanged) == (_DAYS, _DAYS, 5)
    for ended in (first, second):
        assert [f"{_ACTIVITY.id}: this account's version has no brand_new; left out"] == ended.warnings
        assert all(day.dropped_columns == ("brand_new",) for day in ended.landed)
    assert sandbox.report_runs_created == 1


@pytest.mark.parametrize("code", [403, 404])
def test_where_runs_cannot_be_listed_new_ones_are_made_with_a_warning(
    sandbox: Sandbox, account: Account, lake: Lake, code: int
) -> None:
    _somebody_asks(sandbox)
    sandbox.fault("status", method="GET", path="*/report_runs", code=code)
    ended = backfill({_ACTIVITY: _DAYS}, account, lake)
    (warning,) = ended.warnings
    assert warning.startswith("could not list existing report runs; creating new ones: ")
    assert ended.days == _DAYS
    assert sandbox.report_runs_created == 2


@pytest.mark.parametrize("one_lake", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_two_at_the_same_time_share_their_runs(tmp_path: Path, one_lake: bool) -> None:
    asked = {_ACTIVITY: days_from(date(2025, 8, 20), 30), _PAYOUTS: _DAYS, _BALANCE: _DAYS}
    lakes = [Lake.open(str(tmp_path / ("lake" if one_lake else name))) for name in ("one", "two")]
    ended: list[Ended] = []
    together = Barrier(2)
    with Sandbox(port=0, files_port=0, latency=0.2, rows_per_day=8) as sandbox:

        def land(lake: Lake) -> None:
            together.wait()
            ended.append(backfill(asked, account_of(sandbox), lake))

        threads = [Thread(target=land, args=(lake,)) for lake in lakes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sandbox.report_runs_created == 2 + 1 + 5
    one, other = ended
    assert one.errors == other.errors == {}
    assert len(one.landed) == len(other.landed) == 40
    assert one.runs == other.runs
    for report_type, days in asked.items():
        tables = [lake.read_table(report_type.table, days) for lake in lakes]
        assert tables[0].equals(tables[1])
        assert lakes[0].days(report_type.table) == days
