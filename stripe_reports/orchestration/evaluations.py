"""Evaluations of asset checks, each with the materialization that it checked."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

_AT_ONCE = 400
"""Evaluations whose targets are looked up together."""


def with_targets(
    instance: dg.DagsterInstance, evaluations: Iterable[dg.AssetCheckEvaluation]
) -> Iterator[dg.AssetCheckEvaluation]:
    """The same evaluations, each with the newest materialization of its partition as its target.

    Every evaluation of ours goes through here. Dagster shows one without a target as missing on the check's
    Partitions tab; it sets the target of an `AssetCheckResult` itself, which has no partition in a run over
    several. Take the first evaluation only when its materialization has been yielded: the targets are looked
    up then, with two queries for each asset and some hundred evaluations. An evaluation without a partition
    gets the newest materialization of any.
    """
    rest = iter(evaluations)
    while batch := list(islice(rest, _AT_ONCE)):
        partitions: dict[dg.AssetKey, set[str]] = {}
        for each in batch:
            partitions.setdefault(each.asset_key, set())
            if each.partition is not None:
                partitions[each.asset_key].add(each.partition)
        targets = {key: _newest(instance, key, named) for key, named in partitions.items()}
        for each in batch:
            if each.partition is None:
                target = _newest_of_all(instance, each.asset_key)
            else:
                target = targets[each.asset_key].get(each.partition)
            yield dg.AssetCheckEvaluation(
                asset_key=each.asset_key,
                check_name=each.check_name,
                passed=each.passed,
                metadata=each.metadata,
                target_materialization_data=target,
                severity=each.severity,
                description=each.description,
                blocking=each.blocking,
                partition=each.partition,
            )


def _newest(
    instance: dg.DagsterInstance, key: dg.AssetKey, partitions: Collection[str]
) -> Mapping[str, AssetCheckEvaluationTargetMaterializationData]:
    """The newest materialization of each partition that has one."""
    if not partitions:
        return {}
    ids = instance.get_latest_storage_id_by_partition(
        key, dg.DagsterEventType.ASSET_MATERIALIZATION, set(partitions)
    )
    if not ids:
        return {}
    newest = dg.AssetRecordsFilter(asset_key=key, storage_ids=sorted(ids.values()))
    records = instance.fetch_materializations(newest, limit=len(ids)).records
    return {record.partition_key: _target(record) for record in records if record.partition_key is not None}


def _newest_of_all(
    instance: dg.DagsterInstance, key: dg.AssetKey
) -> AssetCheckEvaluationTargetMaterializationData | None:
    records = instance.fetch_materializations(key, limit=1).records
    return _target(records[0]) if records else None


def _target(record: dg.EventLogRecord) -> AssetCheckEvaluationTargetMaterializationData:
    return AssetCheckEvaluationTargetMaterializationData(
        storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
    )
