"""Ticks of schedules and sensors as the daemon evaluates them, and the runs that they request."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta

import dagster as dg

from stripe_reports_tests.orchestration.conftest import NEWEST

TICK = datetime.combine(NEWEST + timedelta(days=1), time(13), UTC)
"""13:00 of the day after the newest one; it may be to come, within the hour."""


def tick(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    name: str,
    at: datetime,
    lines: list[str] | None = None,
) -> tuple[Sequence[dg.RunRequest], str | None]:
    """What the schedule requests at that time, and why nothing. The instance has to be on disk.

    `lines` takes what it logs.
    """
    repository = defs.get_repository_def()
    with dg.build_schedule_context(
        instance,
        scheduled_execution_time=at,
        repository_def=repository,
        resources=repository.get_top_level_resources(),
    ) as context:
        _hear(context.log, lines)
        ticked = defs.resolve_schedule_def(name).evaluate_tick(context)
    return ticked.run_requests or [], ticked.skip_message


def evaluate(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    name: str,
    cursor: str | None,
    lines: list[str] | None = None,
) -> tuple[Sequence[dg.RunRequest], str | None, str | None]:
    """What the sensor requests, why nothing, and its cursor then. `lines` takes what it logs."""
    repository = defs.get_repository_def()
    with dg.build_sensor_context(
        instance,
        cursor=cursor,
        repository_def=repository,
        sensor_name=name,
        resources=repository.get_top_level_resources(),
    ) as context:
        _hear(context.log, lines)
        evaluated = defs.resolve_sensor_def(name).evaluate_tick(context)
    return evaluated.run_requests or [], evaluated.skip_message, evaluated.cursor


def _hear(log: logging.Logger, lines: list[str] | None) -> None:
    kept = logging.Handler()
    kept.emit = lambda record: None if lines is None else lines.append(record.getMessage())  # type: ignore[method-assign]
    log.addHandler(kept)


def execute(
    defs: dg.Definitions, instance: dg.DagsterInstance, requests: Iterable[dg.RunRequest]
) -> list[dg.ExecuteInProcessResult]:
    """The requested runs, one after the other."""
    job = defs.resolve_job_def("stripe_reports")
    return [
        job.execute_in_process(
            instance=instance,
            tags=dict(request.tags),
            run_config=request.run_config,
            asset_selection=request.asset_selection,
            raise_on_error=False,
        )
        for request in requests
    ]


def requested(requests: Iterable[dg.RunRequest]) -> dict[str, set[str]]:
    """Tables of each stretch of days that is requested, by `first` or `first...last`; none of them twice."""
    found: dict[str, set[str]] = {}
    for request in requests:
        tables = {key.path[-1] for key in request.asset_selection or ()}
        of_these_days = found.setdefault(_days(request), set())
        assert not tables & of_these_days, "requested twice"
        of_these_days |= tables
    return found


def stretch(days: Sequence[date]) -> str:
    """As `requested` calls it."""
    return str(days[0]) if len(days) == 1 else f"{days[0]}...{days[-1]}"


def _days(request: dg.RunRequest) -> str:
    if "dagster/partition" in request.tags:
        return request.tags["dagster/partition"]
    ends = (request.tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end"))
    return "...".join(ends)


def land(instance: dg.DagsterInstance, table: str, days: Iterable[date]) -> None:
    """Record the days as landed."""
    for day in days:
        key = dg.AssetKey(["stripe_reports", table])
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=str(day)))
