"""A report run whose file did not fit is not used again: materializing the day again is the way out."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.errors import CsvError
from stripe_reports.lake import Lake
from stripe_reports.landing import refused_runs
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account, list_report_runs
from stripe_reports_tests.landing.scripted_stripe import CSV, ScriptedStripe
from stripe_reports_tests.landing.support import Ended, account_of, backfill, days_from, quick
from stripe_reports_tests.scripted_server import Answer

_BALANCE = REPORT_TYPES["balance.summary.1"]
_ACTIVITY = REPORT_TYPES["balance_change_from_activity.itemized.3"]
_BY_PAYOUT = REPORT_TYPES["payout_reconciliation.by_id.itemized.4"]
_DAY = date(2025, 9, 2)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=4) as running:
        yield running


def _land(sandbox: Sandbox, lake: Lake, report_type: Any = _BALANCE, **settings: Any) -> Ended:
    return backfill({report_type: [_DAY]}, account_of(sandbox), lake, quick(**settings))


def _refused_run(ended: Ended) -> str:
    (failed,) = ended.failed
    assert isinstance(failed.error, CsvError)
    assert failed.error.report_run
    return failed.error.report_run


@pytest.mark.parametrize(("report_type", "column"), [(_BALANCE, "net_amount"), (_ACTIVITY, "net")])
def test_the_next_materialization_lands_from_a_new_report_run(
    sandbox: Sandbox, lake: Lake, report_type: Any, column: str
) -> None:
    sandbox.fault("missing_column", column=column, count=1)
    first = _land(sandbox, lake, report_type)
    assert first.errors[_DAY].endswith(
        "; this report run is not used again: materialize the day again for a new one"
    )
    second = _land(sandbox, lake, report_type)
    assert second.days == [_DAY]
    assert _refused_run(first) not in second.runs
    assert sandbox.report_runs_created == 2
    third = _land(sandbox, lake, report_type)
    assert (third.runs, third.unchanged) == (second.runs, 1), "the one that fits is adopted"


def test_if_the_new_file_does_not_fit_either_both_are_named_with_the_way_out(
    sandbox: Sandbox, lake: Lake
) -> None:
    sandbox.fault("unfit", value="n/a")
    runs = [_refused_run(ended := _land(sandbox, lake)) for _ in range(3)]
    assert len(set(runs)) == 3, "each materialization creates one"
    text = ended.errors[_DAY]
    assert text.startswith(f"{_BALANCE.id} {_DAY} (report run {runs[2]}): line ")
    assert f"before it, the file of report run {runs[1]} was refused (line " in text
    assert "set force_new_report_run, name missing columns in optional_columns, or report this error" in text
    assert text.count("force_new_report_run") == 1


def test_where_stripe_replays_a_refused_run_the_next_number_is_asked_for(
    stripe: ScriptedStripe, lake: Lake
) -> None:
    """No list of runs tells of it: it is known from the lake only."""
    stripe.has(Answer(CSV.replace(b"1.50", b"n/a.")), Answer(CSV))
    first = backfill({_BALANCE: [_DAY]}, stripe.account, lake)
    second = backfill({_BALANCE: [_DAY]}, stripe.account, lake)
    assert (_refused_run(first), second.runs) == ("frr_1", {"frr_2"})


def test_another_version_of_this_package_tries_the_same_run(
    sandbox: Sandbox, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = sandbox.fault("unfit")
    run = _refused_run(_land(sandbox, lake))
    assert _refused_run(_land(sandbox, lake)) != run
    assert fault.applied == 2
    monkeypatch.setattr(refused_runs, "__version__", "99.0")
    again = _refused_run(_land(sandbox, lake))
    assert sandbox.report_runs_created == 2, "one of those is adopted"
    assert again in {each.id for each in list_report_runs(account_of(sandbox).api, created_from=0)}


def test_refusals_are_few_and_are_forgotten(lake: Lake, account: Account) -> None:
    path = Path(lake.root) / "_refused" / f"{_BALANCE.table}.json"
    warnings: list[str] = []

    def known() -> frozenset[str]:
        return refused_runs.RefusedRuns(lake, warnings.append, account.api.redact).ids(_BALANCE)

    assert known() == frozenset()
    own = refused_runs.RefusedRuns(lake, warnings.append, account.api.redact)
    for number in range(refused_runs._MOST_REMEMBERED + 1):
        if number in (0, 1, refused_runs._MOST_REMEMBERED):
            own.add(_BALANCE, _DAY, f"frr_{number}", "line 2: no")
    assert known() == {"frr_0", "frr_1", f"frr_{refused_runs._MOST_REMEMBERED}"}
    kept = json.loads(path.read_bytes())["refused"]
    path.write_text(json.dumps({"refused": [kept[0]] * (refused_runs._MOST_REMEMBERED + 7)}))
    own.add(_BALANCE, _DAY, "frr_new", "line 2: no")
    assert len(json.loads(path.read_bytes())["refused"]) == refused_runs._MOST_REMEMBERED
    path.write_text(json.dumps({"refused": [kept[0] | {"refused_at": time.time() - 31 * 86400}]}))
    assert known() == frozenset()
    path.write_text("{")
    assert known() == frozenset()
    assert warnings == []


def test_where_the_lake_cannot_keep_refusals_there_is_a_warning_and_the_error_stays(
    sandbox: Sandbox, lake: Lake
) -> None:
    sandbox.fault("unfit")
    Path(lake.root).mkdir(exist_ok=True)
    (Path(lake.root) / "_refused").write_text("a file where a folder belongs")
    ended = _land(sandbox, lake)
    assert isinstance(ended.failed[0].error, CsvError)
    assert any("could not note that its file was refused" in text for text in ended.warnings)


def test_a_range_whose_days_land_one_by_one_stays_adoptable(sandbox: Sandbox, lake: Lake) -> None:
    days = days_from(_DAY, 3)
    sandbox.fault("missing_column", column="net", count=1)
    first = backfill({_ACTIVITY: days}, account_of(sandbox), lake)
    assert first.days == days
    assert [text.endswith("; retrying the days one by one") for text in first.warnings] == [True]
    made = sandbox.report_runs_created
    second = backfill({_ACTIVITY: days}, account_of(sandbox), lake)
    assert (second.days, sandbox.report_runs_created) == (days, made)


def test_a_list_of_payouts_that_is_none_is_refused_as_well(sandbox: Sandbox, lake: Lake) -> None:
    sandbox.fault("missing_column", report_type="payouts.itemized.3", column="payout_id", count=1)
    first = _land(sandbox, lake, _BY_PAYOUT)
    assert "the list of the day's payouts lacks payout_id" in first.errors[_DAY]
    assert _refused_run(first)
    assert _land(sandbox, lake, _BY_PAYOUT).days == [_DAY]
