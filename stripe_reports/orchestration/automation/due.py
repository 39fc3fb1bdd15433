"""The days that are due: over, available at Stripe, and neither landed nor being landed."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from stripe_reports.catalog import ReportType, data_ready_by, day_interval, time_zone
from stripe_reports.errors import ConfigurationError, StripeReportsError
from stripe_reports.orchestration.reports import Reports
from stripe_reports.orchestration.resources import StripeResource
from stripe_reports.stripe_api import OfferedReportType
from stripe_reports.wording import some

CATCH_UP_DAYS = 7

Offered = Mapping[str, OfferedReportType]
"""The report types that the account offers, by id."""


def offered_report_types(stripe: StripeResource, log: logging.Logger) -> Offered | None:
    """Return the account's report types, in one call; None if Stripe is unreachable (logged)."""
    try:
        return stripe.sensor_account.report_types()
    except StripeReportsError as error:
        log.warning(f"could not ask Stripe how far its data go: {error}")
        return None


def newest_available_day(
    report_type: ReportType, offered: OfferedReportType | None, timezone: str, now: datetime
) -> date | None:
    """Return the newest day that is over and whose data Stripe has; None if it has no whole day.

    `offered` is the report type as the account has it. Without it, Stripe's documented delays decide.
    """
    known_until = now.timestamp()
    if offered:
        known_until = min(known_until, offered.data_available_end)
    day = datetime.fromtimestamp(known_until, time_zone(timezone)).date()
    while True:
        end = day_interval(day, timezone).end
        if (end if offered else data_ready_by(report_type, end)) <= known_until:
            return day if _is_kept(report_type, offered, timezone, day) else None
        day -= timedelta(days=1)


def _is_kept(report_type: ReportType, offered: OfferedReportType | None, timezone: str, day: date) -> bool:
    """Return whether Stripe's data go back to this day; in test mode their start moves."""
    if offered is None:
        return True
    interval = day_interval(day, timezone)
    first = interval.end if report_type.interval == "as_of_end" else interval.start
    return first >= offered.data_available_start


@dataclass(frozen=True, slots=True)
class Due:
    """The days to request, and how far Stripe's data go."""

    days: Mapping[str, Sequence[date]]
    """The missing days of each report type that has some, sorted."""
    newest: Mapping[str, date | None]
    """The newest day of each report type whose data Stripe has."""
    data_end: Mapping[str, int]
    """Until when Stripe has data, in Unix seconds; empty if it was unreachable."""
    first_partition: str | None
    selected: int
    """The number of selected report types, also of those that were not looked at."""

    def why_nothing(self) -> str:
        """Return one line for a tick without requests: how far each report type and Stripe's data are."""
        groups: dict[tuple[date | None, int | None], list[str]] = {}
        for id_, day in self.newest.items():
            groups.setdefault((day, self.data_end.get(id_)), []).append(id_)
        if not groups:
            return "the account offers none of the selected reports"
        return "; ".join(
            f"{self._who(ids)}: {self._how_far(day)} ({_until(end)})" for (day, end), ids in groups.items()
        )

    def _who(self, ids: Sequence[str]) -> str:
        if len(ids) == self.selected:
            return "all selected reports"
        return some(ids, 1)

    def _how_far(self, day: date | None) -> str:
        if day is None:
            return "no whole day of data yet"
        if self.first_partition is None or str(day) < self.first_partition:
            return f"data through {day}, the partitions start later ({self.first_partition or 'none yet'})"
        return f"landed or being landed through {day}"


def due_days(
    reports: Reports,
    instance: dg.DagsterInstance,
    offered: Offered | None,
    now: datetime,
    *,
    catch_up_days: int,
    log: logging.Logger,
    among: Collection[str] | None = None,
) -> Due:
    """Return, for each report type, the missing days among the newest available one and the `catch_up_days`
    days before it.

    `offered` is None if Stripe was unreachable. Report types that the account does not offer are logged and
    left out. `among`: only these report types.
    """
    ids = [id_ for id_ in reports.report_types if among is None or id_ in among]
    if offered is not None:
        log_not_offered(ids, offered, log)
        ids = [id_ for id_ in ids if id_ in offered]
    days: dict[str, Sequence[date]] = {}
    newest: dict[str, date | None] = {}
    for id_ in ids:
        report_type, as_offered = reports.report_types[id_], offered[id_] if offered is not None else None
        newest[id_] = day = newest_available_day(report_type, as_offered, reports.timezone, now)
        if day is None:
            continue
        window = [day - timedelta(days=back) for back in range(catch_up_days + 1)]
        kept = [each for each in window if _is_kept(report_type, as_offered, reports.timezone, each)]
        if missing := reports.missing(instance, id_, kept):
            days[id_] = missing
    ends = {id_: offered[id_].data_available_end for id_ in ids} if offered is not None else {}
    first_partition = reports.partitions_def.get_first_partition_key()
    return Due(days, newest, ends, first_partition, len(reports.report_types))


def log_not_offered(ids: Iterable[str], offered: Offered, log: logging.Logger) -> None:
    """Log one line about the report types that the account does not have, if there are any."""
    if unknown := [id_ for id_ in ids if id_ not in offered]:
        log.info(f"the account does not offer {', '.join(unknown)}; not requesting it")


def check_catch_up_days(catch_up_days: int) -> None:
    """Raise ConfigurationError for a negative number."""
    if catch_up_days < 0:
        raise ConfigurationError(f"catch_up_days is {catch_up_days}; give 0 or more")


def _until(end: int | None) -> str:
    if end is None:
        return "by Stripe's documented delays"
    return f"Stripe has data through {datetime.fromtimestamp(end, UTC):%Y-%m-%d %H:%M} UTC"
