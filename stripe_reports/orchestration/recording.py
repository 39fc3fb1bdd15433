"""What Dagster is told of each day that has landed: once, with its own metadata."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date

import dagster as dg

from stripe_reports.catalog import ReportType
from stripe_reports.landing import LandedDay, ReportRequest
from stripe_reports.orchestration.checks import check_evaluations
from stripe_reports.orchestration.metadata import Oddities, landed_metadata, oddities_of_day

Event = dg.MaterializeResult | dg.AssetMaterialization | dg.AssetCheckEvaluation  # type: ignore[type-arg]


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """A report type as an asset, and what it is asked for."""

    report_type: ReportType
    spec: dg.AssetSpec
    request: ReportRequest

    @property
    def key(self) -> dg.AssetKey:
        """The asset's."""
        return self.spec.key


@dataclass(slots=True)
class _Table:
    """What became of an asset's days so far."""

    report: Report
    landed: dict[date, LandedDay] = field(default_factory=dict)
    """Those that are not recorded yet."""
    in_parts: bool = False
    """Whether some day does not land in this attempt, so that the others are recorded as they come."""
    recorded: bool = False
    """Whether any day is."""


class Recording:
    """One step's days, for each selected asset.

    A MaterializeResult stands for all partitions of the step and lets downstream assets start, so it is given
    once every day of its asset has landed. Where one has not, those that have are recorded one by one.
    """

    def __init__(
        self, context: dg.AssetExecutionContext, reports: Mapping[dg.AssetKey, Report], days: Sequence[date]
    ) -> None:
        """Leaves out the assets that an earlier attempt of the step has recorded as a whole."""
        self._context = context
        self._days = days
        done = _recorded_as_a_whole(context, reports.keys()) if context.retry_number else set()
        self._tables = {key: _Table(report) for key, report in reports.items() if key not in done}
        self._keys = {report.report_type.id: key for key, report in reports.items()}

    @property
    def reports(self) -> Sequence[Report]:
        """Those that are to be recorded."""
        return [table.report for table in self._tables.values()]

    def recorded_before(self) -> Mapping[Report, Sequence[date]]:
        """Of each report the days that earlier attempts of the step have recorded one by one."""
        partitions: dict[dg.AssetKey, set[str | None]] = {}
        if self._context.retry_number:
            records = self._context.instance.get_records_for_run(
                self._context.run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
            ).records
            for record in records:
                event = record.event_log_entry.dagster_event
                if event and event.asset_key:
                    partitions.setdefault(event.asset_key, set()).add(event.partition)
        return {
            report: [day for day in self._days if str(day) in partitions.get(report.key, ())]
            for report in self.reports
        }

    def keep(self, day: LandedDay) -> None:
        """Record it with the rest."""
        self._tables[self._keys[day.report_type.id]].landed[day.day] = day

    def take(self, day: LandedDay) -> Iterator[Event]:
        """Record it as soon as may be."""
        self.keep(day)
        yield from self._record(self._tables[self._keys[day.report_type.id]])

    def take_in_parts(self, report_type: ReportType) -> Iterator[Event]:
        """Some day of it does not land in this attempt."""
        table = self._tables[self._keys[report_type.id]]
        table.in_parts = True
        yield from self._record(table)

    def rest(self) -> Iterator[Event]:
        """What is not recorded yet, one by one."""
        for table in self._tables.values():
            yield from self._record_days(table)

    def _record(self, table: _Table) -> Iterator[Event]:
        if table.in_parts:
            yield from self._record_days(table)
        while whole := next(filter(self._can_be_recorded_whole, self._tables.values()), None):
            yield from self._record_whole(whole)

    def _can_be_recorded_whole(self, table: _Table) -> bool:
        """Whether all its days have landed, and what it depends on is recorded: Dagster wants that order."""
        if table.recorded or table.in_parts or len(table.landed) < len(self._days):
            return False
        before = [
            self._tables[dep.asset_key] for dep in table.report.spec.deps if dep.asset_key in self._tables
        ]
        return all(upstream.recorded or upstream.in_parts for upstream in before)

    def _record_whole(self, table: _Table) -> Iterator[Event]:
        key = table.report.key
        for day, landed in table.landed.items():
            self._context.add_asset_metadata(
                landed_metadata(landed), asset_key=key, partition_key=day.isoformat()
            )
        days = list(table.landed.values())
        table.recorded = True
        table.landed.clear()
        yield dg.MaterializeResult(asset_key=key)
        for landed in days:
            yield from self._evaluations(table, landed, oddities_of_day(landed))

    def _record_days(self, table: _Table) -> Iterator[Event]:
        for day in list(table.landed):
            landed = table.landed.pop(day)
            table.recorded = True
            yield dg.AssetMaterialization(
                table.report.key, partition=day.isoformat(), metadata=landed_metadata(landed)
            )
            oddities = oddities_of_day(landed)
            # If the run fails, Dagster shows what is not evaluated as failed, which a landed day has not.
            every = replace(oddities, changes=oddities.changes or {})
            yield from self._evaluations(table, landed, every)

    def _evaluations(
        self, table: _Table, landed: LandedDay, oddities: Oddities
    ) -> Iterator[dg.AssetCheckEvaluation]:
        return check_evaluations(
            landed.report_type,
            table.report.key,
            landed.day,
            oddities,
            self._context.selected_asset_check_keys,
        )


def _recorded_as_a_whole(
    context: dg.AssetExecutionContext, keys: AbstractSet[dg.AssetKey]
) -> AbstractSet[dg.AssetKey]:
    """The assets whose output an earlier attempt of this step has given."""
    records = context.instance.get_records_for_run(
        context.run.run_id, of_type=dg.DagsterEventType.STEP_OUTPUT
    ).records
    events = (record.event_log_entry.dagster_event for record in records)
    names = {event.step_output_data.step_output_handle.output_name for event in events if event}
    return {key for key in keys if context.op_execution_context.output_for_asset_key(key) in names}
