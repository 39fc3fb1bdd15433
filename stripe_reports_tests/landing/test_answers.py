"""What Stripe answers is compared with what was asked for: the rows of another day never land."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import requests

from stripe_reports.catalog import REPORT_TYPES, select_report_types
from stripe_reports.errors import CsvError, ReportRunError
from stripe_reports.lake import Lake
from stripe_reports.landing import runs_in_flight
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account, StripeApi, list_report_runs
from stripe_reports_tests.landing.support import backfill, days_from, fresh, quick
from stripe_reports_tests.scripted_server import Answer, Asked, ScriptedServer

_DAY = 86400
_DAYS = days_from(date(2025, 9, 2), 2)
_BALANCE = REPORT_TYPES["balance.summary.1"]
_ACTIVITY = REPORT_TYPES["balance_change_from_activity.itemized.3"]
_RUNS = "/v1/reporting/report_runs"
_INTERVAL = ("interval_start", "interval_end")

Change = Callable[[Any], Any]


class _Between:
    """A proxy between landing and the sandbox: changes what is asked for, and what is answered."""

    def __init__(self, server: ScriptedServer, sandbox: Sandbox) -> None:
        self.created: Change = lambda run: run
        self.polled: Change = lambda run: run
        self.listed: Change = lambda page: page | {"has_more": False}  # the query for another is lost here
        self.shift = 0
        self._sandbox = sandbox
        server._next = self._next  # type: ignore[method-assign]
        bases = {"api_base": server.base, "files_base": server.base}
        self.account = Account(StripeApi(sandbox.key, **bases, calls_per_second=1000, max_network_retries=0))

    def _next(self, asked: Asked) -> Answer:
        body = urlencode([self._shifted(name, value) for name, value in parse_qsl(asked.body.decode())])
        base = self._sandbox.files_base if asked.path.endswith("/contents") else self._sandbox.api_base
        sent = {
            name: asked.headers[name]
            for name in ("Authorization", "Idempotency-Key")
            if name in asked.headers
        }
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = requests.request(asked.method, base + asked.path, headers=sent | form, data=body, timeout=30)
        if asked.path.endswith("/contents") or answer.status_code != 200:
            return Answer(answer.content, answer.status_code)
        told = answer.json()
        if asked.method == "POST":
            told = self.created(told)
        elif asked.path.startswith(f"{_RUNS}/"):
            told = self.polled(told)
        elif asked.path == _RUNS:
            told = self.listed(told)
        return Answer(told)

    def _shifted(self, name: str, value: str) -> tuple[str, str]:
        is_bound = name in {f"parameters[{each}]" for each in _INTERVAL}
        return name, str(int(value) + self.shift) if is_bound else value


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, files_port=0, latency=0.05, rows_per_day=8) as running:
        yield running


@pytest.fixture
def between(server: ScriptedServer, sandbox: Sandbox) -> _Between:
    return _Between(server, sandbox)


def test_runs_of_the_day_before_land_nowhere_and_are_not_waited_for(
    between: _Between, sandbox: Sandbox, lake: Lake
) -> None:
    between.shift = -_DAY
    core = select_report_types("core")
    ended = backfill(dict.fromkeys(core, _DAYS[:1]), between.account, lake, quick(range_runs=False))
    assert (ended.landed, lake.tables()) == ([], [])
    assert len(ended.failed) == 9
    for each in ended.failed:
        assert isinstance(each.error, ReportRunError)
        assert str(each.error).startswith(f"{each.report_type.id} {each.day} (report run frr_")
        assert "Stripe returned a different report run than requested: its interval_" in str(each.error)
    assert sandbox.calls.get(("GET", f"{_RUNS}/{{id}}"), 0) == 0
    between.shift = 0
    again = backfill(dict.fromkeys(core, _DAYS[:1]), between.account, lake, fresh(range_runs=False))
    assert (len(again.landed), again.errors) == (9, {})


def test_a_server_that_does_not_say_so_is_found_out_by_the_rows(between: _Between, lake: Lake) -> None:
    between.shift = -_DAY

    def as_asked(run: Any) -> Any:
        back = {name: run["parameters"][name] + _DAY for name in _INTERVAL}
        return run | {"parameters": run["parameters"] | back}

    between.created = between.polled = as_asked
    ended = backfill({_ACTIVITY: _DAYS[:1]}, between.account, lake)
    assert lake.tables() == []
    for each in ended.failed:
        assert isinstance(each.error, CsvError)
        assert "line 2, column 'created_utc': 2025-09-0" in str(each.error)
        assert f"is not on {each.day} in UTC, the day that was asked for" in str(each.error)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"report_type": "payouts.summary.1"}, "its report type is payouts.summary.1"),
        ({"livemode": True}, "it is in live mode instead of test mode"),
        ({"parameters": {"columns": ["currency"]}}, "its columns lack "),
        ({"parameters": {"currency": "eur"}}, 'its currency is "eur", which was not requested'),
        ({"parameters": {"interval_end": 5}}, "its interval_end is 5 "),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
@pytest.mark.parametrize("when", ["created", "polled"])
def test_any_other_difference_fails_its_day(
    between: _Between, lake: Lake, change: dict[str, Any], says: str, when: str
) -> None:
    def changed(run: Any) -> Any:
        return run | change | {"parameters": run["parameters"] | change.get("parameters", {})}

    setattr(between, when, changed)
    ended = backfill({_BALANCE: _DAYS[:1], _ACTIVITY: _DAYS[:1]}, between.account, lake)
    assert (ended.landed, lake.tables()) == ([], [])
    assert all(isinstance(each.error, ReportRunError) for each in ended.failed)
    assert len(ended.failed) == 2
    assert says in " ".join(map(str, (each.error for each in ended.failed)))


def test_a_look_that_is_answered_with_another_run_fails_its_day(between: _Between, lake: Lake) -> None:
    between.polled = lambda run: run | {"id": "frr_other"}
    ended = backfill({_BALANCE: _DAYS[:1]}, between.account, lake)
    assert "its id is frr_other instead of frr_" in ended.errors[_DAYS[0]]


@pytest.mark.parametrize("answer", [None, [], "pending", {"error": {"message": "Sorry."}}, {}], ids=repr)
@pytest.mark.parametrize("when", ["created", "polled"])
def test_an_answer_of_another_shape_fails_its_report_type_and_no_other(
    between: _Between, lake: Lake, no_pauses: None, monkeypatch: pytest.MonkeyPatch, when: str, answer: Any
) -> None:
    monkeypatch.setattr(runs_in_flight, "PAUSES_IN_TROUBLE", (0.01,))
    setattr(between, when, lambda run: answer if run["report_type"] == _BALANCE.id else run)
    ended = backfill({_BALANCE: _DAYS[:1], _ACTIVITY: _DAYS}, between.account, lake)
    assert ended.days == _DAYS
    assert list(ended.errors) == _DAYS[:1]


def test_a_list_of_report_runs_that_never_ends_costs_a_warning(between: _Between, lake: Lake) -> None:
    backfill({_BALANCE: _DAYS}, between.account, lake)
    between.listed = lambda page: page | {"has_more": True}
    ended = backfill({_BALANCE: _DAYS}, Account(between.account.api), lake)
    assert ended.days == _DAYS
    assert any(
        text.startswith("could not list existing report runs; creating new ones: ") for text in ended.warnings
    )


def test_nor_does_an_external_run_land_that_is_another(
    between: _Between, sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    backfill({_BALANCE: _DAYS[:1]}, account, Lake.open(f"{lake.root}-2"))
    (run,) = list_report_runs(account.api, created_from=0)
    between.polled = lambda run: run | {"id": "frr_other"}
    ended = backfill({_BALANCE: _DAYS[:1]}, between.account, lake, external_runs={_BALANCE.id: run.id})
    assert f"its id is frr_other instead of {run.id}" in ended.errors[_DAYS[0]]
    assert sandbox.report_runs_created == 1
