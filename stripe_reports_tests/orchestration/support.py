"""Days of several reports in one run; and what the lake has, beside what Dagster's records say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

import dagster as dg

from stripe_reports import StripeReports
from stripe_reports.lake import Lake
from stripe_reports_tests.orchestration.conftest import START
from stripe_reports_tests.waiting import until as until

Place = tuple[str, str]
"""Table and day."""


def range_tags(days: Sequence[date]) -> dict[str, str]:
    """By which Dagster tells a run its days, where it is one run for many."""
    return {
        "dagster/asset_partition_range_start": str(min(days)),
        "dagster/asset_partition_range_end": str(max(days)),
    }


def materialize_range(
    instance: dg.DagsterInstance,
    resources: dict[str, Any],
    days: Sequence[date],
    *,
    select: str,
    others: Sequence[dg.AssetsDefinition] = (),
    **more: Any,
) -> dg.ExecuteInProcessResult:
    """All the days in one run, as a backfill does it."""
    return dg.materialize(
        [*StripeReports(select, start_date=START).assets, *others],
        tags=range_tags(days),
        instance=instance,
        resources=resources,
        raise_on_error=False,
        **more,
    )


def recorded(instance: dg.DagsterInstance, *, run_id: str | None = None) -> Counter[Place]:
    """How often each day of each table stands in Dagster's records."""
    found: Counter[Place] = Counter()
    for key in instance.get_asset_keys():
        for record in instance.fetch_materializations(key, limit=5000).records:
            if run_id in (None, record.run_id):
                found[key.path[-1], str(record.partition_key)] += 1
    return found


def landed(lake: Lake) -> Counter[Place]:
    """Each day of each table that is in the lake, once."""
    return Counter((table, str(day)) for table in lake.tables() for day in lake.days(table))


def expected(tables: Sequence[str], days: Sequence[date]) -> Counter[Place]:
    """Each day of each table, once."""
    return Counter((table, str(day)) for table in tables for day in days)


def assert_verified(lake: Lake) -> None:
    """Every file is what its kept CSV says, to the value."""
    for table in lake.tables():
        for day in lake.verify(table):
            assert day.error is None, (table, day)


def facts(result: dg.ExecuteInProcessResult) -> dict[Place, dict[str, Any]]:
    """The metadata of each day that the run recorded."""
    return {
        (event.asset_key.path[-1], str(event.partition)): {
            name: value.value for name, value in event.materialization.metadata.items()
        }
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }


def check_rows(instance: dg.DagsterInstance, table: str, check: str = "schema") -> Counter[Place]:
    """Partition and status of each execution of a check."""
    key = dg.AssetCheckKey(dg.AssetKey(["stripe_reports", table]), check)
    records = instance.event_log_storage.get_asset_check_execution_history(key, limit=1000)
    return Counter((str(record.partition), record.status.value) for record in records)


def failures(result: dg.ExecuteInProcessResult) -> list[dict[str, Any]]:
    """The table of a failed step that says what did not land, and why."""
    (event,) = result.get_step_failure_events()
    given = event.step_failure_data.user_failure_data
    assert given is not None, event.step_failure_data.error
    records = given.metadata["failures"].value.records
    assert given.metadata["failed"].value == len(records)
    return [dict(record.data) for record in records]
