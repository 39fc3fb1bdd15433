"""A part of a landing that succeeds or fails as one: the days of one or more report runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from stripe_reports.catalog import ReportType, day_interval
from stripe_reports.errors import (
    CsvError,
    DataNotAvailableError,
    DownloadError,
    ReportRunError,
    StripeReportsError,
    StripeRequestError,
    UnexpectedError,
)
from stripe_reports.landing.given_run import GivenRun
from stripe_reports.landing.outcome import LandedDay
from stripe_reports.landing.parameters import requested_columns
from stripe_reports.landing.payouts import itemized_payouts, payout_steps
from stripe_reports.landing.plan import day_column, report_run_days
from stripe_reports.landing.request import ReportRequest
from stripe_reports.landing.shared import Shared
from stripe_reports.landing.tables import Tables
from stripe_reports.landing.wanted_run import WantedRun
from stripe_reports.stripe_api import OfferedReportType, check_available


class Piece:
    """Days of one report type, on their way."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.wanted: Sequence[WantedRun] = ()
        """What the last step has asked for."""
        self.landed: list[LandedDay] | None = None
        self._is_new = True
        self._steps = payout_steps(tables) if tables.report_type.interval == "payout" else tables.steps()

    @property
    def report_type(self) -> ReportType:
        """Of all its days."""
        return self.tables.report_type

    @property
    def days(self) -> tuple[date, ...]:
        """Those that land."""
        return self.tables.days

    @property
    def only_asks(self) -> bool:
        """Whether the next step takes no time."""
        return self._is_new and self.report_type.interval != "payout"

    @property
    def bytes_to_land(self) -> int:
        """Of the results that the next step will read."""
        return sum(run.result.size for run in self.wanted if not run.refused)

    @property
    def _has_results(self) -> bool:
        """Whether it came as far as to read what it wanted."""
        return bool(self.wanted) and all(each.run and each.run.result for each in self.wanted)

    @property
    def after(self) -> Sequence[str]:
        """Report types of which one's table of the day is read, where it lands as well."""
        if self.report_type.interval != "payout":
            return ()
        return [each.id for each in itemized_payouts(self.report_type)]

    def next_step(self) -> None:
        """Go on, with the runs that were `wanted`, until others are or the days have `landed`.

        Raises StripeReportsError.
        """
        self._is_new = False
        try:
            self.wanted = next(self._steps)
        except StopIteration as end:
            self.wanted, self.landed = (), end.value

    def close(self) -> None:
        """Nothing more is done."""
        self._steps.close()

    def instead(self, error: StripeReportsError) -> Sequence[Piece]:
        """Pieces of the same days that may land where this one has failed; none if nothing else may help.

        Each day on its own, where the rows of one may be all that is wrong; or all from new report runs,
        where the file of one that was adopted does not come, or one that was given does not fit.
        """
        if self.tables.given and isinstance(
            error, CsvError | DownloadError | ReportRunError | UnexpectedError
        ):
            unusable = frozenset([self.tables.given.run.id])
            own = replace(self.tables, given=None, unusable=unusable)
            return [Piece(replace(own, days=(day,))) for day in self.days]
        is_about_the_range = isinstance(error, StripeRequestError) and "interval" in (error.param or "")
        may_be_about_a_row = isinstance(error, CsvError) or (
            isinstance(error, UnexpectedError) and self._has_results
        )
        may_be_about_a_day = (
            may_be_about_a_row or isinstance(error, DataNotAvailableError) or is_about_the_range
        )
        if len(self.days) > 1 and may_be_about_a_day:
            return [Piece(replace(self.tables, days=(day,))) for day in self.days]
        adopted = frozenset(run.run.id for run in self.wanted if run.adopted and run.run)
        if isinstance(error, DownloadError) and adopted and not self.tables.unusable:
            return [Piece(replace(self.tables, unusable=adopted))]
        return ()

    def refuse(self, error: StripeReportsError, *, is_last: bool) -> StripeReportsError:
        """The error of a file that does not fit, with what another materialization does about it.

        Its report run is not used again, unless the same days may still land from it in another way
        (`is_last` is false).
        """
        run = error.report_run
        if not isinstance(error, CsvError) or run is None or not (is_last or self.tables.given):
            return error
        refused_runs, day = self.tables.shared.refused_runs, self.days[0]
        before = [each for each in refused_runs.of_day(self.report_type, day) if each.report_run != run]
        refused_runs.add(self.report_type, day, run, error.what)
        if not is_last:
            return error
        if before:
            last = before[-1]
            error.what += (
                f"; before it, the file of report run {last.report_run} was refused ({last.reason}). If"
                " another one is refused as well: set force_new_report_run, name missing columns in"
                " optional_columns, or report this error"
            )
        else:
            error.what += "; this report run is not used again: materialize the day again for a new one"
        return error


@dataclass(frozen=True, slots=True)
class Cut:
    """The pieces of a report type's days, and why others cannot be asked for."""

    pieces: Sequence[Piece]
    unavailable: Mapping[date, StripeReportsError]


def cut_into_pieces(
    shared: Shared,
    report_type: ReportType,
    request: ReportRequest,
    offered: OfferedReportType,
    days: Sequence[date],
    given: GivenRun | None = None,
) -> Cut:
    """As few as give these days, or one for the given run; without those whose data Stripe does not have."""
    available: list[date] = []
    unavailable: dict[date, StripeReportsError] = {}
    for day in days:
        try:
            if given and day not in given.days:
                of = f"{given.days[0]}" + (f" to {given.days[-1]}" if len(given.days) > 1 else "")
                raise ReportRunError(f"it is of {of}, not of this day", report_run=given.run.id)
            check_available(offered, day_interval(day, shared.timezone), report_type.interval)
            available.append(day)
        except StripeReportsError as error:
            unavailable[day] = error
    if given:
        tables = Tables(shared, report_type, request, offered, tuple(available), given=given)
        return Cut([Piece(tables)] if available else [], unavailable)
    columns = requested_columns(report_type, request, offered)
    column = day_column(report_type, request, shared.timezone, columns)
    whole_ranges = shared.settings.range_runs and column is not None
    return Cut(
        [
            Piece(Tables(shared, report_type, request, offered, stretch))
            for stretch in report_run_days(available, range_runs=whole_ranges)
        ],
        unavailable,
    )
