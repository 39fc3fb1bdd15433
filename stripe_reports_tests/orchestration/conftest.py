from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stripe_reports import (
    ReportLakeIOManager,
    ReportLakeResource,
    StripeReports,
    StripeResource,
)
from stripe_reports.catalog import newest_complete_day
from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.core_lake import days_of, land

START = "2025-06-01"
FOUR_DAYS = days_of(date(2025, 9, 1), 4)
NEWEST = newest_complete_day(datetime.now(UTC))


def days(count: int) -> list[date]:
    """The newest days that the sandbox has, oldest first."""
    return [NEWEST - timedelta(days=back) for back in reversed(range(count))]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture(scope="session")
def empty_records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dagster's databases without a row; to make them takes longer than to copy them."""
    folder = tmp_path_factory.mktemp("records")
    with dg.DagsterInstance.local_temp(str(folder)) as made:
        made.get_run_records()
        made.get_asset_keys()
        made.all_instigator_state()
    return folder


@pytest.fixture
def instance_on_disk(empty_records: Path, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """As schedules need it."""
    with dg.DagsterInstance.local_temp(str(shutil.copytree(empty_records, tmp_path / "records"))) as instance:
        yield instance


@pytest.fixture(scope="session")
def four_days(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake of FOUR_DAYS of the core reports, not to be changed."""
    root = tmp_path_factory.mktemp("four_days") / "lake"
    land(Lake.open(str(root)), sandbox, FOUR_DAYS)
    return root


@pytest.fixture
def lake(four_days: Path, tmp_path: Path) -> Lake:
    """A copy of it."""
    return Lake.open(str(shutil.copytree(four_days, tmp_path / "lake")))


@pytest.fixture
def resources(sandbox: Sandbox, tmp_path: Path) -> dict[str, Any]:
    return resources_for(sandbox, tmp_path / "lake")


@pytest.fixture
def own_sandbox() -> Iterator[Sandbox]:
    """One that no other test uses: for tests that set faults or count report runs."""
    with Sandbox(port=0, files_port=0, latency=0.05) as running:
        yield running


@pytest.fixture
def own_resources(own_sandbox: Sandbox, tmp_path: Path) -> dict[str, Any]:
    return resources_for(own_sandbox, tmp_path / "lake")


def resources_for(sandbox: Sandbox, lake: Path, **settings: Any) -> dict[str, Any]:
    """What the assets need, without pauses."""
    report_lake = ReportLakeResource(uri=str(lake))
    quick: dict[str, Any] = {"poll_initial_seconds": 0.05, "calls_per_second": 1000}
    return {
        "stripe": StripeResource(
            api_key=sandbox.key,
            api_base=sandbox.api_base,
            files_base=sandbox.files_base,
            **(quick | settings),
        ),
        "report_lake": report_lake,
        "report_lake_io_manager": ReportLakeIOManager(lake=report_lake),
    }


def materialize(
    instance: dg.DagsterInstance,
    resources: dict[str, Any],
    *days_: date,
    select: str = "balance.summary.1",
) -> list[dg.ExecuteInProcessResult]:
    """Each day in a run of its own, as a backfill does it."""
    assets = StripeReports(select, start_date=START).assets
    return [
        dg.materialize(
            assets, partition_key=str(day), instance=instance, resources=resources, raise_on_error=False
        )
        for day in days_
    ]


def failure(result: dg.ExecuteInProcessResult) -> str:
    """What the failed step of a run says to a person."""
    (event,) = result.get_step_failure_events()
    given = event.step_failure_data.user_failure_data
    assert given is not None, event.step_failure_data.error
    assert given.description is not None
    return given.description
