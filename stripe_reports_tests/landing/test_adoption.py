"""Which report runs that exist are used instead of a new one, and which number a new one has."""

from __future__ import annotations

import time
from typing import Any

import pytest

from stripe_reports.errors import ReportRunError, StripeRequestError
from stripe_reports.landing import LandingSettings
from stripe_reports.landing.made_runs import MadeRuns
from stripe_reports.landing.obtain import Attempts, ObtainedRun, WantedRun, obtain_run
from stripe_reports.stripe_api import Account, ReportRun, StripeApi
from stripe_reports_tests.landing.report_runs import RUNS, keys, known_run, made, refused
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error

_NOW = int(time.time())
_READY = _NOW - 1000
_PARAMETERS = {"interval_start": 0, "interval_end": 86400}
_COLUMNS = ["net", "fee"]
_ASKED = {**_PARAMETERS, "columns": _COLUMNS}


@pytest.fixture
def account(server: ScriptedServer) -> Account:
    bases = {"api_base": server.base, "files_base": server.base}
    return Account(StripeApi("sk_test_x", **bases, max_network_retries=0, calls_per_second=1000))


def _known(id_: str, created: int = _NOW - 10, status: str = "succeeded", **more: Any) -> ReportRun:
    return known_run(id_, created, status, **{"parameters": _ASKED} | more)


def _attempts() -> Attempts:
    return Attempts(WantedRun("a.1", _PARAMETERS, _COLUMNS, data_ready_by=_READY, livemode=False))


def _obtain(
    account: Account,
    *known: ReportRun,
    attempts: Attempts | None = None,
    made_runs: MadeRuns | None = None,
    **settings: Any,
) -> ObtainedRun:
    attempts, made_runs = attempts or _attempts(), made_runs or MadeRuns()
    made_runs.found(known)
    return obtain_run(account, attempts, made_runs, LandingSettings(**settings), lambda _: None)


def _ids(obtained: ObtainedRun) -> tuple[str, bool]:
    return obtained.run.id, obtained.adopted


def test_an_equal_run_is_adopted_without_a_call(account: Account, server: ScriptedServer) -> None:
    assert _ids(_obtain(account, _known("frr_old"))) == ("frr_old", True)
    assert server.asked == []


@pytest.mark.parametrize(
    "known",
    [
        _known("frr_old", _READY - 1),
        _known("frr_old", status="failed", error="Sorry."),
        _known("frr_old", status="pending", created=_NOW - 900),
        _known("frr_old", result=None),
        _known("frr_old", parameters={**_ASKED, "interval_end": 172800}),
        _known("frr_old", parameters={**_ASKED, "currency": "usd"}),
        _known("frr_old", parameters={**_ASKED, "timezone": "Europe/Berlin"}),
        _known("frr_old", parameters={**_ASKED, "columns": ["fee", "net"]}),
        _known("frr_old", parameters={**_ASKED, "columns": ["net"]}),
        _known("frr_old", parameters=_PARAMETERS),
        _known("frr_old", report_type="b.1"),
        _known("frr_old", livemode=True),
    ],
    ids=["too early", "failed", "stuck", "without a result", "another interval", "filtered", "another zone",
         "other order", "fewer columns", "default columns", "another report type",
         "the other mode"],
)  # fmt: skip
def test_another_run_is_not_adopted(account: Account, server: ScriptedServer, known: ReportRun) -> None:
    server.answers("POST", RUNS, made("frr_new"))
    assert _ids(_obtain(account, known, stuck_after=800)) == ("frr_new", False)


def test_a_run_that_was_made_in_the_very_second_is_late_enough(account: Account) -> None:
    assert _ids(_obtain(account, _known("frr_old", _READY))) == ("frr_old", True)


def test_a_pending_run_that_somebody_has_made_is_waited_for(account: Account) -> None:
    obtained = _obtain(account, _known("frr_old", status="pending", created=int(time.time()) - 300))
    assert _ids(obtained) == ("frr_old", True)
    assert 299 < time.monotonic() - obtained.pending_since < 330, "since it was made"


def test_the_newest_that_has_succeeded_is_preferred(account: Account) -> None:
    known = [
        _known("frr_1", _NOW - 500),
        _known("frr_2", _NOW - 100),
        _known("frr_3", _NOW - 300),
        _known("frr_4", _NOW - 50, status="pending"),
    ]
    assert _ids(_obtain(account, *known)) == ("frr_2", True)


def test_the_newest_pending_one_is_waited_for_where_none_has_succeeded(account: Account) -> None:
    known = [_known(f"frr_{n}", _NOW - n, status="pending") for n in (30, 20, 40)]
    assert _ids(_obtain(account, *known)) == ("frr_20", True)


