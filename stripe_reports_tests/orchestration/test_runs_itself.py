"""By `dagster dev` and its daemon, days land by themselves and once, whatever is late, fails or is down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import requests

from stripe_reports.catalog import day_interval
from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import StripeApi, create_report_run
from stripe_reports_tests.events import body_of, event_object, signature_of
from stripe_reports_tests.orchestration.conftest import days
from stripe_reports_tests.orchestration.dagster_dev import DagsterDev, dagster_dev, stop
from stripe_reports_tests.orchestration.support import check_rows
from stripe_reports_tests.scripted_server import Answer, ScriptedServer
from stripe_reports_tests.waiting import PATIENCE, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="stops processes by POSIX signals"),
]

_LOCATION = "stripe_reports_tests.orchestration.self_running"
_SELECT = "balance.summary.1, payouts.summary.1"
_TABLES = ("balance_summary_1", "payouts_summary_1")
_SECRETS = ("whsec_the_new_one", "whsec_the_old_one")


class World:
    """A Stripe, a lake, and a Dagster that can be started and stopped."""

    def __init__(self, sandbox: Sandbox, server: ScriptedServer, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.lake = Lake.open(str(folder / "lake"))
        self.api = StripeApi(sandbox.key, api_base=sandbox.api_base, files_base=sandbox.files_base)
        self._server = server
        server.answers("POST", "/alert", Answer(b"ok"))

    @contextmanager
    def dagster(self, *running: str, first: date, **variables: str) -> Iterator[DagsterDev]:
        """With these schedules and sensors on, and partitions since that day."""
        environment = {
            "STRIPE_API_KEY": self.sandbox.key,
            "STRIPE_API_BASE": self.sandbox.api_base,
            "STRIPE_FILES_BASE": self.sandbox.files_base,
            "STRIPE_REPORTS_LAKE": self.lake.root,
            "STRIPE_REPORTS_SELECT": _SELECT,
            "STRIPE_REPORTS_START_DATE": str(first),
            "STRIPE_REPORTS_ALERT_URL": f"{self._server.base}/alert",
            "RUNNING": ",".join(running),
            "POLL_SECONDS": "5",
        }
        with dagster_dev(_LOCATION, self.folder, **environment | variables) as dev:
            yield dev

    def somebody_asks(self, report_type: str, day: date) -> str:
        """The id of the report run that somebody else has made."""
        interval = day_interval(day)
        bounds = {"interval_start": interval.start, "interval_end": interval.end}
        return create_report_run(self.api, report_type, bounds, f"somebody-{time.monotonic_ns()}").id

    @property
    def alerts(self) -> list[dict[str, Any]]:
        return [json.loads(asked.body) for asked in self._server.asked_for("POST", "/alert")]

    def has(self, days_: list[date], *tables: str) -> bool:
        """Whether these are the landed days, of both tables or of those that are named."""
        return all(self.lake.days(table) == days_ for table in tables or _TABLES)


@pytest.fixture
def world(server: ScriptedServer, tmp_path: Path) -> Iterator[World]:
    with Sandbox(port=0, files_port=0, latency=0.2) as sandbox:
        yield World(sandbox, server, tmp_path)


def test_a_schedule_that_was_off_lands_the_three_days_that_it_missed_and_only_those(world: World) -> None:
    missed = days(4)
    with world.dagster(first=missed[0]) as dev:
        backfill = dev.backfill(_TABLES, [str(missed[1])])
        until(lambda: dev.backfilled(backfill))
    with world.dagster("daily", first=missed[0]) as dev:
        until(lambda: world.has(missed))
        until(lambda: all(run["status"] == "SUCCESS" for run in dev.runs()))
        runs = len(dev.runs())
        time.sleep(65)  # another tick, with nothing to do
        assert len(dev.runs()) == runs
        for table in _TABLES:
            assert dev.materialized(table) == [str(day) for day in missed], "each once"
    assert world.sandbox.report_runs_created == len(_TABLES) * len(missed)


def test_days_land_as_soon_as_their_data_are_there_and_nothing_fails_before(world: World) -> None:
    newest = days(2)
    world.sandbox.fault("late", seconds=86400)
    with world.dagster("availability", "failed_runs", first=newest[0]) as dev:
        until(lambda: world.has(newest[:1]))
        time.sleep(15)
        assert world.has(newest[:1])
        world.sandbox.clear_faults()
        until(lambda: world.has(newest))
        until(lambda: all(run["status"] == "SUCCESS" for run in dev.runs()))
    assert world.alerts == []


def test_a_person_who_asks_too_early_waits_and_gets_the_day(world: World) -> None:
    (day,) = days(1)
    world.sandbox.fault("late", seconds=86400)
    with world.dagster("failed_runs", first=day) as dev:
        backfill = dev.backfill(_TABLES, [str(day)])
        until(lambda: any(run["status"] == "STARTED" for run in dev.runs()))
        time.sleep(20)
        assert world.sandbox.report_runs_created == 0
        world.sandbox.clear_faults()
        until(lambda: dev.backfilled(backfill))
        assert world.has([day])
    assert world.alerts == []


def test_a_report_run_that_fails_is_alerted_once_and_healed_by_the_next_request(world: World) -> None:
    (day,) = days(1)
    world.sandbox.fault("failed", report_type="payouts.summary.1", error="Try later.", count=4)
    with world.dagster("availability", "failed_runs", first=day) as dev:
        until(lambda: world.has([day]))
        until(
            lambda: (
                len(dev.runs()) == 2 and all(run["status"] in ("SUCCESS", "FAILURE") for run in dev.runs())
            )
        )
        time.sleep(15)
        runs = {run["tags"].get("stripe_reports/attempt"): run for run in dev.runs()}
        assert {attempt: run["status"] for attempt, run in runs.items()} == {None: "FAILURE", "1": "SUCCESS"}
        for table in _TABLES:
            assert dev.materialized(table) == [str(day)]
    (alert,) = world.alerts
    assert (alert["report_type"], alert["partition"]) == ("payouts.summary.1", str(day))
    assert "Try later." in alert["text"]
    assert alert["report_run"].startswith("frr_")
    assert alert["run_url"].endswith(f"/runs/{runs[None]['id']}")


def test_a_report_run_that_somebody_else_made_lands_without_another(world: World) -> None:
    earlier, newest = days(2)
    with world.dagster("pickup", first=earlier) as dev:
        made = world.somebody_asks("balance.summary.1", newest)
        until(lambda: world.has([newest], "balance_summary_1"))
        until(lambda: all(run["status"] == "SUCCESS" for run in dev.runs()))
        time.sleep(15)
        assert dev.materialized("balance_summary_1") == [str(newest)]
        assert len(dev.runs()) == 1
    assert world.lake.provenance("balance_summary_1", newest)["report_run_id"] == made
    assert world.sandbox.report_runs_created == 1


def test_report_runs_that_are_only_submitted_land_when_they_succeed(world: World) -> None:
    newest = days(2)
    with world.dagster("submit", "pickup", first=newest[0]) as dev:
        until(lambda: world.has(newest))
        until(lambda: all(run["status"] == "SUCCESS" for run in dev.runs()))
        for table in _TABLES:
            assert dev.materialized(table) == [str(day) for day in newest]
    assert world.sandbox.report_runs_created == len(_TABLES) * len(newest)


def test_a_repull_says_of_each_day_what_has_changed_since(world: World) -> None:
    landed, table = days(3), "payouts_itemized_3"
    only = {"STRIPE_REPORTS_SELECT": "payouts.itemized.3"}
    with world.dagster(first=landed[0], **only) as dev:
        backfill = dev.backfill([table], [str(day) for day in landed])
        until(lambda: dev.backfilled(backfill))
    world.sandbox.fault("restated", day=str(landed[1]), rows=2)
    with world.dagster("repull", first=landed[0], **only) as dev:
        until(lambda: any("stripe_reports/repull" in run["tags"] for run in dev.runs()))
        until(lambda: all(run["status"] == "SUCCESS" for run in dev.runs()))
    with dg.DagsterInstance.from_config(str(world.folder / "dagster_home")) as instance:
        records = instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey(["stripe_reports", table])), limit=len(landed)
        ).records
        newest = {str(record.partition_key): record.asset_materialization for record in records}
        facts = {day: each.metadata for day, each in newest.items() if each}
        assert {day: each["unchanged"].value for day, each in facts.items()} == {
            str(day): day != landed[1] for day in landed
        }
        assert facts[str(landed[1])]["rows_added"].value == 2
        assert facts[str(landed[1])]["rows_changed"].value == 1
        assert facts[str(landed[1])]["amounts_changed"].value is True
        assert check_rows(instance, table, "restated")[str(landed[1]), "FAILED"] == 1


@contextmanager
def _receiver(world: World) -> Iterator[str]:
    """`stripe-reports webhook` as a process; its address."""
    with (world.folder / "webhook.log").open("ab") as log:
        port = _free_port()
        process = subprocess.Popen(
            [Path(sys.executable).parent / "stripe-reports", "webhook", "--port", str(port)],
            cwd=world.folder,
            env={
                **os.environ,
                "STRIPE_WEBHOOK_SECRET": ",".join(_SECRETS),
                "STRIPE_REPORTS_LAKE": world.lake.root,
            },
            stdout=log,
            stderr=log,
        )
    try:
        until(lambda: _is_healthy(f"http://127.0.0.1:{port}"))
        yield f"http://127.0.0.1:{port}/stripe/webhook"
    finally:
        stop(process)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_healthy(base: str) -> bool:
    try:
        return requests.get(f"{base}/healthz", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def _deliver(address: str, world: World, run: str, *, secret: str = _SECRETS[0], age: int = 0) -> int:
    """The event that the run has succeeded, signed by Stripe's SDK; returns the receiver's answer."""
    told = requests.get(
        f"{world.sandbox.api_base}/v1/reporting/report_runs/{run}",
        auth=(world.sandbox.key, ""),
        timeout=PATIENCE,
    ).json()
    body = body_of(event_object(id_=f"evt_{run}", subject=told))
    headers = {"Stripe-Signature": signature_of(body, secret, age=age)}
    return requests.post(address, data=body, headers=headers, timeout=PATIENCE).status_code


def test_deliveries_of_the_webhook_land_each_day_once_whatever_comes_and_while_dagster_is_down(
    world: World,
) -> None:
    asked = days(6)
    runs = {day: world.somebody_asks("balance.summary.1", day) for day in asked}
    time.sleep(2)
    twice, reverse, wrong, four_minutes, ten_minutes, down = asked
    never = {"POLL_SECONDS": "86400"}  # but once, at the start; what is to be seen is the webhook
    with _receiver(world) as address:
        with world.dagster("pickup", first=down, **never) as dev:
            until(lambda: world.has([down], "balance_summary_1"))
            until(lambda: all(run["status"] == "SUCCESS" for run in dev.runs()))
        with world.dagster("pickup", first=asked[0], **never) as dev:
            began = time.monotonic()
            assert [_deliver(address, world, runs[twice]) for _ in range(2)] == [200, 200]
            until(lambda: world.has([twice, down], "balance_summary_1"))
            assert time.monotonic() - began < 240, "at once, and the start of a run"
            assert _deliver(address, world, runs[wrong], secret="whsec_of_somebody_else") == 400
            assert _deliver(address, world, runs[ten_minutes], age=600) == 400
            assert _deliver(address, world, runs[four_minutes], age=240, secret=_SECRETS[1]) == 200
            until(lambda: world.has([twice, four_minutes, down], "balance_summary_1"))
        # Dagster is down; an older event comes after a newer one, and one that is delivered again.
        assert _deliver(address, world, runs[wrong]) == 200
        assert _deliver(address, world, runs[reverse]) == 200
        assert _deliver(address, world, runs[twice]) == 200
        assert _deliver(address, world, runs[ten_minutes]) == 200
    with world.dagster("pickup", first=asked[0], **never) as dev:
        until(lambda: world.has(asked, "balance_summary_1"))
        until(lambda: all(run["status"] == "SUCCESS" for run in dev.runs()))
        time.sleep(10)
        assert dev.materialized("balance_summary_1") == [str(day) for day in asked], "each once"
    assert world.sandbox.report_runs_created == len(asked)
    for day in asked:
        assert world.lake.provenance("balance_summary_1", day)["report_run_id"] == runs[day]
    assert world.lake.inbox.names("succeeded") == []
