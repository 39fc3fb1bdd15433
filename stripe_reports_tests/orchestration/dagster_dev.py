"""Webserver, daemon and code server, as `dagster dev` starts them, and what is asked of them by GraphQL."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

import stripe_reports
from stripe_reports_tests.waiting import PATIENCE, until

_LOADED = "{ workspaceOrError { ... on Workspace { locationEntries { loadStatus } } } }"
_BACKFILL = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
_STATUS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status numPartitions runs(limit: 100) { id status tags { key value } } }
    ... on PythonError { message } } }"""
_RUNS = """{ runsOrError(limit: 500) { ... on Runs { results { id status jobName startTime
    assetSelection { path } tags { key value } } } } }"""
_MATERIALIZATIONS = """query($key: AssetKeyInput!) { assetOrError(assetKey: $key) { ... on Asset {
    assetMaterializations(limit: 1000) { partition runId } } } }"""
_TICKS = """query($sensor: SensorSelector!) { sensorOrError(sensorSelector: $sensor) { ... on Sensor {
    sensorState { ticks(limit: 5) { status timestamp } } } } }"""


class DagsterDev:
    """One that runs."""

    def __init__(self, base: str, module: str) -> None:
        self.base = base
        self._module = module

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """GraphQL."""
        body = {"query": query, "variables": variables}
        answer: dict[str, Any] = requests.post(f"{self.base}/graphql", json=body, timeout=PATIENCE).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def is_loaded(self) -> bool:
        try:
            loaded = self.ask(_LOADED)["workspaceOrError"]["locationEntries"]
        except (requests.ConnectionError, KeyError):
            return False
        return bool(loaded) and all(entry["loadStatus"] == "LOADED" for entry in loaded)

    def has_evaluated(self, sensor: str, since: float = 0) -> bool:
        """To the end, and begun after that second."""
        selector = {
            "repositoryLocationName": self._module,
            "repositoryName": "__repository__",
            "sensorName": sensor,
        }
        ticks = self.ask(_TICKS, sensor=selector)["sensorOrError"]["sensorState"]["ticks"]
        return any(tick["status"] in ("SKIPPED", "SUCCESS") and tick["timestamp"] > since for tick in ticks)

    def backfill(self, tables: Sequence[str], partitions: Sequence[str]) -> str:
        """As the UI launches one; returns its id."""
        params = {
            "assetSelection": [{"path": ["stripe_reports", table]} for table in tables],
            "partitionNames": partitions,
        }
        launched = self.ask(_BACKFILL, params=params)["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        id_: str = launched["backfillId"]
        return id_

    def backfilled(self, id_: str) -> list[dict[str, Any]] | None:
        """The runs of a backfill, once it is over."""
        asked: dict[str, Any] = self.ask(_STATUS, id=id_)["partitionBackfillOrError"]
        if asked["status"] == "REQUESTED":
            return None
        assert asked["status"] == "COMPLETED_SUCCESS", asked
        assert {run["status"] for run in asked["runs"]} == {"SUCCESS"}
        runs: list[dict[str, Any]] = asked["runs"]
        return runs

    def runs(self) -> list[dict[str, Any]]:
        """All, with their tags as a dict."""
        found: list[dict[str, Any]] = self.ask(_RUNS)["runsOrError"]["results"]
        return [{**run, "tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in found]

    def materialized(self, table: str) -> list[str]:
        """The partition of each materialization of a table, sorted."""
        asked = self.ask(_MATERIALIZATIONS, key={"path": ["stripe_reports", table]})["assetOrError"]
        return sorted(each["partition"] for each in asked.get("assetMaterializations", ()))


@contextmanager
def dagster_dev(module: str, folder: Path, **environment: str) -> Iterator[DagsterDev]:
    """A running one of that code location; its records stay in `folder` for the next."""
    home = folder / "dagster_home"
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    checkout = str(Path(stripe_reports.__file__).parents[1])
    with (folder / "dagster_dev.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster", "dev", "-m", module, "-p", str(port)],
            cwd=folder,
            env={**os.environ, "DAGSTER_HOME": str(home), "PYTHONPATH": checkout, **environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        dev = DagsterDev(f"http://127.0.0.1:{port}", module)
        until(dev.is_loaded, every=0.5)
        yield dev
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C does."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
