"""One backfill in a process of its own: `python -m benchmarks.backfill.run ASKED` prints JSON.

ASKED is JSON too, see `Asked`; what is printed: `Ran`.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import dagster as dg

from benchmarks import process
from benchmarks.backfill.instance import execute, materializations, opened
from stripe_reports import ReportLakeResource, StripeReports, StripeResource
from stripe_reports.orchestration import START_DATE
from stripe_reports.orchestration.names import JOB


@dataclass(frozen=True, slots=True)
class Asked:
    """The days from `first` to `last` of some report types; folders for lake and Dagster's records."""

    select: Sequence[str]
    first: str
    last: str
    lake: str
    home: str
    key: str
    api_base: str
    files_base: str
    runs_in_flight: int
    calls_per_second: float


@dataclass(frozen=True, slots=True)
class Ran:
    """Seconds and CPU seconds of the run itself, without start and imports."""

    began_at: float
    """Unix seconds, as the files of the lake have them."""
    wall_s: float
    cpu_s: float
    peak_mib: float
    """Of the whole process until the run's end."""
    failures: Sequence[str]
    recorded: Mapping[str, Mapping[str, int]]
    """By table and day, how often Dagster knows it as materialized."""
    total_s: float = 0.0
    """From before the process was there until it had ended; known to the one who started it."""


def run(asked: Asked) -> Ran:
    """Run it in a process of its own. Raises subprocess.CalledProcessError if that breaks."""
    finished = process.run("benchmarks.backfill.run", json.dumps(asdict(asked)))
    return replace(Ran(**json.loads(finished.output)), total_s=finished.wall_s)


def _run_here(asked: Asked) -> Ran:
    reports = StripeReports(asked.select, start_date=min(START_DATE, asked.first))
    definitions = reports.definitions(
        stripe=StripeResource(
            api_key=asked.key,
            api_base=asked.api_base,
            files_base=asked.files_base,
            max_runs_in_flight=asked.runs_in_flight,
            calls_per_second=asked.calls_per_second,
        ),
        report_lake=ReportLakeResource(uri=asked.lake),
        reconciliation=None,  # what is measured is landing
    )
    job = definitions.resolve_job_def(JOB)
    with opened(Path(asked.home)) as instance:
        began_at, began, cpu = time.time(), time.perf_counter(), time.process_time()
        result = execute(job, instance, asked.first, asked.last)
        wall_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
        peak_mib = process.own_peak_mib()
        keys = definitions.resolve_all_asset_keys()
        counted: dict[str, Counter[str]] = {key.path[-1]: Counter() for key in keys}
        for key, day, _ in materializations(instance, keys):
            counted[key.path[-1]][day] += 1
    failures = [_why(event) for event in result.get_step_failure_events()]
    if not result.success and not failures:
        failures = ["the run failed, and none of its steps"]
    recorded = {table: dict(days) for table, days in counted.items()}
    return Ran(began_at, wall_s, cpu_s, peak_mib, failures, recorded)


def _why(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    given = data.user_failure_data and data.user_failure_data.description
    return given or (data.error.message.strip() if data.error else str(event.message))


if __name__ == "__main__":
    json.dump(asdict(_run_here(Asked(**json.loads(sys.argv[1])))), sys.stdout)
