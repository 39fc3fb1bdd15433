"""The days that Dagster records: each once, soon after it has landed, with its own metadata."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg

from stripe_reports.landing import LandedDay
from stripe_reports.orchestration.assets.checks import check_evaluations
from stripe_reports.orchestration.assets.day_warnings import recorded_changes, warnings_of_day
from stripe_reports.orchestration.assets.metadata import landed_metadata
from stripe_reports.orchestration.made_partitions import MadePartitions, all_made
from stripe_reports.orchestration.reports import Report

Event = dg.MaterializeResult | dg.AssetMaterialization | dg.AssetCheckEvaluation  # type: ignore[type-arg]


class Recording:
    """The days of one step, for each selected asset."""

    def __init__(
        self, context: dg.AssetExecutionContext, reports: Sequence[Report], days: Sequence[date]
    ) -> None:
        self._context = context
        self._days = days
        self._reports = {report.key: report for report in reports}
        self._keys = {report.report_type.id: report.key for report in reports}
        self._made = MadePartitions(context)
        self._changes: dict[dg.AssetKey, Mapping[date, Mapping[str, dg.MetadataValue[Any]]]] = {}

    @property
    def reports(self) -> Sequence[Report]:
        """The selected reports."""
        return list(self._reports.values())

    def days_to_land(self) -> Mapping[Report, Sequence[date]]:
        """Return each report's days that no earlier attempt of the step has recorded, if there are any."""
        recorded: dict[dg.AssetKey, set[str | None]] = {}
        if self._context.retry_number:
            records = self._context.instance.get_records_for_run(
                self._context.run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
            ).records
            for record in records:
                event = record.event_log_entry.dagster_event
                if event and event.asset_key:
                    recorded.setdefault(event.asset_key, set()).add(event.partition)
        days = {
            report: [day for day in self._days if str(day) not in recorded.get(report.key, ())]
            for report in self.reports
        }
        return {report: left for report, left in days.items() if left}

    def add(self, landed: LandedDay) -> None:
        """Record the day together with the next ones."""
        key = self._keys[landed.report_type.id]
        warnings = warnings_of_day(landed)
        if landed.unchanged and landed.report_type.rows_change:
            # Landing the same file again does not undo the changes of an earlier landing.
            warnings = replace(warnings, changes=self._changes_before(key).get(landed.day))
        selected = self._context.selected_asset_check_keys
        evaluations = check_evaluations(landed.report_type, key, landed.day, warnings, selected)
        self._made.add(
            key,
            landed.day.isoformat(),
            landed_metadata(landed),
            version=landed.table.version,
            evaluations=list(evaluations),
        )

    def _changes_before(self, key: dg.AssetKey) -> Mapping[date, Mapping[str, dg.MetadataValue[Any]]]:
        """Return the recorded changes of the asset's days, looked up once for all of them."""
        if key not in self._changes:
            self._changes[key] = recorded_changes(self._context.instance, key, self._days)
        return self._changes[key]

    def due(self) -> Iterator[Event]:
        """Yield the events of days that have waited long enough."""
        yield from self._made.due()

    def rest(self) -> Iterator[Event]:
        """Yield the events of all days that are not recorded yet."""
        yield from self._made.rest()

    def all_landed(self) -> Iterator[Event]:
        """Yield the results of all assets, once every day has landed, each after those that it depends on."""
        deps = {
            key: [dep.asset_key for dep in report.spec.deps if dep.asset_key in self._reports]
            for key, report in self._reports.items()
        }
        for key in TopologicalSorter(deps).static_order():
            yield all_made(key)
