"""What Dagster is told of partitions that a step computes: of all at once, or of those that it came to."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg


class MadePartitions:
    """One asset's partitions in a step, each with its own metadata. Where the asset is not selected, as its
    checks alone may be, nothing is told."""

    def __init__(self, context: dg.AssetExecutionContext, key: dg.AssetKey) -> None:
        self._context = context
        self._key = key
        self._metadata: dict[str, Mapping[str, Any]] = {}

    @property
    def are_wanted(self) -> bool:
        """Whether the asset is selected."""
        return self._key in self._context.selected_asset_keys

    def add(self, partition: str, metadata: Mapping[str, Any]) -> None:
        """It is in the lake."""
        if self.are_wanted:
            self._metadata[partition] = metadata

    def in_parts(self) -> Iterator[dg.AssetMaterialization]:
        """Those that were made, where another one fails."""
        for partition, metadata in self._metadata.items():
            yield dg.AssetMaterialization(self._key, partition=partition, metadata=metadata)

    def whole(self) -> Iterator[dg.MaterializeResult[None]]:
        """All partitions of the step."""
        for partition, metadata in self._metadata.items():
            self._context.add_asset_metadata(metadata, asset_key=self._key, partition_key=partition)
        if self.are_wanted:
            yield dg.MaterializeResult(asset_key=self._key)
