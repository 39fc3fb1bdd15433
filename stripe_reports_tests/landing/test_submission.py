"""Report runs are made without waiting for them, and are those that landing the same days uses."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stripe_reports.catalog import REPORT_TYPES, ReportType, newest_complete_day
from stripe_reports.errors import DataNotAvailableError, LakeError, StripeRequestError
from stripe_reports.lake import Lake
from stripe_reports.landing import (
    LandingSettings,
    LeftToLanding,
    NotSubmitted,
    ReportRequest,
    Submission,
    SubmittedRun,
    submission,
    submit,
)
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account
from stripe_reports_tests.landing.report_runs import RUNS, made, refused
from stripe_reports_tests.landing.support import account_of, backfill, days_from, quick
from stripe_reports_tests.scripted_server import Answer, ScriptedServer

_BALANCE = REPORT_TYPES["balance.summary.1"]
_PAYOUTS = REPORT_TYPES["payouts.itemized.3"]
_SNAPSHOT = REPORT_TYPES["ending_balance_reconciliation.itemized.4"]
_BY_PAYOUT = REPORT_TYPES["payout_reconciliation.by_id.itemized.4"]
_DAYS = days_from(date(2025, 8, 30), 4)
"""In two months."""


@pytest.fixture
def own_sandbox() -> Any:
    with Sandbox(port=0, files_port=0, latency=0.05) as running:
        yield running


def _submit(
    asked: Mapping[ReportType, Sequence[date]],
    account: Account,
    lake: Lake,
    settings: LandingSettings | None = None,
    **more: Any,
) -> list[Submission]:
    return list(submit(asked, account=account, lake=lake, settings=settings or quick(), **more))


def _runs(told: Sequence[Submission]) -> dict[tuple[str, tuple[date, ...]], str]:
    assert all(isinstance(each, SubmittedRun) for each in told), told
    return {
        (each.report_type.id, each.days): each.report_run for each in told if isinstance(each, SubmittedRun)
    }


@pytest.mark.parametrize("timezone", ["UTC", "America/New_York"])
@pytest.mark.parametrize("range_runs", [True, False])
def test_landing_the_same_days_uses_just_these_runs(
    own_sandbox: Sandbox, lake: Lake, timezone: str, range_runs: bool
) -> None:
    settings = quick(range_runs=range_runs)
    requests = {_PAYOUTS.id: ReportRequest(columns=["payout_id", "net", "effective_at", "effective_at_utc"])}
    more: dict[str, Any] = {"timezone": timezone, "requests": requests}
    asked = {_BALANCE: _DAYS, _PAYOUTS: list(reversed(_DAYS)), _SNAPSHOT: _DAYS[:1]}
    runs = _runs(_submit(asked, account_of(own_sandbox), lake, settings, **more))
    assert own_sandbox.report_runs_created == len(runs) == (7 if range_runs else 9)
    ended = backfill(asked, account_of(own_sandbox), lake, settings, **more)
    assert len(ended.landed) == 9
    assert ended.runs == set(runs.values())
    assert all(day.adopted for day in ended.landed)
    assert own_sandbox.report_runs_created == len(runs), "no second run"


def test_it_does_not_wait_and_is_not_bound_by_how_many_may_be_pending(
    own_sandbox: Sandbox, lake: Lake
) -> None:
    own_sandbox.fault("pending")
    told = _submit({_BALANCE: _DAYS}, account_of(own_sandbox), lake, quick(max_runs_in_flight=1))
    assert len(_runs(told)) == len(_DAYS)
    assert not any(path.endswith("{id}") for _, path in own_sandbox.calls), "nothing is looked at again"


def test_what_was_submitted_before_is_found_and_not_made_again(own_sandbox: Sandbox, lake: Lake) -> None:
    first = _submit({_BALANCE: _DAYS}, account_of(own_sandbox), lake)
    again = _submit({_BALANCE: _DAYS}, account_of(own_sandbox), lake)
    assert _runs(first) == _runs(again)
    assert {each.adopted for each in first if isinstance(each, SubmittedRun)} == {False}
    assert {each.adopted for each in again if isinstance(each, SubmittedRun)} == {True}
    assert own_sandbox.report_runs_created == len(_DAYS)
    assert own_sandbox.calls["GET", RUNS] == 2, "one listing for all"


def test_where_no_run_may_be_used_again_each_time_has_its_own(own_sandbox: Sandbox, lake: Lake) -> None:
    for _ in range(2):
        _submit({_BALANCE: _DAYS[:1]}, account_of(own_sandbox), lake, quick(adopt_within=0))
    assert own_sandbox.report_runs_created == 2


def test_reports_on_single_payouts_are_left_to_landing(own_sandbox: Sandbox, lake: Lake) -> None:
    twice = [*reversed(_DAYS), *_DAYS]
    left, submitted = _submit({_BY_PAYOUT: twice, _BALANCE: _DAYS[:1]}, account_of(own_sandbox), lake)
    assert left == LeftToLanding(_BY_PAYOUT, tuple(_DAYS))
    assert isinstance(submitted, SubmittedRun)
    assert own_sandbox.report_runs_created == 1


def test_no_run_is_made_before_stripe_has_the_data(own_sandbox: Sandbox, lake: Lake) -> None:
    newest = newest_complete_day(datetime.now(UTC))
    days = [newest, newest + timedelta(days=1)]
    too_early, submitted = _submit({_BALANCE: days}, account_of(own_sandbox), lake)
    assert isinstance(too_early, NotSubmitted)
    assert isinstance(too_early.error, DataNotAvailableError)
    assert str(too_early.error).startswith(f"balance.summary.1 {days[1]}: Stripe has data through ")
    assert isinstance(submitted, SubmittedRun)
    assert submitted.days == (newest,)
    assert own_sandbox.report_runs_created == 1


def test_a_report_that_is_refused_does_not_keep_others_from_being_submitted(
    own_sandbox: Sandbox, lake: Lake
) -> None:
    own_sandbox.fault("status", code=400, method="POST", report_type="payouts.*")
    told = _submit({_PAYOUTS: _DAYS[2:], _BALANCE: _DAYS[2:]}, account_of(own_sandbox), lake)
    (failed,) = [each for each in told if isinstance(each, NotSubmitted)]
    assert (failed.report_type, failed.days) == (_PAYOUTS, tuple(_DAYS[2:]))
    assert isinstance(failed.error, StripeRequestError)
    assert str(failed.error).startswith("payouts.itemized.3: Stripe refused the request")
    assert len([each for each in told if isinstance(each, SubmittedRun)]) == 2


@pytest.mark.parametrize("path", ["*/report_types", "*/report_runs"])
def test_trouble_that_passes_is_waited_for(
    own_sandbox: Sandbox, lake: Lake, no_pauses: None, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(submission, "PAUSES_IN_TROUBLE", (0.05, 0.05))
    fault = own_sandbox.fault("status", code=503, body="html", path=path, count=2)
    told = _submit({_BALANCE: _DAYS[:1]}, account_of(own_sandbox, max_network_retries=0), lake)
    assert [type(each) for each in told] == [SubmittedRun]
    assert fault.applied == 2
    own_sandbox.fault("status", code=503, path=path)
    (failed,) = _submit({_BALANCE: _DAYS[1:2]}, account_of(own_sandbox, max_network_retries=0), lake)
    assert isinstance(failed, NotSubmitted)


def test_a_report_that_the_account_does_not_have_is_told(own_sandbox: Sandbox, lake: Lake) -> None:
    fees = REPORT_TYPES["all_fees.incurred_at.itemized.2"]
    failed, submitted = _submit({fees: _DAYS, _BALANCE: _DAYS[:1]}, account_of(own_sandbox), lake)
    assert isinstance(failed, NotSubmitted)
    assert failed.days == tuple(_DAYS)
    assert "requires a live mode key" in str(failed.error)
    assert isinstance(submitted, SubmittedRun)


def test_nothing_is_submitted_for_a_lake_of_another_account(
    own_sandbox: Sandbox, lake: Lake, tmp_path: Path
) -> None:
    lake.claim(livemode=True, account=None)
    (failed,) = _submit({_BALANCE: _DAYS}, account_of(own_sandbox), lake)
    assert isinstance(failed, NotSubmitted)
    assert isinstance(failed.error, LakeError)
    assert own_sandbox.report_runs_created == 0


def _listed(report_type: ReportType) -> dict[str, Any]:
    told = {
        "object": "reporting.report_type", "id": report_type.id, "livemode": False, "name": "",
        "data_available_start": 0, "data_available_end": int(time.time()), "updated": int(time.time()),
        "default_columns": list(report_type.columns),
    }  # fmt: skip
    return {"object": "list", "url": "/v1/reporting/report_types", "has_more": False, "data": [told]}


def test_a_range_that_is_refused_is_asked_for_day_by_day(server: ScriptedServer, lake: Lake) -> None:
    server.answers("GET", "/v1/reporting/report_types", Answer(_listed(_PAYOUTS)))
    server.answers("GET", RUNS, Answer({"object": "list", "url": RUNS, "has_more": False, "data": []}))
    too_long = refused("The interval is too long.", "parameters[interval_end]")
    server.answers("POST", RUNS, too_long, made("frr_1"), too_long)
    sandbox = Sandbox(port=0, files_port=0)
    account = account_of(sandbox, api_base=server.base, max_network_retries=0)
    submitted, failed = _submit({_PAYOUTS: _DAYS[2:]}, account, lake)
    assert isinstance(submitted, SubmittedRun)
    assert (submitted.days, submitted.report_run) == ((_DAYS[2],), "frr_1")
    assert isinstance(failed, NotSubmitted)
    assert str(failed.error).startswith(f"payouts.itemized.3 {_DAYS[3]}: Stripe refused the request")


def test_without_days_nothing_is_asked(own_sandbox: Sandbox, lake: Lake) -> None:
    assert _submit({_BALANCE: []}, account_of(own_sandbox), lake) == []
    assert own_sandbox.calls == {}


def test_what_is_odd_is_told_in_a_line(own_sandbox: Sandbox, lake: Lake) -> None:
    own_sandbox.fault("status", code=403, method="GET", path="/v1/reporting/report_runs")
    lines: list[str] = []
    _submit({_BALANCE: _DAYS[:1]}, account_of(own_sandbox), lake, warn=lines.append)
    (line,) = lines
    assert line.startswith("could not list existing report runs; creating new ones: ")
    assert own_sandbox.report_runs_created == 1
