"""Asset checks of partitions: their specs, their evaluations with what these checked, and their outputs."""

import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

_AT_ONCE = 400
"""Evaluations whose targets are looked up together."""


def partitioned_check_spec(
    name: str,
    key: dg.AssetKey,
    description: str,
    partitions_def: dg.PartitionsDefinition,
    *,
    blocking: bool = False,
) -> dg.AssetCheckSpec:
    """Return the spec of a check that each partition has.

    A check without partitions would stay planned for each partition that is materialized.
    """
    with warnings.catch_warnings():
        # A preview in Dagster 1.13: test_upstream_dagster_ranges.py pins its behaviour, so that not every
        # load has to warn.
        warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")
        return dg.AssetCheckSpec(
            name, asset=key, description=description, partitions_def=partitions_def, blocking=blocking
        )


def with_targets(
    instance: dg.DagsterInstance, evaluations: Iterable[dg.AssetCheckEvaluation]
) -> Iterator[dg.AssetCheckEvaluation]:
    """Yield the evaluations, each with the newest materialization of its partition as its target.

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


def check_outputs(context: dg.AssetExecutionContext) -> Iterator[dg.Output[None]]:
    """Yield an output for each selected check: its evaluations alone do not complete it for Dagster."""
    step = context.op_execution_context
    of_assets = {step.output_for_asset_key(key) for key in context.selected_asset_keys}
    for name in sorted(step.selected_output_names - of_assets):
        yield dg.Output(None, output_name=name)


def _newest(
    instance: dg.DagsterInstance, key: dg.AssetKey, partitions: Collection[str]
) -> Mapping[str, AssetCheckEvaluationTargetMaterializationData]:
    """Return the newest materialization of each partition that has one."""
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
