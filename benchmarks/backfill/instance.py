"""Dagster's records in SQLite files, in a folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

_PAGE = 1000
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@contextmanager
def opened(home: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of that home, which is made if it is not there."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\nnux:\n  enabled: false\n")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def execute(
    job: dg.JobDefinition, instance: dg.DagsterInstance, first: str, last: str
) -> dg.ExecuteInProcessResult:
    """One run over the partitions from `first` to `last`, as a backfill is, in this process."""
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    return job.execute_in_process(instance=instance, tags=tags, run_config=_QUIET, raise_on_error=False)


def materializations(
    instance: dg.DagsterInstance, keys: Iterable[dg.AssetKey]
) -> Iterator[tuple[dg.AssetKey, str, Mapping[str, Any]]]:
    """What is recorded of each asset: partitions with their metadata, the newest first."""
    for key in keys:
        cursor, more = None, True
        while more:
            page = instance.fetch_materializations(key, limit=_PAGE, cursor=cursor)
            cursor, more = page.cursor, page.has_more
            for record in page.records:
                found = record.asset_materialization
                if found is not None:
                    yield key, found.partition or "", found.metadata
