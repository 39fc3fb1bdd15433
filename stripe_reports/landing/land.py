"""One report type, one day, from the question to the committed table."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from stripe_reports.catalog import Interval, ReportType, day_interval
from stripe_reports.errors import StripeReportsError
from stripe_reports.lake import Csv, ExpectedColumns, Lake, LandedTable
from stripe_reports.landing.download import repeat_downloads
from stripe_reports.landing.obtain import ObtainedRun, obtain_run
from stripe_reports.landing.parameters import (
    expected_columns,
    interval_parameters,
    option_parameters,
    requested_columns,
)
from stripe_reports.landing.payouts import obtain_payout_runs, payouts_of_day
from stripe_reports.landing.request import ReportRequest
from stripe_reports.stripe_api import (
    Account,
    Polling,
    ResultFile,
    check_available,
    open_result,
    wait_for,
)


@dataclass(frozen=True, slots=True)
class LandedDay:
    """Facts about what landed: where, what it rests on, and how long it took (seconds)."""

    report_type: ReportType
    day: date
    table: LandedTable
    report_runs: tuple[str, ...]
    """One, or for a report on payouts one for each payout."""
    results: tuple[ResultFile, ...]
    dropped_columns: tuple[str, ...]
    """Asked for, and not known to the account's version of the report."""
    left_out_payouts: tuple[str, ...]
    """Payouts of the day that Stripe does not report on."""
    waited_seconds: float
    landed_seconds: float


@dataclass(frozen=True, slots=True)
class _Part:
    """A run whose result is there, and what its table says beside it."""

    made: ObtainedRun
    result: ResultFile
    constants: Mapping[str, str]


def land_day(
    report_type: ReportType,
    day: date,
    *,
    account: Account,
    lake: Lake,
    request: ReportRequest | None = None,
    timezone: str = "UTC",
    polling: Polling | None = None,
    tell: Callable[[str], None] = lambda _: None,
    warn: Callable[[str], None] = lambda _: None,
) -> LandedDay:
    """Create a report run for the day (or one for each of its payouts), wait, and land what came of it.

    `tell` and `warn` are given one line each. Raises a StripeReportsError that names the report type, the day
    and, where it is about one, the report run; then the partition is as it was before.
    """
    request, polling = request or ReportRequest(), polling or Polling()
    landing = _Landing(report_type, day, account, lake, request, timezone, polling, tell, warn)
    try:
        return landing.land()
    except StripeReportsError as error:
        error.at(report_type=report_type.id, day=day)
        raise


@dataclass(frozen=True, slots=True)
class _Landing:
    report_type: ReportType
    day: date
    account: Account
    lake: Lake
    request: ReportRequest
    timezone: str
    polling: Polling
    tell: Callable[[str], None]
    warn: Callable[[str], None]

    def land(self) -> LandedDay:
        interval = day_interval(self.day, self.timezone)
        offered = self.account.report_type(self.report_type.id)
        check_available(offered, interval, self.report_type.interval)
        self.lake.claim(livemode=offered.livemode, account=self.account.id)

        began = time.monotonic()
        columns = requested_columns(self.report_type, self.request, offered)
        left_out: list[str] = []
        parts = list(self._parts(interval, columns, left_out.append))
        waited = time.monotonic() - began

        began = time.monotonic()
        asked = parts[0].made.columns if parts else columns
        expected = ExpectedColumns(
            expected_columns(self.report_type, asked),
            optional=frozenset(self.request.optional_columns),
            constant=self.report_type.constant_columns,
        )
        facts = self._facts(parts, interval, asked) | {"livemode": json.dumps(offered.livemode)}
        if left_out:
            facts["left_out_payouts"] = ",".join(left_out)
        table = self._convert(parts, expected, facts)
        self.tell(f"{self.report_type.id} {self.day}: {table.rows} rows landed at {table.uri}")
        return LandedDay(
            report_type=self.report_type,
            day=self.day,
            table=table,
            report_runs=tuple(part.made.run.id for part in parts),
            results=tuple(part.result for part in parts),
            dropped_columns=parts[0].made.dropped_columns if parts else (),
            left_out_payouts=tuple(left_out),
            waited_seconds=waited,
            landed_seconds=time.monotonic() - began,
        )

    def _parts(
        self, interval: Interval, columns: Sequence[str], leave_out: Callable[[str], None]
    ) -> Iterator[_Part]:
        options = option_parameters(self.report_type, self.request, self.timezone)
        if self.report_type.interval == "payout":
            refs = payouts_of_day(
                self.report_type,
                self.request,
                self.day,
                interval,
                self.timezone,
                account=self.account,
                lake=self.lake,
                polling=self.polling,
                warn=self.warn,
            )
            self.tell(f"{self.report_type.id} {self.day}: {len(refs)} payouts")
            runs = obtain_payout_runs(
                self.report_type,
                refs,
                options,
                columns,
                account=self.account,
                warn=self.warn,
                leave_out=leave_out,
            )
        else:
            parameters = {**options, **interval_parameters(self.report_type, interval)}
            made = obtain_run(self.account, self.report_type.id, parameters, columns, self.warn)
            self.tell(f"{self.report_type.id} {self.day}: report run {made.run.id} is {made.run.status}")
            runs = iter([(made, {})])
        for made, constants in runs:
            try:
                result = wait_for(self.account.api, made.run, self.polling)
            except StripeReportsError as error:
                error.at(report_run=made.run.id)
                raise
            yield _Part(made, result, constants)

    def _convert(
        self, parts: Sequence[_Part], expected: ExpectedColumns, facts: Mapping[str, str]
    ) -> LandedTable:
        run_id: str | None = None

        def csvs() -> Iterator[Csv]:
            nonlocal run_id
            for part in parts:
                run_id = part.made.run.id
                with open_result(self.account.api, part.result) as chunks:
                    yield Csv(chunks, part.result.size, part.constants)

        try:
            return repeat_downloads(
                lambda: self.lake.land(self.report_type, self.day, csvs(), expected=expected, facts=facts)
            )
        except StripeReportsError as error:
            error.at(report_run=run_id)
            raise

    def _facts(self, parts: Sequence[_Part], interval: Interval, asked: Sequence[str]) -> dict[str, str]:
        """What the provenance says of the report runs; of several, with commas between them."""
        bounds = interval_parameters(self.report_type, interval)
        options = option_parameters(self.report_type, self.request, self.timezone)
        return {
            "report_run_id": ",".join(part.made.run.id for part in parts),
            "file_id": ",".join(part.result.id for part in parts),
            "result_created": ",".join(str(part.result.created) for part in parts),
            **{name: str(second) for name, second in bounds.items()},
            "timezone": self.timezone,
            "parameters": json.dumps({**options, **bounds}),
            "columns": json.dumps(list(asked) or None),
            "account": self.account.id or "",
        }
