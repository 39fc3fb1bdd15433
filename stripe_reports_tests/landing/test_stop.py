"""Landing ends when nobody waits any more, and goes on from there the next time."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.errors import ReportRunError
from stripe_reports.lake import Lake
from stripe_reports.landing import Backfill, FailedDay, LandedDay, StillPending, land_day
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account, list_report_runs, retrieve_report_run
from stripe_reports_tests.landing.support import account_of, backfill, days_from, files_of, quick
from stripe_reports_tests.waiting import PATIENCE, until

_ACTIVITY = REPORT_TYPES["balance_change_from_activity.itemized.3"]
_BALANCE = REPORT_TYPES["balance.summary.1"]
_DAYS = days_from(date(2025, 9, 1), 6)
_CONTENTS = ("GET", "/v1/files/{id}/contents")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=8) as running:
        yield running


def test_a_download_that_hangs_does_not_keep_it_and_leaves_nothing_torn(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    sandbox.fault("slow", report_type=_ACTIVITY.id, bytes_per_second=1)  # for an hour
    landing = Backfill({_ACTIVITY: _DAYS, _BALANCE: _DAYS}, account=account, lake=lake, settings=quick())
    outcomes = landing.outcomes()
    told = [next(outcomes) for _ in _DAYS]
    assert all(isinstance(each, LandedDay) and each.report_type is _BALANCE for each in told)
    until(lambda: sandbox.calls.get(_CONTENTS, 0) == 7)
    began = time.monotonic()
    landing.stop()
    assert time.monotonic() - began < 60
    assert lake.tables() == [_BALANCE.table], "of the report that hung there is nothing"
    assert len(files_of(lake)) == 6, "and nothing but whole tables"

    sandbox.clear_faults()
    runs, before = sandbox.report_runs_created, files_of(lake)
    ended = backfill({_ACTIVITY: _DAYS, _BALANCE: _DAYS}, account_of(sandbox), lake)
    assert (len(ended.landed), ended.unchanged) == (12, 6)
    assert sandbox.report_runs_created == runs, "the run that hung is used"
    assert {name: file for name, file in files_of(lake).items() if name in before} == before


def test_a_table_that_is_being_written_is_dropped(
    sandbox: Sandbox, account: Account, lake: Lake, tmp_path: Path
) -> None:
    elsewhere = backfill({_ACTIVITY: _DAYS}, account, Lake.open(str(tmp_path / "elsewhere")))
    sandbox.fault("slow", bytes_per_second=elsewhere.landed[0].results[0].size)  # the whole within a second
    landing = Backfill({_ACTIVITY: _DAYS}, account=account, lake=lake, settings=quick())
    next(landing.outcomes(every=0.05))
    until(lambda: sandbox.calls.get(_CONTENTS, 0) == 2)
    assert landing.stop() == []
    assert lake.tables() == []
    assert not [path for path in Path(lake.root).rglob("*") if path.suffix in (".parquet", ".zst")]
    assert not list(Path(lake.root).glob("_unfinished/*")), "nor is anything left behind"


def test_while_runs_are_pending_it_stops_at_once(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    sandbox.fault("pending", report_type=_ACTIVITY.id)
    landing = Backfill({_ACTIVITY: _DAYS, _BALANCE: _DAYS[:1]}, account=account, lake=lake, settings=quick())
    outcomes = landing.outcomes()
    next(outcomes)
    until(lambda: sandbox.report_runs_created == 2)
    began = time.monotonic()
    assert landing.stop() == []
    assert time.monotonic() - began < 60, "they are pending for ever"
    time.sleep(0.3)  # for a call that was on its way
    calls = sandbox.calls
    time.sleep(1)
    assert sandbox.calls == calls, "nor is anything asked any more"
    assert list(outcomes) == []


def test_what_has_landed_and_was_not_told_of_is_handed_out_at_the_end(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    sandbox.fault("pending", report_type=_ACTIVITY.id)
    landing = Backfill({_ACTIVITY: _DAYS, _BALANCE: _DAYS}, account=account, lake=lake, settings=quick())
    told = [next(landing.outcomes())]
    until(lambda: len(files_of(lake)) == 6)
    time.sleep(0.2)
    told += landing.stop()
    assert sorted(each.day for each in told if isinstance(each, LandedDay)) == _DAYS
    assert landing.stop() == [], "once"
    assert landing.progress.landed == 6


def test_one_that_has_not_begun_makes_no_call(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    landing = Backfill({_ACTIVITY: _DAYS}, account=account, lake=lake)
    assert landing.stop() == []
    assert list(landing.outcomes()) == []
    time.sleep(0.3)
    assert dict(sandbox.calls) == {}


def test_a_process_ends_although_a_download_hangs(sandbox: Sandbox, lake: Lake) -> None:
    sandbox.fault("slow", report_type=_ACTIVITY.id, bytes_per_second=1)  # for longer than a test may take
    code = (
        "import datetime; from stripe_reports.catalog import REPORT_TYPES;"
        "from stripe_reports.lake import Lake; from stripe_reports.landing import Backfill;"
        "from stripe_reports.stripe_api import Account, StripeApi;"
        f"api = StripeApi({sandbox.key!r}, api_base={sandbox.api_base!r}, files_base={sandbox.files_base!r});"
        f"types = [REPORT_TYPES[id_] for id_ in ({_ACTIVITY.id!r}, {_BALANCE.id!r})];"
        "asked = {each: [datetime.date(2025, 9, 1)] for each in types};"
        f"landing = Backfill(asked, account=Account(api), lake=Lake.open({lake.root!r}));"
        "print(next(landing.outcomes()).report_type.id)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{_BALANCE.id}\n", "")


# Released


def test_with_nothing_but_pending_runs_it_makes_room_and_goes_on_with_them_later(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    sandbox.fault("pending", report_type=_ACTIVITY.id, seconds=6)
    asked = {_ACTIVITY: _DAYS, _BALANCE: _DAYS}
    first = backfill(asked, account, lake, quick(release_after=0.3))
    (run,) = (
        run.id for run in list_report_runs(account.api, created_from=0) if run.report_type == _ACTIVITY.id
    )
    assert first.pending == StillPending(days=6, report_runs=(run,))
    assert (first.days, first.failed) == (_DAYS, []), "those that were not pending"
    until(lambda: retrieve_report_run(account.api, run).status != "pending")
    second = backfill(asked, account_of(sandbox), lake, quick(release_after=5))
    assert (second.pending, len(second.landed), second.unchanged) == (None, 12, 6)
    assert sandbox.report_runs_created == 7


def test_runs_for_which_there_is_no_room_are_not_waited_for(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    sandbox.fault("pending")
    ended = backfill({_BALANCE: _DAYS}, account, lake, quick(release_after=0.3, max_runs_in_flight=2))
    assert ended.pending
    assert (ended.pending.days, len(ended.pending.report_runs)) == (6, 2)
    assert sandbox.report_runs_created == 2


def test_what_has_failed_is_told_before_room_is_made(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    sandbox.fault("failed", report_type=_BALANCE.id)
    sandbox.fault("pending", report_type=_ACTIVITY.id, seconds=6)
    asked = {_ACTIVITY: _DAYS, _BALANCE: _DAYS[:1]}
    ended = backfill(asked, account, lake, quick(release_after=4))
    assert (ended.days, sorted(ended.errors), ended.pending) == (_DAYS, _DAYS[:1], None)


def test_a_single_day_that_stays_pending_says_so(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    sandbox.fault("pending")
    with pytest.raises(ReportRunError, match="still pending; land the day again later") as error:
        land_day(_BALANCE, _DAYS[0], account=account, lake=lake, settings=quick(release_after=0.2))
    (run,) = list_report_runs(account.api, created_from=0)
    assert str(error.value).startswith(f"{_BALANCE.id} {_DAYS[0]} (report run {run.id}): ")


def test_a_backfill_that_ended_tells_nothing_more(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    landing = Backfill({_BALANCE: _DAYS}, account=account, lake=lake, settings=quick())
    first = list(landing.outcomes())
    assert len(first) == 6
    assert not any(isinstance(each, FailedDay) for each in first)
    assert list(landing.outcomes()) == []
    assert landing.stop() == []
