"""How long landing waits, and for what."""

from __future__ import annotations

import time
from itertools import islice
from typing import Any

import pytest

from stripe_reports.errors import ConfigurationError
from stripe_reports.landing import LandingSettings
from stripe_reports.landing.obtain import Attempts, WantedRun
from stripe_reports.landing.runs_in_flight import look_pauses
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


def _pauses(count: int, usual: float | None, age: float = 0.0) -> list[float]:
    """Between looks at a run that was made so many seconds ago."""
    return list(islice(look_pauses(LandingSettings(), usual, time.monotonic() - age), count))


def test_pauses_grow_from_half_a_second_to_thirty() -> None:
    pauses = _pauses(14, None)
    assert pauses[:4] == [0.5, 0.75, 1.125, 1.6875]
    assert pauses[-1] == 30


def test_the_first_pause_is_as_long_as_runs_usually_take() -> None:
    pauses = _pauses(3, 12.0)
    assert pauses[0] == pytest.approx(12, abs=0.5)
    assert pauses[1:] == [0.75, 1.125]


def test_no_pause_is_longer_than_the_longest() -> None:
    assert _pauses(1, 600.0) == [30]


def test_an_adopted_run_is_looked_at_when_it_should_be_there_by_its_own_age() -> None:
    assert _pauses(1, 12.0, age=10) == [pytest.approx(2, abs=1.5)]
    assert _pauses(1, 12.0, age=100) == [0.5]


def _attempts() -> Attempts:
    return Attempts(WantedRun("a.1", {}, (), data_ready_by=0))


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
    attempts = _attempts()
    attempts.give_up(run, LandingSettings(stuck_after=60), lambda text: text.replace("sk_test_x", "KEY"))
    assert [(each.report_run, each.why) for each in attempts.given_up] == [("frr_1", why)]
    text = str(attempts.failure())
    assert text.startswith(f"(report run frr_1): {why}; this is rare and passes: materialize the day again")


def test_three_runs_are_replaced_and_the_fourth_is_not() -> None:
    attempts = _attempts()
    may = []
    for number in range(4):
        run = known_run(f"frr_{number}", 7, "failed", error="Sorry.")
        attempts.give_up(run, LandingSettings(), str)
        may.append(attempts.may_go_on)
    assert may == [True, True, True, False]
    assert "(report run frr_3)" in str(attempts.failure())
    assert "frr_0, frr_1, frr_2" in str(attempts.failure())
