"""The results of a stretch's report runs: downloaded, converted, committed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import stamina

from stripe_reports import __version__
from stripe_reports.errors import CsvError, DownloadError, LakeError
from stripe_reports.lake import Csv, ExpectedColumns, LandedTable
from stripe_reports.landing.before import Before
from stripe_reports.landing.obtain import ObtainedRun
from stripe_reports.landing.outcome import LandedDay
from stripe_reports.landing.plan import day_column
from stripe_reports.landing.request import expected_columns, interval_parameters
from stripe_reports.landing.stretch import Stretch
from stripe_reports.stripe_api import ResultFile, StripeApi, open_result

if TYPE_CHECKING:
    from stripe_reports.lake import Difference

_ATTEMPTS = 6
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds

_MAY_DIFFER = {"report_run_id", "data_available_end"}
"""Facts that say nothing about what is in a table."""

_Table = tuple[LandedTable, str, Mapping[str, Mapping[str, Decimal]], "Difference | None"]
"""What landed, the ids of its report runs, its totals, and how it differs from the table before."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Results:
    """The results of a stretch's report runs, from which its days land."""

    stretch: Stretch
    runs: Sequence[ObtainedRun]
    """One run; or for a report on payouts one for each payout."""
    left_out: Sequence[str] = ()
    """Payouts that Stripe does not report on."""

    @property
    def size(self) -> int:
        """The size of all files, in bytes."""
        return sum(run.result.size for run in self.runs)

    def land(self) -> list[LandedDay]:
        """Land the days of the stretch.

        Tables that rest on exactly these results stay as they are. Raises a StripeReportsError, which names
        the report run if it is about one; then no table has changed.
        """
        landing_since = time.monotonic()
        waited = landing_since - min((run.asked_at for run in self.runs), default=landing_since)
        facts = self._facts()
        tables = self._existing(facts)
        unchanged = tables is not None
        if tables is None:
            tables = self._converted(facts)
        landed = time.monotonic() - landing_since
        return [
            LandedDay(
                report_type=self.stretch.report_type,
                day=day,
                table=table,
                report_runs=tuple(filter(None, run_ids.split(","))),
                results=tuple(run.result for run in self.runs),
                dropped_columns=self._dropped_columns,
                left_out_payouts=tuple(self.left_out),
                data_available_end=self.stretch.offered.data_available_end,
                totals=totals,
                adopted=bool(self.runs) and all(run.adopted for run in self.runs),
                unchanged=unchanged,
                difference=difference,
                waited_seconds=waited,
                landed_seconds=landed / len(tables),
            )
            for day, (table, run_ids, totals, difference) in tables.items()
        ]

    @property
    def _columns(self) -> tuple[str, ...]:
        return self.runs[0].columns if self.runs else self.stretch.columns

    @property
    def _dropped_columns(self) -> tuple[str, ...]:
        return self.runs[0].dropped_columns if self.runs else ()

    def _existing(self, facts: Mapping[str, str]) -> dict[date, _Table] | None:
        """Return the existing tables if all of them rest on these results; None otherwise.

        The tables and the CSVs that prove them must be readable. A CSV that days share is read once.
        """
        stretch, lake = self.stretch, self.stretch.shared.lake
        same = {name: fact for name, fact in facts.items() if name not in _MAY_DIFFER}
        pii = lake.pii_rule(stretch.request.policy)
        keeps_csvs = lake.keeps_csvs(pii.policy)
        same |= {"package_version": __version__, "csv_kept": str(keeps_csvs).lower()}
        found: dict[date, _Table] = {}
        digests: set[str] = set()
        table = stretch.report_type.table
        try:
            for day in stretch.days:
                landed = lake.landed(table, day)
                if landed is None or not same.items() <= landed.provenance.items():
                    return None
                if (landed.table.pii, landed.table.pii_key_id) != (pii.policy, pii.key_id):
                    return None
                digests.update(filter(None, landed.table.csv_sha256.split(",")))
                first = replace(landed.table, first_rows=lake.first_rows(table, day))
                found[day] = first, landed.provenance["report_run_id"], lake.totals(table, day), None
        except LakeError:  # damaged: it is landed again
            return None
        return found if not keeps_csvs or all(map(lake.has_csv, digests)) else None

    def _converted(self, facts: Mapping[str, str]) -> dict[date, _Table]:
        run_id: str | None = None
        stretch, shared, lake = self.stretch, self.stretch.shared, self.stretch.shared.lake
        report_type, days, columns = stretch.report_type, stretch.days, self._columns
        pii = stretch.request.policy

        @contextmanager
        def csv_of(run: ObtainedRun) -> Iterator[Csv]:
            nonlocal run_id
            run_id = run.run.id
            with open_result(shared.account.api, run.result) as chunks:
                yield Csv(shared.until_stopped(chunks), run.result.size, run.wanted.constants)

        def csvs() -> Iterator[Csv]:
            for run in self.runs:
                with csv_of(run) as csv:
                    yield csv

        expected = ExpectedColumns(
            expected_columns(report_type, columns),
            optional=frozenset(stretch.request.optional_columns if columns else stretch.may_be_missing),
            constant=report_type.constant_columns,
        )

        def land() -> Mapping[date, LandedTable]:
            others = [day for day in stretch.external.days if day not in days] if stretch.external else []
            column = day_column(report_type, stretch.request, shared.timezone, columns)
            if len(days) == 1 and not others:
                (day,) = days
                landed = lake.land(
                    report_type, day, csvs(), expected=expected, facts=facts, day_column=column, pii=pii
                )
                return {day: landed}
            if column is None:
                raise CsvError(
                    f"Stripe does not send {report_type.day_column!r}, which says the day of a row"
                )
            with csv_of(self.runs[0]) as csv:
                return lake.land_days(
                    report_type,
                    days,
                    csv,
                    day_column=column,
                    expected=expected,
                    facts=facts,
                    left_alone=others,
                    pii=pii,
                )

        with Before(shared, report_type, days) as before:
            try:
                tables = _repeat_downloads(land)
            except Exception as raised:
                error = shared.error_of(raised, hides_values=pii != "keep").at(report_run=run_id)
                if error is raised:
                    raise
                raise error from error.__cause__
            return {
                day: (table, facts["report_run_id"], self._totals(day), before.difference(day))
                for day, table in tables.items()
            }

    def _totals(self, day: date) -> Mapping[str, Mapping[str, Decimal]]:
        """Return the totals of a day; none if they cannot be computed, for the day has landed."""
        shared, report_type = self.stretch.shared, self.stretch.report_type
        try:
            return shared.lake.totals(report_type.table, day)
        except Exception as raised:  # noqa: BLE001
            error = shared.error_of(raised)
            shared.warn(f"{report_type.id} {day} has landed; no totals: {error}")
            return {}

    def _facts(self) -> dict[str, str]:
        """Return what the provenance says about the report runs; commas separate those of several."""
        stretch = self.stretch
        bounds = interval_parameters(stretch.report_type, stretch.interval)
        facts = {
            "report_run_id": ",".join(run.run.id for run in self.runs),
            "file_id": ",".join(run.result.id for run in self.runs),
            "result_created": ",".join(str(run.result.created) for run in self.runs),
            **{name: str(second) for name, second in bounds.items()},
            "timezone": stretch.shared.timezone,
            "parameters": json.dumps({**stretch.options, **bounds}),
            "columns": json.dumps(list(self._columns) or None),
            "dropped_columns": json.dumps(list(self._dropped_columns)),
            "data_available_end": str(stretch.offered.data_available_end),
            "account": stretch.shared.account.id or "",
            "livemode": json.dumps(stretch.offered.livemode),
        }
        return facts | ({"left_out_payouts": ",".join(self.left_out)} if self.left_out else {})


def download(api: StripeApi, result: ResultFile) -> bytes:
    """Return a small result. Raises DownloadError if it does not arrive, or is not as long as Stripe says."""

    def whole() -> bytes:
        with open_result(api, result) as chunks:
            return b"".join(chunks)

    return _repeat_downloads(whole)


def _repeat_downloads(use: Callable[[], _T]) -> _T:
    """Return what `use` returns. Call it again, after a pause, where a DownloadError says it may help."""

    def may_help(error: Exception) -> bool:
        return isinstance(error, DownloadError) and error.worth_repeating

    for attempt in stamina.retry_context(
        on=may_help, attempts=_ATTEMPTS, timeout=None, wait_initial=_FIRST_PAUSE, wait_max=_LONGEST_PAUSE
    ):
        with attempt:
            return use()
    raise AssertionError("unreachable: the loop returns or raises")
