"""Webserver, daemon and code server as `dagster dev` starts them: a backfill from the UI, and its alert."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import NEWEST, days
from stripe_reports_tests.scripted_server import Answer, ScriptedServer

_BEFORE_THE_DATA = "2024-12-31"
_REPOSITORY = {
    "repositoryLocationName": "stripe_reports.definitions",
    "repositoryName": "__repository__",
}
_START_SENSOR = """mutation($sensor: SensorSelector!) { startSensor(sensorSelector: $sensor) {
    __typename ... on PythonError { message } } }"""
_BACKFILL = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
_STATUS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status numPartitions runs(limit: 100) { id status tags { key value } } }
    ... on PythonError { message } } }"""
_PARTITIONS = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
    partitionStats { numMaterialized numFailed numMaterializing } } } }"""


@pytest.fixture
def dev(sandbox: Sandbox, server: ScriptedServer, tmp_path: Path) -> Iterator[str]:
    """Address of a running `dagster dev` whose alerts go to `server`."""
    server.answers("POST", "/alert", Answer(b"ok"))
    home = tmp_path / "dagster_home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(home),
        "STRIPE_API_KEY": sandbox.key,
        "STRIPE_API_BASE": sandbox.api_base,
        "STRIPE_FILES_BASE": sandbox.files_base,
        "STRIPE_REPORTS_LAKE": str(tmp_path / "lake"),
        "STRIPE_REPORTS_START_DATE": _BEFORE_THE_DATA,
        "STRIPE_REPORTS_ALERT_URL": f"{server.base}/alert",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "dagster", "dev", "-m", "stripe_reports.definitions", "-p", str(port)],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        base = f"http://127.0.0.1:{port}"
        _until(lambda: _answers(base))
        yield base
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:  # started in the background of a shell, it ignores that signal
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _until(happened: Callable[[], Any], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.5)


def _answers(base: str) -> bool:
    try:
        query = "{ workspaceOrError { ... on Workspace { locationEntries { loadStatus } } } }"
        loaded = _ask(base, query)["workspaceOrError"]["locationEntries"]
    except (requests.ConnectionError, KeyError):
        return False
    return bool(loaded) and all(entry["loadStatus"] == "LOADED" for entry in loaded)


def _ask(base: str, query: str, **variables: Any) -> dict[str, Any]:
    body = {"query": query, "variables": variables}
    answer: dict[str, Any] = requests.post(f"{base}/graphql", json=body, timeout=30).json()
    assert "errors" not in answer, answer
    return answer["data"]


def _launch(dev: str, tables: Sequence[str], partitions: Sequence[str]) -> str:
    params = {
        "assetSelection": [{"path": ["stripe_reports", table]} for table in tables],
        "partitionNames": partitions,
    }
    launched = _ask(dev, _BACKFILL, params=params)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    backfill: str = launched["backfillId"]
    return backfill


def _succeeded(dev: str, backfill: str) -> list[dict[str, Any]] | None:
    """Its runs, once it is over."""
    asked: dict[str, Any] = _ask(dev, _STATUS, id=backfill)["partitionBackfillOrError"]
    if asked["status"] == "REQUESTED":
        return None
    assert asked["status"] == "COMPLETED_SUCCESS", asked
    assert {run["status"] for run in asked["runs"]} == {"SUCCESS"}
    runs: list[dict[str, Any]] = asked["runs"]
    return runs


@pytest.mark.skipif(sys.platform == "win32", reason="stops processes by POSIX signals")
def test_backfills_from_the_ui_are_a_run_for_each_stretch_of_days_and_a_failed_day_is_told_once(
    dev: str, server: ScriptedServer, tmp_path: Path
) -> None:
    sensor = _REPOSITORY | {"sensorName": "stripe_reports_failed_runs"}
    assert _ask(dev, _START_SENSOR, sensor=sensor)["startSensor"]["__typename"] == "Sensor"
    without_a_gap = [str(day) for day in days(6)[:-1]]
    with_a_gap = [str(day) for day in (*days(30)[:3], *days(24)[:2])]
    tables = ["payouts_summary_1", "payouts_itemized_3"]
    _launch(dev, ["balance_summary_1"], [_BEFORE_THE_DATA, str(NEWEST)])
    one_stretch, two_stretches = _launch(dev, tables, without_a_gap), _launch(dev, tables, with_a_gap)

    _until(lambda: server.asked_for("POST", "/alert"))
    told = time.monotonic()
    _until(lambda: _succeeded(dev, one_stretch) and _succeeded(dev, two_stretches))
    assert len(_succeeded(dev, one_stretch) or ()) == 1
    assert len(_succeeded(dev, two_stretches) or ()) == 2
    lake = Lake.open(str(tmp_path / "lake"))
    assert lake.days("balance_summary_1") == [NEWEST]
    for table in tables:
        assert [str(day) for day in lake.days(table)] == [*with_a_gap, *without_a_gap]
        asked = _ask(dev, _PARTITIONS, key={"path": ["stripe_reports", table]})
        assert asked["assetNodeOrError"]["partitionStats"] == {
            "numMaterialized": len(with_a_gap + without_a_gap),
            "numFailed": 0,
            "numMaterializing": 0,
        }

    time.sleep(max(0.0, told + 35 - time.monotonic()))  # one more tick of the sensor, with nothing to tell
    (alert,) = [json.loads(asked.body) for asked in server.asked_for("POST", "/alert")]
    assert (alert["report_type"], alert["partition"]) == ("balance.summary.1", _BEFORE_THE_DATA)
    assert "Stripe has data from 2025-01-01 00:00:00 UTC only" in alert["text"]
