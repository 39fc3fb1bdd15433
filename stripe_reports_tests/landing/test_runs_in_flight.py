"""Report runs on their way: so many at a time, looked at when they are due, replaced where they are stuck."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from threading import Event, Thread

import pytest

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.errors import ReportRunError, StripeRequestError
from stripe_reports.lake import Lake
from stripe_reports.landing import Backfill, runs_in_flight
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account, StripeApi, list_report_runs
from stripe_reports_tests.landing.support import account_of, backfill, days_from, quick, run
from stripe_reports_tests.waiting import until

_BALANCE = REPORT_TYPES["balance.summary.1"]
_ACTIVITY = REPORT_TYPES["balance_change_from_activity.itemized.3"]
_DAYS = days_from(date(2025, 9, 1), 12)
_RUNS = "/v1/reporting/report_runs"
_LOOKS = ("GET", f"{_RUNS}/{{id}}")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=4) as running:
        yield running


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """In trouble that the SDK has not got over."""
    monkeypatch.setattr(runs_in_flight, "PAUSES_IN_TROUBLE", (0.05, 0.05))


class _Watch:
    """Counts, again and again, how many report runs are pending at the server."""

    def __init__(self, api: StripeApi) -> None:
        self.most = 0
        self._api = api
        self._done = Event()
        self._thread = Thread(target=self._count)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _count(self) -> None:
        while not self._done.is_set():
            pending = sum(run.status == "pending" for run in list_report_runs(self._api, created_from=0))
            self.most = max(self.most, pending)
            time.sleep(0.01)


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_runs_are_pending_than_may_be(lake: Lake, limit: int) -> None:
    with Sandbox(port=0, files_port=0, latency=0.15) as sandbox:
        account = account_of(sandbox)
        with _Watch(account.api) as watch:
            ended = backfill({_BALANCE: _DAYS}, account, lake, quick(max_runs_in_flight=limit))
    assert ended.days == _DAYS
    assert watch.most == limit


def test_runs_that_take_far_too_long_make_room_for_others(
    lake: Lake, account: Account, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_in_flight, "_SLOW_SECONDS", 0.3)
    sandbox.fault("pending", report_type=_BALANCE.id, count=2)
    asked = {_BALANCE: _DAYS[:2], _ACTIVITY: _DAYS}
    ended = backfill(asked, account, lake, quick(max_runs_in_flight=2, release_after=1.0))
    assert [day.report_type for day in ended.landed] == [_ACTIVITY] * len(_DAYS)
    assert ended.pending is not None
    assert ended.pending.days == 2


def test_runs_are_made_side_by_side_as_far_as_they_may_be(lake: Lake) -> None:
    with Sandbox(port=0, files_port=0, latency=0) as sandbox:
        sandbox.fault("pending")
        settings = quick(max_runs_in_flight=12)
        landing = Backfill({_BALANCE: _DAYS}, account=account_of(sandbox), lake=lake, settings=settings)
        next(landing.outcomes(every=0.05))
        until(lambda: sandbox.report_runs_created == 12)  # though none of them ends
        landing.stop()


def test_once_it_is_known_how_long_runs_take_they_are_looked_at_less(lake: Lake) -> None:
    with Sandbox(port=0, files_port=0, latency=0.5) as sandbox:
        one = quick(max_runs_in_flight=1, poll_initial=0.01, poll_factor=1.2)
        backfill({_BALANCE: _DAYS[:1]}, account_of(sandbox), lake, one)
        unknown = sandbox.calls[_LOOKS]
        backfill({_BALANCE: _DAYS[1:8]}, account_of(sandbox), lake, one)
        known = sandbox.calls[_LOOKS] - unknown
    assert unknown > 4
    assert known < 3 * unknown, "seven runs"


def test_a_run_that_succeeds_at_once_is_not_looked_at(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    sandbox.fault("cached")
    assert backfill({_BALANCE: _DAYS}, account, lake).days == _DAYS
    assert _LOOKS not in sandbox.calls


# Replaced


def _newest(sandbox: Sandbox) -> str:
    """The id of the report run that was made last."""
    return next(iter(list_report_runs(account_of(sandbox).api, created_from=0))).id


@pytest.mark.parametrize(
    ("kind", "why"),
    [("pending", "still pending after 0.4 s"), ("failed", "Stripe marked it failed: An internal error")],
)
def test_a_run_that_comes_to_nothing_is_replaced_with_a_warning(
    sandbox: Sandbox, account: Account, lake: Lake, kind: str, why: str
) -> None:
    sandbox.fault(kind, count=1)
    ended = backfill({_ACTIVITY: _DAYS}, account, lake, quick(stuck_after=0.4))
    assert (ended.days, ended.errors) == (_DAYS, {})
    (warning,) = ended.warnings
    assert warning.startswith(f"{_ACTIVITY.id} (report run frr_")
    assert why in warning
    assert warning.endswith("; creating a new one")
    assert sandbox.report_runs_created == 2


@pytest.mark.parametrize("kind", ["pending", "failed"])
def test_after_four_runs_the_days_fail_and_all_are_named(
    sandbox: Sandbox, account: Account, lake: Lake, kind: str
) -> None:
    sandbox.fault(kind)
    ended = backfill({_ACTIVITY: _DAYS[:3]}, account, lake, quick(stuck_after=0.2))
    runs = [run.id for run in list_report_runs(account.api, created_from=0)]
    assert len(runs) == 4
    for each in ended.failed:
        assert isinstance(each.error, ReportRunError)
        assert str(each.error).startswith(f"{_ACTIVITY.id} {each.day} (report run {runs[0]}): ")
        assert all(run in str(each.error) for run in runs)
    assert sorted(ended.errors) == _DAYS[:3]
    assert len(ended.warnings) == 3


def test_runs_that_failed_are_left_behind_by_the_next_landing(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    fault = sandbox.fault("failed", count=4)
    assert backfill({_ACTIVITY: _DAYS}, account, lake).landed == []
    assert fault.applied == 4
    ended = backfill({_ACTIVITY: _DAYS}, account_of(sandbox), lake)
    assert (ended.days, ended.warnings) == (_DAYS, [])
    assert sandbox.report_runs_created == 5


def test_runs_that_failed_in_this_materialization_before_count(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    began = time.time() - 1
    sandbox.fault("failed", count=4)
    backfill({_ACTIVITY: _DAYS}, account, lake)
    ended = backfill({_ACTIVITY: _DAYS}, account, lake, quick(made_since=began))
    assert sorted(ended.errors) == _DAYS
    assert sandbox.report_runs_created == 4, "no more than four in all"


# On the way


def test_a_lost_answer_makes_no_second_run(sandbox: Sandbox, lake: Lake) -> None:
    fault = sandbox.fault("reset", method="POST", when="after", count=3)
    ended = backfill({_BALANCE: _DAYS[:4]}, account_of(sandbox, max_network_retries=2), lake)
    assert (ended.days, fault.applied) == (_DAYS[:4], 3)
    assert sandbox.report_runs_created == 4


def test_nor_does_one_that_is_lost_beyond_the_sdks_patience(
    sandbox: Sandbox, lake: Lake, short_pauses: None
) -> None:
    fault = sandbox.fault("reset", method="POST", when="after", count=2)
    ended = backfill({_BALANCE: _DAYS[:4]}, account_of(sandbox, max_network_retries=0), lake)
    assert (ended.days, fault.applied) == (_DAYS[:4], 2)
    assert sandbox.report_runs_created == 4
    assert len(ended.warnings) == 2
    assert "no answer from" in ended.warnings[0]
    assert ended.warnings[0].endswith("; retrying in 0.05 s")


def test_looks_that_are_lost_are_repeated_and_the_run_is_kept(
    sandbox: Sandbox, lake: Lake, short_pauses: None
) -> None:
    sandbox.fault("status", method="GET", path="*/report_runs/*", code=503, count=2)
    ended = backfill({_ACTIVITY: _DAYS}, account_of(sandbox, max_network_retries=0), lake)
    assert (ended.days, len(ended.warnings)) == (_DAYS, 2)
    assert sandbox.report_runs_created == 1


def test_trouble_that_lasts_fails_after_bounded_attempts(
    sandbox: Sandbox, lake: Lake, short_pauses: None
) -> None:
    sandbox.fault("status", method="GET", path="*/report_runs/*", code=503)
    ended = backfill({_ACTIVITY: _DAYS}, account_of(sandbox, max_network_retries=0), lake)
    (run,) = list_report_runs(account_of(sandbox).api, created_from=0)
    assert sorted(ended.errors) == _DAYS
    for each in ended.failed:
        assert isinstance(each.error, StripeRequestError)
        assert str(each.error).startswith(
            f"{_ACTIVITY.id} {each.day} (report run {run.id}): Stripe is unavailable"
        )
    assert sandbox.calls[_LOOKS] == 3


def test_a_run_that_stripe_has_lost_is_replaced(sandbox: Sandbox, lake: Lake, short_pauses: None) -> None:
    sandbox.fault("status", method="GET", path="*/report_runs/*", code=404, count=3)
    ended = backfill({_ACTIVITY: _DAYS}, account_of(sandbox, max_network_retries=0), lake)
    assert (ended.days, ended.errors) == (_DAYS, {})
    *looks, lost = ended.warnings
    assert [text.endswith("; retrying in 0.05 s") for text in looks] == [True, True]
    assert lost.endswith("Stripe does not know this report run any more (404); creating a new one")
    assert sandbox.report_runs_created == 2
    assert ended.runs == {_newest(sandbox)}


def test_a_run_that_is_late_to_be_known_is_kept(sandbox: Sandbox, lake: Lake, short_pauses: None) -> None:
    sandbox.fault("status", method="GET", path="*/report_runs/*", code=404, count=2)
    ended = backfill({_ACTIVITY: _DAYS}, account_of(sandbox, max_network_retries=0), lake)
    assert (ended.days, sandbox.report_runs_created) == (_DAYS, 1)


def test_where_all_are_lost_the_days_fail_and_it_ends(
    sandbox: Sandbox, lake: Lake, short_pauses: None
) -> None:
    sandbox.fault("status", method="GET", path="*/report_runs/*", code=404)
    ended = backfill({_ACTIVITY: _DAYS[:2]}, account_of(sandbox, max_network_retries=0), lake)
    assert sorted(ended.errors) == _DAYS[:2]
    assert all("does not know this report run any more (404); before it" in e for e in ended.errors.values())
    assert sandbox.report_runs_created == 4


# Beginning


@pytest.mark.parametrize("path", ["*/report_types", "*/account"])
def test_a_report_type_begins_late_where_the_account_cannot_be_asked_for_a_while(
    sandbox: Sandbox, lake: Lake, no_pauses: None, path: str
) -> None:
    fault = sandbox.fault("status", method="GET", path=path, code=503, body="html", count=3)
    ended = backfill({_ACTIVITY: _DAYS, _BALANCE: _DAYS}, account_of(sandbox, max_network_retries=0), lake)
    assert (len(ended.landed), ended.errors, fault.applied) == (24, {}, 3)


def test_it_fails_after_bounded_attempts_and_holds_up_no_other(
    sandbox: Sandbox, lake: Lake, no_pauses: None
) -> None:
    unlisted = replace(_ACTIVITY, id="brand_new.1")
    fault = sandbox.fault("status", method="GET", path="*/report_types/*", code=503)
    ended = backfill({unlisted: _DAYS, _BALANCE: _DAYS}, account_of(sandbox, max_network_retries=0), lake)
    assert {each.report_type for each in ended.landed} == {_BALANCE}
    assert (len(ended.landed), len(ended.failed), fault.applied) == (12, 12, 5)
    assert all(isinstance(each.error, StripeRequestError) for each in ended.failed)


def test_too_fast_slows_all_calls_down_and_everything_lands(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    sandbox.fault(
        "status", code=429, error_code="rate_limit", retry_after=0.1, count=20, path="*/report_runs*"
    )
    slowed = Backfill({_BALANCE: _DAYS}, account=account, lake=lake, settings=quick(max_runs_in_flight=12))
    assert run(slowed).days == _DAYS
    assert sandbox.report_runs_created == 12
    assert slowed.progress.slowest_calls_per_second <= 500
    assert " (at its lowest " in str(slowed.progress)
