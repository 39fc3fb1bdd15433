"""The report assets that automation looks after: which days are missing, and the runs that land them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any

import dagster as dg

from stripe_reports.catalog import REPORT_TYPES, ReportType, stretches, unlisted_report_type
from stripe_reports.errors import ConfigurationError
from stripe_reports.orchestration.metadata import REPORT_TYPE

_RANGE_START = "dagster/asset_partition_range_start"
_RANGE_END = "dagster/asset_partition_range_end"
_IN_PROGRESS = "IN_PROGRESS"
_SETTLED = ("MATERIALIZED", _IN_PROGRESS)


class WatchedReports:
    """The assets of one account, by Stripe's ids of their report types.

    Raises ConfigurationError where a report type is there twice, or the assets do not share their partitions.
    """

    def __init__(self, assets: Sequence[dg.AssetsDefinition]) -> None:
        self.report_types: dict[str, ReportType] = {}
        self._keys: dict[str, dg.AssetKey] = {}
        self._ops: dict[str, str] = {}
        definitions = {asset.partitions_def for asset in assets}
        partitions_def = definitions.pop() if len(definitions) == 1 else None
        if not isinstance(partitions_def, dg.DailyPartitionsDefinition):
            raise ConfigurationError(
                "report assets that are looked after together must share daily partitions"
            )
        self.partitions_def = partitions_def
        for asset in assets:
            for key, spec in asset.specs_by_key.items():
                id_ = str(spec.metadata[REPORT_TYPE])
                if id_ in self._keys:
                    raise ConfigurationError(
                        "it is there twice; give each account schedules and sensors of its own",
                        report_type=id_,
                    )
                self.report_types[id_] = REPORT_TYPES.get(id_) or unlisted_report_type(id_)
                self._keys[id_] = key
                self._ops[id_] = asset.op.name

    @property
    def timezone(self) -> str:
        """Whose days the partitions are."""
        return self.partitions_def.timezone

    @property
    def steps(self) -> Mapping[str, Collection[dg.AssetKey]]:
        """The assets of each op, by its name."""
        return {
            op: [self._keys[id_] for id_, name in self._ops.items() if name == op]
            for op in dict.fromkeys(self._ops.values())
        }

    def key(self, report_type: str) -> dg.AssetKey:
        """The asset of a report type."""
        return self._keys[report_type]

    def report_type_of(self, key: dg.AssetKey) -> str | None:
        """The id of an asset's report type; None for an asset that is not among these."""
        return next((id_ for id_, own in self._keys.items() if own == key), None)

    def missing(self, instance: dg.DagsterInstance, report_type: str, days: Iterable[date]) -> Sequence[date]:
        """Those of the days that are partitions, have not landed, and that no run is at; sorted.

        A day counts as landed when Dagster has recorded it, unless a newer run for it has failed.
        """
        status = self._status(instance, report_type, days)
        return [day for day, each in status.items() if each not in _SETTLED]

    def landed(self, instance: dg.DagsterInstance, report_type: str, days: Iterable[date]) -> Sequence[date]:
        """Those of the days that have landed at some time, and that no run is at; sorted.

        They include a day for which a newer run has failed, because its table is still there.
        """
        status = self._status(instance, report_type, days)
        if not status:
            return []
        recorded = instance.get_materialized_partitions(self.key(report_type))
        return [day for day, each in status.items() if str(day) in recorded and each != _IN_PROGRESS]

    def _status(
        self, instance: dg.DagsterInstance, report_type: str, days: Iterable[date]
    ) -> Mapping[date, str | None]:
        """Dagster's word for each of the days that is a partition; sorted."""
        wanted = {
            str(day): day for day in sorted(set(days)) if self.partitions_def.has_partition_key(str(day))
        }
        known = (
            instance.get_status_by_partition(self.key(report_type), list(wanted), self.partitions_def) or {}
        )
        status = {partition: each.value for partition, each in known.items() if each}
        return {day: status.get(partition) for partition, day in wanted.items()}

    def run_requests(
        self,
        wanted: Mapping[str, Iterable[date]],
        *,
        name: str,
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> list[dg.RunRequest]:
        """As few runs as land these days of each report type: one for each stretch of days without a gap.

        `name` is of the occasion: its runs are started once, however often they are requested under it.
        `config` is the steps' own.
        """
        reports: dict[tuple[date, ...], list[str]] = {}
        for id_, days in wanted.items():
            for stretch in stretches(days):
                reports.setdefault(stretch, []).append(id_)
        return [
            self._run_request(sorted(ids), stretch[0], stretch[-1], name, config, tags)
            for stretch, ids in sorted(reports.items())
        ]

    def _run_request(
        self,
        ids: Sequence[str],
        first: date,
        last: date,
        name: str,
        config: Mapping[str, Any] | None,
        tags: Mapping[str, str] | None,
    ) -> dg.RunRequest:
        digest = sha256(" ".join(ids).encode()).hexdigest()[:12]
        days = str(first) if first == last else f"{first}...{last}"
        range_ = {} if first == last else {_RANGE_START: str(first), _RANGE_END: str(last)}
        ops = dict.fromkeys(self._ops[id_] for id_ in ids)
        return dg.RunRequest(
            run_key=f"{name} {days} {digest}",
            run_config={"ops": {op: {"config": dict(config)} for op in ops}} if config else {},
            tags={**(tags or {}), **range_},
            partition_key=str(first) if first == last else None,
            asset_selection=[self._keys[id_] for id_ in ids],
        )
