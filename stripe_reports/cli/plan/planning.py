"""What landing days of report types would ask of Stripe: by the rules of landing, before it is asked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from stripe_reports.catalog import ReportType, data_ready_by, day_interval
from stripe_reports.errors import DataNotAvailableError
from stripe_reports.landing import ReportRequest, itemized_payouts, planned_stretches
from stripe_reports.stripe_api import CALLS_PER_SECOND, OfferedReportType, check_available

if TYPE_CHECKING:
    from stripe_reports.lake import Lake

_RUN_SECONDS = (10, 30)
"""How long Stripe usually takes for a report run (https://docs.stripe.com/reports/api)."""
_FIRST_CALLS = 3
"""The account, its report types, and its newest report runs, which are listed by the hundred."""
_CALLS_OF_A_RUN = 2
"""One to create it and at least one to see that it has succeeded."""

Offered = Mapping[str, OfferedReportType]


@dataclass(frozen=True, slots=True)
class PlannedReport:
    """What landing days of one report type would take."""

    report_type: ReportType
    days: int
    """The days that were asked for."""
    landed: int
    not_yet: Sequence[date]
    """Days whose data Stripe does not have yet, whether landed or not."""
    not_kept: Sequence[date]
    """Days from before Stripe's data, which is known only if Stripe was asked."""
    to_land: Sequence[date]
    report_runs: int
    """For a report on payouts, the report runs that list the payouts of its days."""
    offered: bool = True

    @property
    def by_payout(self) -> bool:
        """Whether each payout of a day takes one more report run."""
        return self.report_type.interval == "payout"

    def as_json(self) -> dict[str, Any]:
        """Return an object."""
        return {
            "report_type": self.report_type.id,
            "offered": self.offered,
            "days": self.days,
            "landed": self.landed,
            "not_yet_available": len(self.not_yet),
            "not_kept_by_stripe": len(self.not_kept),
            "to_land": len(self.to_land),
            "report_runs": self.report_runs,
            "and_one_for_each_payout": self.by_payout and bool(self.to_land),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """All reports together, which one Dagster run lands."""

    reports: Sequence[PlannedReport]
    runs_in_flight: int

    @property
    def report_runs(self) -> int:
        """The report runs that are created if none exists or fails, without those for payouts."""
        return sum(each.report_runs for each in self.reports)

    @property
    def api_calls(self) -> int:
        """The least calls to the API host."""
        return _FIRST_CALLS + _CALLS_OF_A_RUN * self.report_runs if self.report_runs else 0

    @property
    def downloads(self) -> int:
        """The calls to the host of the files."""
        return self.report_runs

    @property
    def seconds(self) -> tuple[float, float]:
        """About how long it takes: so many report runs at a time, and so many calls a second."""
        rounds = math.ceil(self.report_runs / self.runs_in_flight)
        calls = max(self.api_calls / CALLS_PER_SECOND, self.downloads / (CALLS_PER_SECOND / 2))
        least, most = (max(rounds * seconds, calls) for seconds in _RUN_SECONDS)
        return least, most

    @property
    def payout_days(self) -> int:
        """The days of reports on payouts, each of which takes a report run for each of its payouts."""
        return sum(len(each.to_land) for each in self.reports if each.by_payout)


def plan(
    report_types: Iterable[ReportType],
    days: Sequence[date],
    *,
    lake: Lake | None,
    timezone: str,
    now: float,
    runs_in_flight: int,
    again: bool = False,
    offered: Offered | None = None,
) -> Plan:
    """Return what landing these days takes: the missing ones, or with `again` all of them.

    `offered` says how far Stripe's data go; without it, Stripe's documented delays do. Raises LakeError and
    DayError.
    """
    selected = list(report_types)
    there = {each.table: set(lake.days(each.table)) if lake else set() for each in selected}
    if lake:  # what a report on payouts may read its payouts from
        there |= {each.table: set(lake.days(each.table)) for own in selected for each in _payouts(own)}
    reports: dict[str, PlannedReport] = {}
    for report_type in sorted(selected, key=lambda each: each.interval == "payout"):
        own = offered.get(report_type.id) if offered is not None else None
        if offered is not None and own is None:
            landed = len(there[report_type.table].intersection(days))
            reports[report_type.id] = PlannedReport(
                report_type, len(days), landed, (), (), (), 0, offered=False
            )
            continue
        not_yet, not_kept = _unavailable(report_type, days, timezone, now, own)
        wanted = set(days) if again else set(days) - there[report_type.table]
        to_land = sorted(wanted - {*not_yet, *not_kept})
        if report_type.interval == "payout":
            known: set[date] = set().union(*(there.get(each.table, ()) for each in _payouts(report_type)))
            for each in _payouts(report_type):
                known.update(reports[each.id].to_land if each.id in reports else ())
            runs = len([day for day in to_land if day not in known])
        else:
            runs = len(
                planned_stretches(
                    report_type,
                    to_land,
                    request=ReportRequest(),
                    timezone=timezone,
                    range_runs=True,
                    offered=own,
                )
            )
        landed = len(there[report_type.table].intersection(days))
        reports[report_type.id] = PlannedReport(
            report_type, len(days), landed, not_yet, not_kept, to_land, runs
        )
    return Plan([reports[each.id] for each in selected], runs_in_flight)


def _payouts(report_type: ReportType) -> list[ReportType]:
    return itemized_payouts(report_type) if report_type.interval == "payout" else []


def _unavailable(
    report_type: ReportType, days: Iterable[date], timezone: str, now: float, own: OfferedReportType | None
) -> tuple[list[date], list[date]]:
    not_yet: list[date] = []
    not_kept: list[date] = []
    for day in days:
        interval = day_interval(day, timezone)
        if own is None:
            if data_ready_by(report_type, interval.end) > now:
                not_yet.append(day)
            continue
        try:
            check_available(own, interval, report_type.interval)
        except DataNotAvailableError as error:
            (not_yet if error.comes else not_kept).append(day)
    return not_yet, not_kept
