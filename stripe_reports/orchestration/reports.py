"""The report assets of one account: what they are asked for, which days are missing, and the runs that land
them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Any

import dagster as dg

from stripe_reports.catalog import ReportType, stretches
from stripe_reports.landing import ReportRequest
from stripe_reports.orchestration.names import AccountNames

_RANGE_START = "dagster/asset_partition_range_start"
_RANGE_END = "dagster/asset_partition_range_end"
_IN_PROGRESS = "IN_PROGRESS"
_SETTLED = ("MATERIALIZED", _IN_PROGRESS)


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """A report type as an asset, and what Stripe is asked for."""

    report_type: ReportType
    spec: dg.AssetSpec
    request: ReportRequest

    @property
    def key(self) -> dg.AssetKey:
        """The asset's key."""
        return self.spec.key


@dataclass(frozen=True)
class Reports:
    """The selected reports of one account, which one op lands."""

    names: AccountNames
    partitions_def: dg.DailyPartitionsDefinition
    range_runs: bool
    """Whether days of an itemized report may come from one report run of up to a calendar month."""
    by_id: Mapping[str, Report]
    """The reports by Stripe's id of their report type."""

    @property
    def op(self) -> str:
        """The name of the op that lands them."""
        first = next(iter(self.by_id.values()))
        return "__".join(["land", *(first.key.path[:-1] or self.names.key_prefix)])

    @property
    def timezone(self) -> str:
        """The time zone whose days the partitions are."""
        return self.partitions_def.timezone

    @cached_property
    def report_types(self) -> Mapping[str, ReportType]:
        """The report types by id."""
        return {id_: report.report_type for id_, report in self.by_id.items()}

    @cached_property
    def requests(self) -> Mapping[str, ReportRequest]:
        """What each report type is asked for, by id."""
        return {id_: report.request for id_, report in self.by_id.items()}

    @cached_property
    def by_key(self) -> Mapping[dg.AssetKey, Report]:
        """The reports by their asset's key."""
        return {report.key: report for report in self.by_id.values()}

    @cached_property
    def by_table(self) -> Mapping[str, Report]:
        """The reports by their table's name."""
        return {report.report_type.table: report for report in self.by_id.values()}

    def key(self, report_type: str) -> dg.AssetKey:
        """Return the asset key of a report type."""
        return self.by_id[report_type].key

    def report_type_of(self, key: dg.AssetKey) -> str | None:
        """Return the id of an asset's report type; None for an asset that is not a report of these."""
        report = self.by_key.get(key)
        return report.report_type.id if report else None

    def missing(self, instance: dg.DagsterInstance, report_type: str, days: Iterable[date]) -> Sequence[date]:
        """Return those of the days that are partitions, have not landed, and that no run is landing; sorted.

        A day counts as landed when Dagster has recorded it, unless a newer run for it has failed.
        """
        status = self._status(instance, report_type, days)
        return [day for day, each in status.items() if each not in _SETTLED]

    def landed(self, instance: dg.DagsterInstance, report_type: str, days: Iterable[date]) -> Sequence[date]:
        """Return those of the days that have landed at some time, and that no run is landing; sorted.

        They include a day for which a newer run has failed, because its table is still there.
        """
        status = self._status(instance, report_type, days)
        if not status:
            return []
        recorded = instance.get_materialized_partitions(self.key(report_type))
        return [day for day, each in status.items() if str(day) in recorded and each != _IN_PROGRESS]

    def run_requests(
        self,
        wanted: Mapping[str, Iterable[date]],
        *,
        name: str,
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> list[dg.RunRequest]:
        """Return as few runs as land these days of each report type: one for each stretch of days.

        `name` names the occasion: its runs start once, however often they are requested under it. `config` is
        the op's config.
        """
        reports: dict[tuple[date, ...], list[str]] = {}
        for id_, days in wanted.items():
            for stretch in stretches(days):
                reports.setdefault(stretch, []).append(id_)
        return [
            self._run_request(sorted(ids), stretch[0], stretch[-1], name, config, tags)
            for stretch, ids in sorted(reports.items())
        ]

    def _status(
        self, instance: dg.DagsterInstance, report_type: str, days: Iterable[date]
    ) -> Mapping[date, str | None]:
        """Return Dagster's status of each of the days that is a partition; sorted."""
        wanted = {
            str(day): day for day in sorted(set(days)) if self.partitions_def.has_partition_key(str(day))
        }
        known = (
            instance.get_status_by_partition(self.key(report_type), list(wanted), self.partitions_def) or {}
        )
        status = {partition: each.value for partition, each in known.items() if each}
        return {day: status.get(partition) for partition, day in wanted.items()}

    def _run_request(
        self,
        ids: Collection[str],
        first: date,
        last: date,
        name: str,
        config: Mapping[str, Any] | None,
        tags: Mapping[str, str] | None,
    ) -> dg.RunRequest:
        digest = sha256(" ".join(ids).encode()).hexdigest()[:12]
        days = str(first) if first == last else f"{first}...{last}"
        range_ = {} if first == last else {_RANGE_START: str(first), _RANGE_END: str(last)}
        return dg.RunRequest(
            run_key=f"{name} {days} {digest}",
            run_config={"ops": {self.op: {"config": dict(config)}}} if config else {},
            tags={**(tags or {}), **range_, **self.names.tags},
            partition_key=str(first) if first == last else None,
            asset_selection=[self.key(id_) for id_ in ids],
        )
