"""Webserver, daemon and code server as `dagster dev` starts them: a backfill from the UI, and its alert."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import NEWEST, days
from stripe_reports_tests.orchestration.dagster_dev import DagsterDev, dagster_dev
from stripe_reports_tests.scripted_server import Answer, ScriptedServer
from stripe_reports_tests.waiting import until

_BEFORE_THE_DATA = "2024-12-31"
_PARTITIONS = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
    partitionStats { numMaterialized numFailed numMaterializing } } } }"""


@pytest.fixture
def dev(sandbox: Sandbox, server: ScriptedServer, tmp_path: Path) -> Iterator[DagsterDev]:
    """One whose alerts go to `server`."""
    server.answers("POST", "/alert", Answer(b"ok"))
    with dagster_dev(
        "stripe_reports.definitions",
        tmp_path,
        STRIPE_API_KEY=sandbox.key,
        STRIPE_API_BASE=sandbox.api_base,
        STRIPE_FILES_BASE=sandbox.files_base,
        STRIPE_REPORTS_LAKE=str(tmp_path / "lake"),
        STRIPE_REPORTS_START_DATE=_BEFORE_THE_DATA,
        STRIPE_REPORTS_ALERT_URL=f"{server.base}/alert",
        STRIPE_REPORTS_AUTOMATION="stripe_reports_failed_runs",
    ) as running:
        until(lambda: running.has_evaluated("stripe_reports_failed_runs"), every=0.5)
        yield running


@pytest.mark.skipif(sys.platform == "win32", reason="stops processes by POSIX signals")
def test_backfills_from_the_ui_are_a_run_for_each_stretch_of_days_and_a_failed_day_is_told_once(
    dev: DagsterDev, server: ScriptedServer, tmp_path: Path
) -> None:
    without_a_gap = [str(day) for day in days(6)[:-1]]
    with_a_gap = [str(day) for day in (*days(30)[:3], *days(24)[:2])]
    tables = ["payouts_summary_1", "payouts_itemized_3"]
    dev.backfill(["balance_summary_1"], [_BEFORE_THE_DATA, str(NEWEST)])
    one_stretch, two_stretches = dev.backfill(tables, without_a_gap), dev.backfill(tables, with_a_gap)

    until(lambda: server.asked_for("POST", "/alert"), every=0.5)
    told = time.time()
    until(lambda: dev.backfilled(one_stretch) and dev.backfilled(two_stretches), every=1.0)
    assert len(dev.backfilled(one_stretch) or ()) == 1
    assert len(dev.backfilled(two_stretches) or ()) == 2
    lake = Lake.open(str(tmp_path / "lake"))
    assert lake.days("balance_summary_1") == [NEWEST]
    for table in tables:
        assert [str(day) for day in lake.days(table)] == [*with_a_gap, *without_a_gap]
        asked = dev.ask(_PARTITIONS, key={"path": ["stripe_reports", table]})
        assert asked["assetNodeOrError"]["partitionStats"] == {
            "numMaterialized": len(with_a_gap + without_a_gap),
            "numFailed": 0,
            "numMaterializing": 0,
        }

    until(lambda: dev.has_evaluated("stripe_reports_failed_runs", since=told), every=0.5)
    (alert,) = [json.loads(asked.body) for asked in server.asked_for("POST", "/alert")]
    assert (alert["report_type"], alert["partition"]) == ("balance.summary.1", _BEFORE_THE_DATA)
    assert alert["kind"] == "our_error"
    assert "Stripe has data from 2025-01-01 00:00:00 UTC only" in alert["text"]
