"""An unexpected exception fails the days of one report run, and no others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.errors import ConfigurationError, LakeError, UnexpectedError
from stripe_reports.lake import Lake
from stripe_reports.landing import Backfill, FailedDay, NotSubmitted, SubmittedRun, failure_lines, submit
from stripe_reports.landing.landings import Landings
from stripe_reports.landing.runs_in_flight import RunsInFlight
from stripe_reports.landing.stretch import Stretch
from stripe_reports.landing.unexpected import error_of
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account, StripeApi
from stripe_reports.stripe_api.rate_limit import RateLimit
from stripe_reports_tests.landing.support import backfill, days_from, fresh, quick, run

_BALANCE = REPORT_TYPES["balance.summary.1"]
_ACTIVITY = REPORT_TYPES["balance_change_from_activity.itemized.3"]
_PAYOUTS = REPORT_TYPES["payouts.summary.1"]
_BY_PAYOUT = REPORT_TYPES["payout_reconciliation.by_id.itemized.4"]
_DAYS = days_from(date(2025, 9, 2), 2)
_ASKED = {_BALANCE: _DAYS, _PAYOUTS: _DAYS, _ACTIVITY: _DAYS}
_SETTINGS = {"range_runs": False, "max_runs_in_flight": 6}


class _Bug(Exception):
    """What no code catches by its name."""


class PanicException(BaseException):
    """As a library in Rust raises it."""


class _Trap:
    """Raises in the call of that number, and in no other."""

    def __init__(self, number: int | None = None, bug: Callable[[], BaseException] = lambda: _Bug("boo")):
        self.calls: list[str] = []
        self._number = number
        self._bug = bug
        self._lock = threading.Lock()

    def step(self, name: str) -> None:
        with self._lock:
            self.calls.append(name)
            is_it = len(self.calls) - 1 == self._number
        if is_it:
            raise self._bug()


class _TrappedApi(StripeApi):
    """Every call to Stripe, and every download, goes through the trap first."""

    trap: _Trap

    def call(self, request: Any) -> Any:
        self.trap.step("call")
        return super().call(request)

    @cached_property
    def files_limit(self) -> RateLimit:
        limit, trap = super().files_limit, self.trap

        class Trapped:
            def __getattr__(self, name: str) -> Any:
                return getattr(limit, name)

            def wait(self) -> None:
                trap.step("download")
                limit.wait()

        return cast("RateLimit", Trapped())


class _TrappedLake:
    """Every method of the lake, and of its parts, goes through the trap first."""

    def __init__(self, of: Any, trap: _Trap, name: str = "") -> None:
        self._of, self._trap, self._name = of, trap, name

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._of, name)
        if name in ("replaced", "documents"):
            return _TrappedLake(value, self._trap, f"{name}.")
        if not callable(value):
            return value

        def call(*given: Any, **more: Any) -> Any:
            self._trap.step(self._name + name)
            return value(*given, **more)

        return call


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=4) as running:
        yield running


def _trapped_account(sandbox: Sandbox, trap: _Trap) -> Account:
    api = _TrappedApi(
        sandbox.key, api_base=sandbox.api_base, files_base=sandbox.files_base, calls_per_second=1000
    )
    object.__setattr__(api, "trap", trap)
    return Account(api)


def _trapped_lake(root: str, trap: _Trap) -> Lake:
    return cast("Lake", _TrappedLake(Lake.open(root), trap))


def _lines(failed: Any) -> list[str]:
    return failure_lines(each for each in failed if isinstance(each, FailedDay))


def test_whatever_call_to_stripe_raises_fails_one_stretch_and_no_other(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    counted = _Trap()
    whole = backfill(
        _ASKED, _trapped_account(sandbox, counted), Lake.open(str(tmp_path / "x")), fresh(**_SETTINGS)
    )
    assert (len(whole.landed), whole.failed) == (6, [])
    assert counted.calls.count("download") == 6
    assert len(counted.calls) >= 6 + 6 + 3, "downloads; report runs; report types, account, list"
    for number, name in enumerate(counted.calls):
        trap = _Trap(number)
        lake = Lake.open(str(tmp_path / str(number)))
        ended = backfill(_ASKED, _trapped_account(sandbox, trap), lake, fresh(**_SETTINGS))
        assert len(ended.landed) + len(ended.failed) == 6, (number, name)
        assert len(_lines(ended.failed)) <= 1, "one stretch, or one report type that could not begin"
        assert len({(each.report_type, each.day) for each in ended.landed}) == len(ended.landed)
        for each in ended.failed:
            assert isinstance(each.error, UnexpectedError)
            assert str(each.error).startswith(f"{each.report_type.id} {each.day}")
            assert "unexpected _Bug: boo (stripe_reports " in str(each.error)
            assert "test_unexpected" not in str(each.error), "our own code is named"
            assert "raise self._bug()" in each.error.trace
            assert isinstance(each.error.__cause__, _Bug)
        if not ended.failed:
            assert any("_Bug" in text for text in ended.warnings), "existing runs could not be listed"


@pytest.mark.slow
def test_whatever_the_lake_raises_fails_one_stretch_or_is_a_warning_of_a_day_that_landed(
    sandbox: Sandbox, account: Account, tmp_path: Path
) -> None:
    counted = _Trap()
    before = str(tmp_path / "before")
    backfill(_ASKED, account, Lake.open(before), quick(**_SETTINGS))
    sandbox.fault("restated", day=str(_DAYS[0]))
    backfill(_ASKED, account, _trapped_lake(before, counted), fresh(**_SETTINGS))
    assert {"claim", "landed", "land", "totals", "replaced.copy", "replaced.difference"} <= set(counted.calls)
    landed_all_the_same = {"totals", "replaced.copy", "replaced.difference", "documents.read"}
    for number in range(len(counted.calls)):
        trap = _Trap(number)
        lake = _trapped_lake(before, trap)
        ended = backfill(_ASKED, account, lake, fresh(**_SETTINGS))
        name = trap.calls[number]
        lost = 0 if name in landed_all_the_same else 2 if name == "claim" else 1
        assert (len(ended.landed), len(ended.failed)) == (6 - lost, lost), name
        assert len(_lines(ended.failed)) <= 1
        for each in ended.failed:
            assert isinstance(each.error, UnexpectedError)
        if not lost:
            assert any("unexpected _Bug: boo" in text for text in ended.warnings), name


def test_of_days_that_share_a_report_run_those_land_that_can(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    days = days_from(date(2025, 9, 1), 9)

    class Broken(Lake):
        def land_days(self, *_: Any, **__: Any) -> Any:
            raise _Bug("boo")

        def land(self, report_type: Any, day: date, *given: Any, **more: Any) -> Any:
            if day == days[3]:
                raise pa.lib.ArrowMemoryError("malloc of size 64 failed")
            return super().land(report_type, day, *given, **more)

    ended = backfill({_ACTIVITY: days}, account, Broken.open(lake.root))
    assert ended.days == [day for day in days if day != days[3]]
    assert list(ended.errors) == [days[3]]
    assert "out of memory (ArrowMemoryError: malloc of size 64 failed" in ended.errors[days[3]]
    assert "give the process more memory" in ended.errors[days[3]]
    assert any(text.endswith("; retrying the days one by one") for text in ended.warnings)


@pytest.mark.parametrize("where", ["answered", "learned", "instead", "opened"])
def test_the_coordination_survives_what_its_own_steps_raise(
    sandbox: Sandbox, account: Account, lake: Lake, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    trap = _Trap(0)
    owner: type
    owner, name = {
        "answered": (RunsInFlight, "_count"),
        "learned": (RunsInFlight, "_learn"),
        "instead": (Stretch, "instead"),
        "opened": (Stretch, "wanted_run"),
    }[where]
    own = getattr(owner, name)

    def trapped(self: Any, *given: Any) -> Any:
        trap.step(name)
        return own(self, *given)

    monkeypatch.setattr(owner, name, trapped)
    if where == "instead":
        sandbox.fault("failed", report_type=_BALANCE.id)
    ended = backfill(_ASKED, account, lake, fresh(**_SETTINGS))
    assert trap.calls
    assert len(ended.landed) == (4 if where == "instead" else 5)
    assert sum(isinstance(each.error, UnexpectedError) for each in ended.failed) == 1


def test_even_where_the_coordination_itself_breaks_every_day_is_accounted_for(
    sandbox: Sandbox, account: Account, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise _Bug("boo")

    monkeypatch.setattr(Landings, "land", broken)
    ended = backfill(_ASKED, account, lake)
    assert len(ended.failed) == 6
    assert len(_lines(ended.failed)) == 3, "one for each report type"


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_process_is_raised(
    sandbox: Sandbox, account: Account, lake: Lake, raised: type[BaseException]
) -> None:
    class Broken(Lake):
        def land(self, *_: Any, **__: Any) -> Any:
            raise raised

    with pytest.raises(raised):
        run(Backfill({_BALANCE: _DAYS}, account=account, lake=Broken.open(lake.root), settings=quick()))


def test_a_panic_in_rust_code_ends_nothing_else(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    counted = _Trap()
    backfill({_BALANCE: _DAYS}, account, _trapped_lake(f"{lake.root}-counted", counted), quick(**_SETTINGS))
    trap = _Trap(counted.calls.index("land"), lambda: PanicException("index out of bounds"))
    ended = backfill({_BALANCE: _DAYS}, account, _trapped_lake(lake.root, trap), quick(**_SETTINGS))
    assert (len(ended.landed), len(ended.failed)) == (1, 1)
    assert "unexpected PanicException: index out of bounds" in str(ended.failed[0].error)


def test_the_days_of_payouts_fail_alone_too(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    class Broken(Lake):
        def landed(self, table: str, day: date) -> Any:
            if table == "payouts_itemized_3":
                raise _Bug("boo")
            return super().landed(table, day)

    ended = backfill({_BY_PAYOUT: _DAYS[:1], _BALANCE: _DAYS}, account, Broken.open(lake.root))
    assert ended.days == _DAYS
    assert [each.report_type for each in ended.failed] == [_BY_PAYOUT]


def test_submitting_goes_on_with_the_others(sandbox: Sandbox, lake: Lake) -> None:
    counted = _Trap()
    list(submit(_ASKED, account=_trapped_account(sandbox, counted), lake=lake, settings=fresh(**_SETTINGS)))
    for number in range(len(counted.calls)):
        account = _trapped_account(sandbox, _Trap(number))
        told = list(submit(_ASKED, account=account, lake=lake, settings=fresh(**_SETTINGS)))
        missing = [each for each in told if isinstance(each, NotSubmitted)]
        assert len(missing) <= 1
        assert all(isinstance(each.error, UnexpectedError) for each in missing)
        assert sum(len(each.days) for each in told if isinstance(each, SubmittedRun | NotSubmitted)) == 6


def test_the_message_is_one_line_without_the_key_and_says_where() -> None:
    api = StripeApi("sk_test_abcdefghijkl")
    try:
        Lake.open("s3://")
    except ConfigurationError as raised:
        wrapped = _Bug(f"{api.api_key}\n" * 100).with_traceback(raised.__traceback__)
        error = error_of(wrapped, api.redact)
    assert isinstance(error, UnexpectedError)
    assert api.api_key not in str(error) + error.trace
    assert "\n" not in str(error)
    assert len(str(error)) < 600
    assert "lake/storage/store.py:" in str(error)
    assert error_of(own := LakeError("known"), api.redact) is own


def test_days_that_share_an_error_share_a_line(sandbox: Sandbox) -> None:
    error = UnexpectedError("boo")
    failed = [FailedDay(_BALANCE, day, error) for day in days_from(date(2026, 11, 1), 14)]
    other = FailedDay(_BALANCE, date(2026, 11, 20), error)
    assert failure_lines([*failed, other, FailedDay(_ACTIVITY, _DAYS[0], LakeError("x"))]) == [
        "2026-11-01 to 2026-11-14, 2026-11-20: boo",
        "2025-09-02: x",
    ]
