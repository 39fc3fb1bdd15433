"""One report type, one day, from the question to the committed table."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import stamina

from stripe_reports.catalog import ReportType
from stripe_reports.errors import DownloadError, StripeReportsError
from stripe_reports.lake import Lake, LandedTable
from stripe_reports.landing.parameters import run_interval, run_parameters
from stripe_reports.stripe_api import (
    Polling,
    ReportRun,
    ResultFile,
    RunParameters,
    StripeApi,
    check_available,
    create_report_run,
    open_result,
    retrieve_availability,
    wait_for,
)

_DOWNLOAD_ATTEMPTS = 6
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds; a file can be some moments late behind its run


@dataclass(frozen=True, slots=True)
class LandedDay:
    """Facts about what landed: where, what it rests on, and how long it took (seconds)."""

    report_type: ReportType
    day: date
    table: LandedTable
    report_run: str
    result: ResultFile
    waited_seconds: float
    landed_seconds: float


def land_day(
    report_type: ReportType,
    day: date,
    *,
    api: StripeApi,
    lake: Lake,
    timezone: str = "UTC",
    polling: Polling | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> LandedDay:
    """Create a report run for the day, wait for it, and land its result as the day's partition.

    `tell` is given one line at each step. Raises a StripeReportsError that names the report type, the day
    and, once there is one, the report run; then the partition is as it was before.
    """
    run_id: str | None = None
    try:
        interval = run_interval(report_type, day, timezone)
        availability = retrieve_availability(api, report_type.id)
        check_available(availability, interval, report_type.interval)
        lake.claim(livemode=availability.livemode, account=api.account)

        began = time.monotonic()
        parameters = run_parameters(report_type, day, timezone)
        run = create_report_run(api, report_type.id, parameters)
        run_id = run.id
        tell(f"{report_type.id} {day}: report run {run.id} is {run.status}")
        result = wait_for(api, run, polling or Polling())
        waited = time.monotonic() - began

        began = time.monotonic()
        facts = _facts(run, result, parameters, timezone, api.account)
        table = _download_and_land(report_type, day, result, facts, api, lake)
        landed = time.monotonic() - began
        tell(f"{report_type.id} {day}: {table.rows} rows landed at {table.uri}")
    except StripeReportsError as error:
        error.at(report_type=report_type.id, day=day, report_run=run_id)
        raise
    return LandedDay(report_type, day, table, run.id, result, waited, landed)


def _facts(
    run: ReportRun, result: ResultFile, parameters: RunParameters, timezone: str, account: str | None
) -> dict[str, str]:
    """What the table's provenance says of the report run; the lake adds what it knows of the CSV."""
    facts = {
        "report_run_id": run.id,
        "file_id": result.id,
        "result_created": str(result.created),
        "timezone": timezone,
        "livemode": json.dumps(run.livemode),
        "account": account or "",
        "columns": json.dumps(parameters.get("columns")),
    }
    return facts | {
        key: str(parameters[key]) for key in ("interval_start", "interval_end") if key in parameters
    }


def _download_and_land(
    report_type: ReportType,
    day: date,
    result: ResultFile,
    facts: dict[str, str],
    api: StripeApi,
    lake: Lake,
) -> LandedTable:
    def pause(error: Exception) -> bool | float:
        return isinstance(error, DownloadError) and (error.retry_after or True)

    for attempt in stamina.retry_context(
        on=pause,
        attempts=_DOWNLOAD_ATTEMPTS,
        timeout=None,
        wait_initial=_FIRST_PAUSE,
        wait_max=_LONGEST_PAUSE,
    ):
        with attempt, open_result(api, result) as chunks:
            return lake.land(
                report_type,
                day,
                chunks,
                expected_columns=report_type.expected_columns,
                size=result.size,
                facts=facts,
            )
    raise AssertionError("unreachable: the loop returns or raises")
