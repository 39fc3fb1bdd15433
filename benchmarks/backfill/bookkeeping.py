"""What Dagster takes to record a backfill: `python -m benchmarks.backfill.bookkeeping ASKED` prints JSON.

A multi-asset with the specs, checks and partitions of the report assets lands nothing, and records each
partition as the backfill does: with its metadata, and an evaluation for each check that looks up what it
checked. In the seconds of
that run are the events that plan each partition of each asset (and of each check), those that say that it is
materialized, those of the checks, and the step around them; all in SQLite.
"""

# No `from __future__ import annotations`: Dagster reads annotations at run time.
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from benchmarks import process
from benchmarks.backfill.instance import execute, materializations, opened
from stripe_reports import StripeReports
from stripe_reports.orchestration import START_DATE
from stripe_reports.orchestration.made_partitions import MadePartitions, all_made
from stripe_reports.orchestration.names import IO_MANAGER


@dataclass(frozen=True, slots=True)
class Asked:
    """`backfilled` is the home whose records are recorded again, in `home`."""

    select: Sequence[str]
    first: str
    last: str
    backfilled: str
    home: str
    checks: bool


def seconds(asked: Asked) -> float:
    """Of the run alone, in a process of its own. Raises subprocess.CalledProcessError if that breaks."""
    said = process.run("benchmarks.backfill.bookkeeping", json.dumps(asdict(asked))).output
    return float(json.loads(said)["wall_s"])


def _seconds_here(asked: Asked) -> float:
    (like,) = StripeReports(asked.select, start_date=min(START_DATE, asked.first)).assets
    with opened(Path(asked.backfilled)) as instance:
        known: dict[dg.AssetKey, dict[str, Mapping[str, Any]]] = {key: {} for key in like.keys}
        for key, day, metadata in materializations(instance, like.keys):
            known[key][day] = metadata  # the oldest remains: of the backfill that landed
    asset = _recording(like, known, checks=asked.checks)
    job = dg.define_asset_job("bookkeeping", [asset])
    definitions = dg.Definitions(assets=[asset], jobs=[job], resources={IO_MANAGER: dg.mem_io_manager})
    with opened(Path(asked.home)) as instance:
        began = time.perf_counter()
        result = execute(definitions.resolve_job_def("bookkeeping"), instance, asked.first, asked.last)
        wall_s = time.perf_counter() - began
    wanted = sum(map(len, known.values()))
    if not result.success or len(result.get_asset_materialization_events()) != wanted:
        raise RuntimeError(f"{wanted} partitions were to be recorded, and were not")
    return wall_s


def _recording(
    like: dg.AssetsDefinition,
    known: Mapping[dg.AssetKey, Mapping[str, Mapping[str, Any]]],
    *,
    checks: bool,
) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="bookkeeping",
        specs=list(like.specs),
        partitions_def=like.partitions_def,
        check_specs=list(like.check_specs) if checks else None,
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def record(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetMaterialization | dg.AssetCheckEvaluation]:
        made = MadePartitions(context)
        for spec in like.specs:
            names = [check.name for check in like.check_specs if checks and check.asset_key == spec.key]
            for day in context.partition_keys:
                evaluations = [_evaluation(spec.key, name, day) for name in names]
                made.add(spec.key, day, known[spec.key].get(day, {}), evaluations=evaluations)
                yield from made.due()
        yield from made.rest()
        # An asset after what it depends on, of which there is one at most.
        for spec in sorted(like.specs, key=lambda spec: len(list(spec.deps))):
            yield all_made(spec.key)

    return record


def _evaluation(key: dg.AssetKey, check: str, day: str) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=key, check_name=check, partition=day, passed=True, severity=dg.AssetCheckSeverity.WARN
    )


if __name__ == "__main__":
    json.dump({"wall_s": _seconds_here(Asked(**json.loads(sys.argv[1])))}, sys.stdout)
