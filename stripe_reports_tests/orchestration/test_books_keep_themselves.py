"""By `dagster dev` and its daemon, days are reconciled as they land, and what rests on them follows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stripe_reports.lake import Lake
from stripe_reports.orchestration.books import DOWNSTREAM
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import days
from stripe_reports_tests.orchestration.dagster_dev import dagster_dev
from stripe_reports_tests.waiting import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="stops processes by POSIX signals"),
]

_DAYS = days(2)
_BOOKS = ("reconciliation", *(name for name in DOWNSTREAM if name != "month_end_close"))


def test_days_are_reconciled_once_they_have_landed_and_again_when_they_land_again(tmp_path: Path) -> None:
    lake = Lake.open(str(tmp_path / "lake"))
    keys = [str(day) for day in _DAYS]
    with Sandbox(port=0, files_port=0, latency=0.1) as sandbox:
        environment = {
            "STRIPE_API_KEY": sandbox.key,
            "STRIPE_API_BASE": sandbox.api_base,
            "STRIPE_FILES_BASE": sandbox.files_base,
            "STRIPE_REPORTS_LAKE": lake.root,
            "STRIPE_REPORTS_START_DATE": keys[0],
            "STRIPE_REPORTS_DOWNSTREAM": "all",
            "STRIPE_REPORTS_AUTOMATION": "stripe_reports_availability, stripe_reports_books",
        }
        with dagster_dev("stripe_reports.definitions", tmp_path, **environment) as dev:
            until(lambda: all(lake.days(name) == _DAYS for name in _BOOKS))
            until(lambda: all(run["status"] == "SUCCESS" for run in dev.runs()))
            assert {name: sorted(dev.materialized(name)) for name in _BOOKS} == dict.fromkeys(_BOOKS, keys)
            backfill = dev.backfill(["balance_summary_1"], keys[:1])
            until(lambda: dev.backfilled(backfill))
            until(lambda: sorted(dev.materialized("reconciliation")) == sorted([*keys, keys[0]]))
    outcomes = lake.read_table("reconciliation").to_pylist()
    assert {row["outcome"] for row in outcomes} == {"holds", "not_applicable"}
