"""The partitions that a step has made; each is recorded in Dagster within seconds, with its checks."""

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION

from stripe_reports.orchestration.partitioned_checks import with_targets

DATA_VERSION = "dagster/data_version"
"""Dagster's tag: a downstream asset is out of date once the version of a partition it reads changes."""

_LONGEST_SECONDS = 2.0
"""The longest wait until a partition is recorded. Partitions are recorded together to share look-ups."""

Event = dg.AssetMaterialization | dg.AssetCheckEvaluation


class MadePartitions:
    """The partitions of one step's assets, recorded as they are made.

    Each is an event of its own: a `MaterializeResult` would record all partitions of the step at its end, and
    those that are already recorded a second time.
    """

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self._context = context
        self._made: deque[dg.AssetMaterialization] = deque()
        self._evaluations: deque[dg.AssetCheckEvaluation] = deque()
        self._oldest = 0.0

    def add(
        self,
        key: dg.AssetKey,
        partition: str,
        metadata: Mapping[str, Any],
        *,
        version: str | None = None,
        evaluations: Sequence[dg.AssetCheckEvaluation] = (),
    ) -> None:
        """Add a partition that is in the lake, with its checks' evaluations.

        `version` of its data is by default the run's id. If only the asset's checks are selected, only they
        are recorded.
        """
        if not self._made and not self._evaluations:
            self._oldest = time.monotonic()
        if key in self._context.selected_asset_keys:
            tags = {DATA_VERSION: version or self._context.run.run_id}
            self._made.append(dg.AssetMaterialization(key, partition=partition, metadata=metadata, tags=tags))
        self._evaluations.extend(evaluations)

    def due(self) -> Iterator[Event]:
        """Yield the events that have waited long enough."""
        if (self._made or self._evaluations) and time.monotonic() - self._oldest >= _LONGEST_SECONDS:
            yield from self.rest()

    def rest(self) -> Iterator[Event]:
        """Yield all events that are not recorded yet."""
        while self._made:
            yield self._made.popleft()
        for evaluation in with_targets(self._context.instance, tuple(self._evaluations)):
            self._evaluations.popleft()
            yield evaluation


def all_made(key: dg.AssetKey) -> dg.MaterializeResult[None]:
    """Return the result with which assets that depend on this one may start in the same run.

    All partitions are recorded already. Dagster would record an output's partitions again, unless its
    metadata has this key.
    """
    return dg.MaterializeResult(asset_key=key, metadata={SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True})
