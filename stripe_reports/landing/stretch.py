"""A stretch: the days that land from one report run, and succeed or fail together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from stripe_reports.catalog import Interval, ReportType, data_ready_by, day_interval
from stripe_reports.errors import (
    CsvError,
    DataNotAvailableError,
    DownloadError,
    ReportRunError,
    StripeReportsError,
    StripeRequestError,
    UnexpectedError,
)
from stripe_reports.landing.external_run import ExternalRun
from stripe_reports.landing.obtain import ObtainedRun, WantedRun
from stripe_reports.landing.request import (
    ReportRequest,
    interval_parameters,
    option_parameters,
    requested_columns,
)
from stripe_reports.landing.shared import Shared
from stripe_reports.stripe_api import OfferedReportType, RunParameters


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Consecutive days of one report type."""

    shared: Shared
    report_type: ReportType
    request: ReportRequest
    offered: OfferedReportType
    days: tuple[date, ...]
    unusable: frozenset[str] = frozenset()
    """Ids of report runs that must not be adopted."""
    external: ExternalRun | None = None
    """The report run to land from, which may cover other days as well."""

    @property
    def interval(self) -> Interval:
        """The first instant of the first day to the last of the last; or the external run's interval."""
        if self.external:
            return self.external.interval
        timezone = self.shared.timezone
        return Interval(day_interval(self.days[0], timezone).start, day_interval(self.days[-1], timezone).end)

    @property
    def options(self) -> RunParameters:
        """The run parameters beside the days."""
        return option_parameters(self.report_type, self.request, self.shared.timezone)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to ask for."""
        return requested_columns(self.report_type, self.request, self.offered)

    @property
    def may_be_missing(self) -> Sequence[str]:
        """The columns that a result may lack. It may not be known what an external run was asked for."""
        return self.report_type.columns if self.external else self.request.optional_columns

    @property
    def data_ready_by(self) -> int:
        """When Stripe has all data of the days, at the latest (Unix seconds)."""
        return data_ready_by(self.report_type, self.interval.end)

    @property
    def not_to_use(self) -> frozenset[str]:
        """Ids of report runs that must not be adopted, also because their files were refused."""
        return self.unusable | self.shared.refused_runs.ids(self.report_type)

    def wanted_run(
        self,
        about: RunParameters | None = None,
        *,
        payout: str | None = None,
        constants: Mapping[str, str] | None = None,
    ) -> WantedRun:
        """Return the report run that is wanted: about all days, or with other parameters about a payout."""
        bounds = interval_parameters(self.report_type, self.interval) if about is None else about
        return WantedRun(
            self.report_type.id,
            {**self.options, **bounds},
            self.columns,
            self.data_ready_by,
            livemode=self.offered.livemode,
            payout=payout,
            constants=constants or {},
            unusable=self.not_to_use,
            external=self.external,
        )

    def instead(self, error: StripeReportsError, runs: Sequence[ObtainedRun]) -> Sequence[Stretch]:
        """Return stretches of the same days that may land where this one has failed; none if nothing helps.

        `runs`: those whose results were read. Each day lands on its own where the rows of one may be all that
        is wrong. New report runs are used where the file of an adopted one does not arrive, or an external
        one does not fit.
        """
        if self.external and isinstance(error, CsvError | DownloadError | ReportRunError | UnexpectedError):
            unusable = frozenset([self.external.run.id])
            return replace(self, external=None, unusable=unusable).each_day()
        is_about_the_range = isinstance(error, StripeRequestError) and "interval" in (error.param or "")
        may_be_about_a_row = isinstance(error, CsvError) or (
            isinstance(error, UnexpectedError) and bool(runs)
        )
        may_be_about_a_day = (
            may_be_about_a_row or isinstance(error, DataNotAvailableError) or is_about_the_range
        )
        if len(self.days) > 1 and may_be_about_a_day:
            return self.each_day()
        adopted = frozenset(run.run.id for run in runs if run.adopted)
        if isinstance(error, DownloadError) and adopted and not self.unusable:
            return [replace(self, unusable=adopted)]
        return ()

    def each_day(self) -> Sequence[Stretch]:
        """Return a stretch of one day for each day."""
        return [replace(self, days=(day,)) for day in self.days]

    def refuse(self, error: StripeReportsError, *, is_last: bool) -> StripeReportsError:
        """Return the error of a file that does not fit, with what to do about it.

        Its report run is not used again, unless the same days may still land from it in another way
        (`is_last` is false).
        """
        run = error.report_run
        if not isinstance(error, CsvError) or run is None or not (is_last or self.external):
            return error
        refused_runs, day = self.shared.refused_runs, self.days[0]
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