def test_a_run_without_the_refused_columns_is_adopted_by_who_does_not_know_of_them(
    account: Account, server: ScriptedServer
) -> None:
    server.answers("POST", RUNS, refused("The column 'fee' is not available."))
    obtained = _obtain(account, _known("frr_old", parameters={**_ASKED, "columns": ["net"]}))
    assert _ids(obtained) == ("frr_old", True)
    assert (obtained.columns, obtained.dropped_columns) == (("net",), ("fee",))
    assert len(server.asked) == 1, "the refusal, which makes no run"


def test_a_lost_answer_is_asked_for_again_under_the_same_number(
    account: Account, server: ScriptedServer
) -> None:
    server.answers("POST", RUNS, Answer(reset=True), made("frr_new"))
    attempts = _attempts()
    with pytest.raises(StripeRequestError, match="no answer") as lost:
        _obtain(account, attempts=attempts)
    assert lost.value.passes
    _obtain(account, attempts=attempts)
    first, second = keys(server)
    assert first == second, "another key would make a second report run"


def test_a_stored_500_is_left_behind_under_the_next_number(account: Account, server: ScriptedServer) -> None:
    trouble = Answer(stripe_error("Sorry.", "api_error"), 500)
    server.answers("POST", RUNS, trouble, trouble, trouble, made("frr_new"))
    attempts = _attempts()
    with pytest.raises(StripeRequestError, match="Stripe is unavailable"):
        _obtain(account, attempts=attempts)
    _obtain(account, attempts=attempts)
    assert len(set(keys(server))) == 4, "Stripe would give the old answers again"


def test_a_stored_limit_is_left_behind_under_the_next_number(
    account: Account, server: ScriptedServer, no_pauses: None
) -> None:
    server.answers("POST", RUNS, *[Answer(stripe_error("Too many report runs."), 400)] * 8, made("frr_new"))
    attempts = _attempts()
    with pytest.raises(StripeRequestError, match="Stripe limited the rate 8 times in a row") as full:
        _obtain(account, attempts=attempts)
    assert full.value.passes
    _obtain(account, attempts=attempts)
    assert len(set(keys(server))) == 9, "Stripe would give the old answers again"


def test_a_replayed_run_that_came_to_nothing_is_left_behind(account: Account, server: ScriptedServer) -> None:
    server.answers("POST", RUNS, made("frr_old"), made("frr_older"), made("frr_new"))
    known = [_known(id_, status="failed") for id_ in ("frr_old", "frr_older")]
    assert _ids(_obtain(account, *known)) == ("frr_new", False)
    assert len(set(keys(server))) == 3


def test_where_only_failed_runs_come_back_it_ends(account: Account, server: ScriptedServer) -> None:
    server.answers("POST", RUNS, made("frr_old"))
    with pytest.raises(ReportRunError, match="only earlier report runs that failed; try again later"):
        _obtain(account, _known("frr_old", status="failed"))
    assert len(server.asked) == 50, "bounded attempts"


def test_a_run_that_was_given_up_is_not_adopted_again(account: Account, server: ScriptedServer) -> None:
    server.answers("POST", RUNS, made("frr_1", created=_NOW), made("frr_2", created=_NOW))
    attempts, made_runs = _attempts(), MadeRuns()
    obtained = _obtain(account, attempts=attempts, made_runs=made_runs)
    attempts.give_up(obtained.run, LandingSettings(), account.api.redact)
    obtained = _obtain(account, attempts=attempts, made_runs=made_runs)
    assert _ids(obtained) == ("frr_2", False)
    first, second = keys(server)
    assert first != second


def test_runs_of_an_earlier_attempt_that_failed_count_among_those_that_are_replaced(
    account: Account, server: ScriptedServer
) -> None:
    failed = [_known(f"frr_{n}", status="failed", error="Sorry.") for n in range(4)]
    with pytest.raises(ReportRunError, match=r"Stripe marked it failed: Sorry\.") as error:
        _obtain(account, *failed, made_since=_NOW - 100)
    assert all(f"frr_{n}" in str(error.value) for n in range(4))
    assert server.asked == []


def test_runs_that_failed_before_do_not_count(account: Account, server: ScriptedServer) -> None:
    server.answers("POST", RUNS, made("frr_new"))
    failed = [_known(f"frr_{n}", status="failed") for n in range(4)]
    assert _ids(_obtain(account, *failed, made_since=_NOW)) == ("frr_new", False)
