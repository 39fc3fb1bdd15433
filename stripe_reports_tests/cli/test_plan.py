"""`stripe-reports plan`: what it foresees is what a landing asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stripe_reports.catalog import newest_complete_day, select_report_types
from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.cli.running import run, variables_of
from stripe_reports_tests.core_lake import days_of
from stripe_reports_tests.landing.support import account_of, backfill

_NEWEST = newest_complete_day(datetime.now(UTC))
_FIRST = _NEWEST - timedelta(days=4)
_DAYS = ("--from", str(_FIRST), "--to", str(_NEWEST))
_BY_PAYOUT = "payout_reconciliation.by_id.itemized.4"


@pytest.fixture
def stripe() -> Iterator[Sandbox]:
    """One of its own, which counts its calls."""
    with Sandbox(port=0, files_port=0, latency=0.02) as running:
        yield running


def _plan(*arguments: str, **variables: str) -> dict[str, Any]:
    done = run("plan", *arguments, "--json", **variables)
    assert (done.code, done.err) == (0, ""), done.err
    planned: dict[str, Any] = json.loads(done.out)
    return planned


def test_a_landing_asks_for_what_was_planned(stripe: Sandbox, tmp_path: Path) -> None:
    ids = ("balance.summary.1", "payouts.itemized.3", "balance_change_from_activity.itemized.3")
    lake = Lake.open(str(tmp_path / "lake"))
    planned = _plan(*ids, *_DAYS, "--lake", lake.root)
    assert stripe.report_runs_created == 0
    days = days_of(_FIRST, 5)
    ended = backfill(dict.fromkeys(select_report_types(ids), days), account_of(stripe), lake)
    assert not ended.errors
    assert planned["report_runs"] == stripe.report_runs_created
    downloads = sum(count for (_, path), count in stripe.calls.items() if path.endswith("/contents"))
    assert planned["downloads"] == downloads
    assert planned["api_calls_at_least"] <= sum(stripe.calls.values()) - downloads
    after = _plan(*ids, *_DAYS, "--lake", lake.root)
    assert (after["report_runs"], after["seconds_to"]) == (0, 0)
    assert [each["landed"] for each in after["report_types"]] == [5, 5, 5]
    assert _plan(*ids, *_DAYS, "--lake", lake.root, "--again")["report_runs"] == planned["report_runs"]
    assert "Left out: 15 landed days" in run("plan", *ids, *_DAYS, "--lake", lake.root).out


def test_reports_on_payouts_are_not_counted_before_the_payouts_are_known(tmp_path: Path) -> None:
    lake = ("--lake", str(tmp_path / "none"))
    alone = _plan(_BY_PAYOUT, *_DAYS, *lake)
    assert (alone["report_runs"], alone["days_by_payout"]) == (5, 5), "a list of the payouts for each day"
    together = _plan(_BY_PAYOUT, "payouts.itemized.3", *_DAYS, *lake)
    (of_payouts,) = [each for each in together["report_types"] if each["report_type"] == _BY_PAYOUT]
    assert (of_payouts["report_runs"], of_payouts["and_one_for_each_payout"]) == (0, True)
    assert "a report run for each payout of 5 days" in run("plan", _BY_PAYOUT, *_DAYS, *lake).out
    assert not (tmp_path / "none").exists()


def test_days_that_stripe_does_not_have_are_left_out(stripe: Sandbox, tmp_path: Path) -> None:
    stripe.fault("late", seconds=2 * 86400, report_type="balance.summary.1")
    to = _NEWEST + timedelta(days=2)
    arguments = ("balance.summary.1", "--from", "2000-01-01", "--to", str(to), "--lake", str(tmp_path))
    with pytest.raises(AssertionError, match="plan at most 20 years at once"):
        _plan(*arguments)
    arguments = ("balance.summary.1", "--from", "2010-01-01", "--to", str(to), "--lake", str(tmp_path))
    (by_delay,) = _plan(*arguments)["report_types"]
    assert (by_delay["not_yet_available"], by_delay["not_kept_by_stripe"]) == (2, 0)
    (by_answer,) = _plan(*arguments, "--offered", **variables_of(stripe))["report_types"]
    assert by_answer["not_yet_available"] == 4
    assert by_answer["not_kept_by_stripe"] > 1000
    assert stripe.report_runs_created == 0
    lacking = _plan("connect_card_payments_fees.*", *_DAYS, "--offered", **variables_of(stripe))
    assert not any(each["offered"] for each in lacking["report_types"])


def test_the_limit_of_runs_and_the_time_zone_are_those_of_the_deployment(tmp_path: Path) -> None:
    lake = ("--lake", str(tmp_path / "none"))
    one = _plan("balance.summary.1", *_DAYS, *lake, STRIPE_REPORTS_MAX_RUNS_IN_FLIGHT="1")
    assert (one["seconds_from"], one["seconds_to"]) == (50, 150)
    new_york = _plan("balance.summary.1", *_DAYS, *lake, STRIPE_REPORTS_TIMEZONE="America/New_York")
    assert new_york["timezone"] == "America/New_York"
    assert new_york["report_types"][0]["not_yet_available"] == 1, "it extends into the next UTC day"
