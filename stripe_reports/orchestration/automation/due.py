"""Which days are due: complete, there at Stripe, and neither landed nor on their way."""

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

CATCH_UP_DAYS = 7

Offered = Mapping[str, OfferedReportType]
"""Report types as the account has them, by id."""


def offered_report_types(stripe: StripeResource, log: logging.Logger) -> Offered | None:
    """What the account offers, in one call; None, with one line in the log, where Stripe cannot be asked."""
    try:
        return stripe.account_in_haste.report_types()
    except StripeReportsError as error:
        log.warning(f"Stripe cannot be asked how far its data go: {error}")
        return None


def newest_available_day(
    report_type: ReportType, offered: OfferedReportType | None, timezone: str, now: datetime
) -> date | None:
    """The newest day that is over and whose data Stripe has; None where it has no whole day.

    `offered` is what Stripe says of it. Without that, Stripe's documented delays decide.
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
    """Whether Stripe's data go back as far; in test mode their start moves."""
    if offered is None:
        return True
    interval = day_interval(day, timezone)
    first = interval.end if report_type.interval == "as_of_end" else interval.start
    return first >= offered.data_available_start


@dataclass(frozen=True, slots=True)
class Due:
    """What to request, and what else was found out about that."""

    days: Mapping[str, Sequence[date]]
    """Of each report type that lacks some, sorted."""
    newest: Mapping[str, date | None]
    """Of each report type, the newest day whose data Stripe has."""
    data_end: Mapping[str, int]
    """Until when Stripe has data, in Unix seconds; empty where it could not be asked."""
    first_partition: str | None
    selected: int
    """How many report types there are, with those that were not looked at."""

    def why_nothing(self) -> str:
        """One line for a tick without requests: how far each report type is, and Stripe with it."""
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
        return ids[0] if len(ids) == 1 else f"{ids[0]} and {len(ids) - 1} more"

    def _how_far(self, day: date | None) -> str:
        if day is None:
            return "no whole day of data yet"
        if self.first_partition is None or str(day) < self.first_partition:
            return f"data through {day}, the partitions start later ({self.first_partition or 'none yet'})"
        return f"landed or on the way through {day}"


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
    """Of each report type the newest available day and the `catch_up_days` days before it, if missing.

    `offered` is None where Stripe could not be asked. Report types that the account does not offer are told
    in the log and left out. `among`: only these.
    """
    ids = [id_ for id_ in reports.report_types if among is None or id_ in among]
    if offered is not None:
        tell_not_offered(ids, offered, log)
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


def tell_not_offered(ids: Iterable[str], offered: Offered, log: logging.Logger) -> None:
    """One line about those that the account does not have, if there are any."""
    if unknown := [id_ for id_ in ids if id_ not in offered]:
        log.info(f"this account does not offer {', '.join(unknown)}; nothing of it is requested")


def check_catch_up_days(catch_up_days: int) -> None:
    """Raise ConfigurationError for a number that makes no sense."""
    if catch_up_days < 0:
        raise ConfigurationError(f"catch_up_days is {catch_up_days}; give 0 or more")


def _until(end: int | None) -> str:
    if end is None:
        return "by Stripe's documented delays"
    return f"Stripe has data through {datetime.fromtimestamp(end, UTC):%Y-%m-%d %H:%M} UTC"
