"""How long landing waits, and for what."""

from __future__ import annotations

import time
from typing import Any

import pytest

from stripe_reports.errors import ConfigurationError
from stripe_reports.landing import LandingSettings
from stripe_reports.landing.wanted_run import WantedRun
from stripe_reports_tests.landing.report_runs import known_run


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"poll_initial": 0}, "make no sense"),
        ({"poll_factor": 0.5}, "make no sense"),
        ({"poll_longest": 0.1}, "make no sense"),
        ({"stuck_after": 0}, "make no sense"),
        ({"max_runs_in_flight": 0}, "max_runs_in_flight is 0; give 1 or more"),
        ({"adopt_within": -1}, "adopt_within is -1 seconds; give 0 or more"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        LandingSettings(**wrong)


def _pending(created: float | None = None) -> WantedRun:
    wanted = WantedRun("a.1", {}, (), data_ready_by=0)
    at = time.time() if created is None else created
    is_old = created is not None
    wanted.is_made(known_run("frr_1", int(at), "pending"), adopted=is_old, may_be_old=is_old)
    return wanted


def test_pauses_grow_from_half_a_second_to_thirty() -> None:
    wanted = _pending()
    pauses = [wanted.next_pause(LandingSettings(), None) for _ in range(14)]
    assert pauses[:4] == [0.5, 0.75, 1.125, 1.6875]
    assert pauses[-1] == 30


def test_the_first_pause_is_as_long_as_runs_usually_take() -> None:
    wanted = _pending()
    pauses = [wanted.next_pause(LandingSettings(), 12.0) for _ in range(3)]
    assert pauses[0] == pytest.approx(12, abs=0.5)
    assert pauses[1:] == [0.75, 1.125]


def test_no_pause_is_longer_than_the_longest() -> None:
    assert _pending().next_pause(LandingSettings(), 600.0) == 30


def test_an_adopted_run_is_looked_at_when_it_should_be_there_by_its_own_age() -> None:
    assert _pending(time.time() - 10).next_pause(LandingSettings(), 12.0) == pytest.approx(2, abs=1.5)
    assert _pending(time.time() - 100).next_pause(LandingSettings(), 12.0) == 0.5


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (known_run("frr_1", 7, "pending"), "still pending after 60 s"),
        (known_run("frr_1", 7, "failed", error="Sorry, sk_test_x."), "Stripe marked it failed: Sorry, KEY."),
        (known_run("frr_1", 7, "failed"), "Stripe marked it failed: Stripe gives no reason"),
        (known_run("frr_1", 7, "succeeded", result=None), "Stripe marked it succeeded, and it has no result"),
    ],
    ids=["stuck", "failed", "no reason", "no result"],
)
def test_it_is_said_why_a_run_is_not_waited_for(run: Any, why: str) -> None:
    wanted = _pending()
    wanted.give_up(run, LandingSettings(stuck_after=60), lambda text: text.replace("sk_test_x", "KEY"))
    assert wanted.given_up == [("frr_1", why)]
    text = str(wanted.failure())
    assert text.startswith(f"(report run frr_1): {why}; this is rare and passes: materialize the day again")


def test_three_runs_are_replaced_and_the_fourth_is_not() -> None:
    wanted = _pending()
    may = []
    for number in range(4):
        run = known_run(f"frr_{number}", 7, "failed", error="Sorry.")
        wanted.give_up(run, LandingSettings(), str)
        may.append(wanted.may_be_replaced)
    assert may == [True, True, True, False]
    assert "(report run frr_3)" in str(wanted.failure())
    assert "frr_0, frr_1, frr_2" in str(wanted.failure())
