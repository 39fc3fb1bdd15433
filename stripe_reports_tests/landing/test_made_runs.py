"""What makes two report runs equal, and the key under which all ask for the same one."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from stripe_reports.landing.made_runs import MadeRuns
from stripe_reports_tests.landing.report_runs import known_run

_ASKED = {"interval_start": 0, "interval_end": 86400, "columns": ["net", "fee"]}


def _are_equal(one: dict[str, Any], other: dict[str, Any]) -> bool:
    made_runs = MadeRuns()
    made_runs.found([known_run("frr_1", 7, parameters=one)])
    same_key = made_runs.idempotency_key("a.1", one, 0) == made_runs.idempotency_key("a.1", other, 0)
    found = bool(made_runs.equal("a.1", other))
    assert same_key == found, "what is found is what has the same key"
    return found


@pytest.mark.parametrize(
    "other",
    [
        {**_ASKED, "timezone": "UTC"},
        {**_ASKED, "timezone": "Etc/UTC"},
        {**_ASKED, "timezone": None, "currency": None},
        dict(reversed(_ASKED.items())),
        {**_ASKED, "columns": ("net", "fee")},
    ],
    ids=["UTC", "Etc/UTC", "nulls", "other order of parameters", "a tuple"],
)
def test_these_ask_for_the_same(other: dict[str, Any]) -> None:
    assert _are_equal(_ASKED, other)
    assert _are_equal(other, _ASKED)


@pytest.mark.parametrize(
    "other",
    [
        {**_ASKED, "timezone": "Europe/London"},
        {**_ASKED, "columns": ["fee", "net"]},
        {**_ASKED, "columns": ["net"]},
        {**_ASKED, "interval_end": 86401},
        {**_ASKED, "currency": "usd"},
        {"interval_start": 0, "interval_end": 86400},
        {},
    ],
    ids=["zone", "order of columns", "fewer columns", "interval", "filter", "no columns", "nothing"],
)
def test_these_do_not(other: dict[str, Any]) -> None:
    assert not _are_equal(_ASKED, other)


def test_another_report_type_is_another_run() -> None:
    made_runs = MadeRuns()
    made_runs.found([known_run("frr_1", 7, parameters=_ASKED)])
    assert made_runs.equal("b.1", _ASKED) == []
    assert made_runs.idempotency_key("a.1", _ASKED, 0) != made_runs.idempotency_key("b.1", _ASKED, 0)


def test_equal_runs_come_newest_first_and_each_once() -> None:
    made_runs = MadeRuns()
    runs = [known_run(f"frr_{created}", created, parameters=_ASKED) for created in (2, 3, 1, 3)]
    made_runs.found(runs)
    assert [run.id for run in made_runs.equal("a.1", _ASKED)] == ["frr_3", "frr_2", "frr_1"]


def test_what_was_made_is_found_by_what_was_asked_whatever_stripe_tells_again() -> None:
    made_runs = MadeRuns()
    made_runs.made(known_run("frr_1", 7, parameters={"something": "else"}), _ASKED)
    assert [run.id for run in made_runs.equal("a.1", _ASKED)] == ["frr_1"]


def test_the_key_is_the_same_in_another_process() -> None:
    code = (
        "from stripe_reports.landing.made_runs import MadeRuns;"
        f"print(MadeRuns(fresh='x').idempotency_key('a.1', {_ASKED!r}, 3))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == MadeRuns(fresh="x").idempotency_key("a.1", _ASKED, 3)


def test_the_key_stays_the_same_from_release_to_release() -> None:
    """A process of the release before may be at it: this one asks for its run, and not for another."""
    known = "stripe_reports-a0b03f4c1af3fa7e507a37bc54a12379"
    assert MadeRuns().idempotency_key("a.1", _ASKED, 0)[: len(known)] == known


def test_numbers_and_names_have_keys_of_their_own() -> None:
    keys = [
        MadeRuns(fresh=fresh).idempotency_key("a.1", _ASKED, number)
        for fresh in (None, "x", "y")
        for number in (0, 1, 10)
    ]
    assert len(set(keys)) == 9
    assert max(map(len, keys)) < 250, "Stripe takes 255 characters, and an attempt's number is added"
