"""Days of one report type whose results are there: downloaded, converted, committed."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from stripe_reports import __version__
from stripe_reports.catalog import Interval, ReportType, data_ready_by, day_interval
from stripe_reports.errors import CsvError, LakeError
from stripe_reports.lake import Csv, ExpectedColumns, LandedTable
from stripe_reports.landing.before import Before
from stripe_reports.landing.download import repeat_downloads
from stripe_reports.landing.given_run import GivenRun
from stripe_reports.landing.outcome import LandedDay
from stripe_reports.landing.parameters import (
    expected_columns,
    interval_parameters,
    option_parameters,
    requested_columns,
)
from stripe_reports.landing.plan import day_column
from stripe_reports.landing.request import ReportRequest
from stripe_reports.landing.shared import Shared, Stopped
from stripe_reports.landing.wanted_run import WantedRun
from stripe_reports.stripe_api import OfferedReportType, RunParameters, open_result

if TYPE_CHECKING:
    from stripe_reports.lake import Difference

_MAY_DIFFER = {"report_run_id", "data_available_end"}
"""Facts that say nothing of what is in a table."""

Steps = Generator[Sequence[WantedRun], None, list[LandedDay]]
"""What landing takes: it asks for report runs, goes on when they have succeeded, and ends with days."""

_Table = tuple[LandedTable, str, Mapping[str, Mapping[str, Decimal]], "Difference | None"]
"""What landed, the ids of its report runs, its totals, and how it differs from what was there before."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Days of one report type, without a gap, as they are asked for and as they land."""

    shared: Shared
    report_type: ReportType
    request: ReportRequest
    offered: OfferedReportType
    days: tuple[date, ...]
    unusable: frozenset[str] = frozenset()
    """Ids of report runs that are not to be adopted."""
    given: GivenRun | None = None
    """The report run to land from, which may be of other days as well."""

    @property
    def interval(self) -> Interval:
        """From the first instant of the first day to the last of the last; or that of the given run."""
        if self.given:
            return self.given.interval
        timezone = self.shared.timezone
        return Interval(day_interval(self.days[0], timezone).start, day_interval(self.days[-1], timezone).end)

    @property
    def options(self) -> RunParameters:
        """Run parameters beside the days."""
        return option_parameters(self.report_type, self.request, self.shared.timezone)

    @property
    def columns(self) -> tuple[str, ...]:
        """Those to ask for."""
        return requested_columns(self.report_type, self.request, self.offered)

    @property
    def data_ready_by(self) -> int:
        """When all data of the days are there, at the latest."""
        return data_ready_by(self.report_type, self.interval.end)

    @property
    def not_to_use(self) -> frozenset[str]:
        """Ids of report runs that are not to be adopted, those included whose files were refused."""
        return self.unusable | self.shared.refused_runs.ids(self.report_type)

    def steps(self) -> Steps:
        """One report run for all of the days."""
        wanted = self.wanted(interval_parameters(self.report_type, self.interval))
        wanted.given = self.given
        yield [wanted]
        return self.land([wanted])

    def wanted(
        self,
        about: RunParameters,
        *,
        constants: Mapping[str, str] | None = None,
        may_be_refused: bool = False,
    ) -> WantedRun:
        """A run about these, with the other parameters and the columns of the report type."""
        return WantedRun(
            self.report_type.id,
            {**self.options, **about},
            self.columns,
            self.data_ready_by,
            livemode=self.offered.livemode,
            constants=constants or {},
            may_be_refused=may_be_refused,
            unusable=self.not_to_use,
        )

    def land(self, parts: Sequence[WantedRun], left_out: Sequence[str] = ()) -> list[LandedDay]:
        """The tables of the days, from the results of all parts.

        Raises a StripeReportsError that names the report run, where it is about one; no table has changed
        then. Tables that rest on just these results are left as they are.
        """
        landing_since = time.monotonic()
        asked_at = (part.asked_at for part in parts if part.asked_at is not None)
        waited = landing_since - min(asked_at, default=landing_since)
        asked = parts[0].columns if parts else self.columns
        dropped = parts[0].dropped_columns if parts else ()
        facts = self._facts(parts, asked, dropped, left_out)
        tables = self._there_already(facts)
        unchanged = tables is not None
        if tables is None:
            tables = self._converted(parts, asked, facts)
        landed = time.monotonic() - landing_since
        return [
            LandedDay(
                report_type=self.report_type,
                day=day,
                table=table,
                report_runs=tuple(filter(None, run_ids.split(","))),
                results=tuple(part.result for part in parts),
                dropped_columns=dropped,
                left_out_payouts=tuple(left_out),
                data_available_end=self.offered.data_available_end,
                totals=totals,
                adopted=bool(parts) and all(part.adopted for part in parts),
                unchanged=unchanged,
                difference=difference,
                waited_seconds=waited,
                landed_seconds=landed / len(tables),
            )
            for day, (table, run_ids, totals, difference) in tables.items()
        ]

    def _there_already(self, facts: Mapping[str, str]) -> dict[date, _Table] | None:
        """The tables, if all of them rest on these results and can be read, and so can the CSVs that prove
        them. Days that share a CSV have it read once."""
        same = {name: fact for name, fact in facts.items() if name not in _MAY_DIFFER}
        same |= {"package_version": __version__, "csv_kept": str(self.shared.lake.keeps_csvs).lower()}
        found: dict[date, _Table] = {}
        digests: set[str] = set()
        lake, table = self.shared.lake, self.report_type.table
        try:
            for day in self.days:
                landed = lake.landed(table, day)
                if landed is None or not same.items() <= landed.provenance.items():
                    return None
                digests.update(filter(None, landed.table.csv_sha256.split(",")))
                found[day] = landed.table, landed.provenance["report_run_id"], lake.totals(table, day), None
        except LakeError:  # damaged: it is landed again
            return None
        return found if not lake.keeps_csvs or all(map(lake.has_csv, digests)) else None

    def _converted(
        self, parts: Sequence[WantedRun], asked: tuple[str, ...], facts: Mapping[str, str]
    ) -> dict[date, _Table]:
        run_id: str | None = None
        lake, report_type = self.shared.lake, self.report_type

        @contextmanager
        def csv_of(part: WantedRun) -> Iterator[Csv]:
            nonlocal run_id
            run_id = part.run.id if part.run else None
            with open_result(self.shared.account.api, part.result) as chunks:
                yield Csv(self.shared.until_stopped(chunks), part.result.size, part.constants)

        def csvs() -> Iterator[Csv]:
            for part in parts:
                with csv_of(part) as csv:
                    yield csv

        expected = ExpectedColumns(
            expected_columns(self.report_type, asked),
            optional=frozenset(self.request.optional_columns if asked else self._may_be_missing),
            constant=self.report_type.constant_columns,
        )

        def land() -> Mapping[date, LandedTable]:
            others = [day for day in self.given.days if day not in self.days] if self.given else []
            column = day_column(report_type, self.request, self.shared.timezone, asked)
            if len(self.days) == 1 and not others:
                (day,) = self.days
                landed = lake.land(
                    report_type, day, csvs(), expected=expected, facts=facts, day_column=column
                )
                return {day: landed}
            if column is None:
                raise CsvError(
                    f"Stripe does not send {report_type.day_column!r}, which says the day of a row"
                )
            with csv_of(parts[0]) as csv:
                return lake.land_days(
                    report_type,
                    self.days,
                    csv,
                    day_column=column,
                    expected=expected,
                    facts=facts,
                    left_alone=others,
                )

        with Before(self.shared, report_type, self.days) as before:
            try:
                tables = repeat_downloads(land)
            except Stopped:
                raise
            except Exception as raised:
                error = self.shared.error_of(raised).at(report_run=run_id)
                if error is raised:
                    raise
                raise error from raised
            return {
                day: (table, facts["report_run_id"], self._totals(day), before.difference(day))
                for day, table in tables.items()
            }

    @property
    def _may_be_missing(self) -> Sequence[str]:
        """Of a run that somebody else made, it may not be known which columns it was asked for."""
        return self.report_type.columns if self.given else self.request.optional_columns

    def _totals(self, day: date) -> Mapping[str, Mapping[str, Decimal]]:
        """Empty where they cannot be computed: the day has landed all the same."""
        try:
            return self.shared.lake.totals(self.report_type.table, day)
        except Exception as raised:  # noqa: BLE001
            error = self.shared.error_of(raised)
            self.shared.warn(f"{self.report_type.id} {day} has landed; no totals: {error}")
            return {}

    def _facts(
        self,
        parts: Sequence[WantedRun],
        asked: Sequence[str],
        dropped: Sequence[str],
        left_out: Sequence[str],
    ) -> dict[str, str]:
        """What the provenance says of the report runs; of several, with commas between them."""
        bounds = interval_parameters(self.report_type, self.interval)
        facts = {
            "report_run_id": ",".join(part.run.id for part in parts if part.run),
            "file_id": ",".join(part.result.id for part in parts),
            "result_created": ",".join(str(part.result.created) for part in parts),
            **{name: str(second) for name, second in bounds.items()},
            "timezone": self.shared.timezone,
            "parameters": json.dumps({**self.options, **bounds}),
            "columns": json.dumps(list(asked) or None),
            "dropped_columns": json.dumps(list(dropped)),
            "data_available_end": str(self.offered.data_available_end),
            "account": self.shared.account.id or "",
            "livemode": json.dumps(self.offered.livemode),
        }
        return facts | ({"left_out_payouts": ",".join(left_out)} if left_out else {})
