"""Landing of one report type and one day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from stripe_reports.catalog import ReportType
from stripe_reports.errors import ReportRunError
from stripe_reports.lake import Lake
from stripe_reports.landing.backfill import Backfill
from stripe_reports.landing.outcome import FailedDay, LandedDay, StillPending, WaitingDay, Warned
from stripe_reports.landing.request import ReportRequest
from stripe_reports.landing.settings import LandingSettings
from stripe_reports.stripe_api import Account


def land_day(
    report_type: ReportType,
    day: date,
    *,
    account: Account,
    lake: Lake,
    request: ReportRequest | None = None,
    timezone: str = "UTC",
    settings: LandingSettings | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> LandedDay:
    """Obtain a report run for the day (or one for each of its payouts), wait for it, and land its result.

    `warn` takes one line at a time. Raises a StripeReportsError that names the report type, the day and, if
    it is about one, the report run; then the partition is as before.
    """
    backfill = Backfill(
        {report_type: [day]},
        account=account,
        lake=lake,
        requests={report_type.id: request} if request else None,
        timezone=timezone,
        settings=settings,
    )
    try:
        for outcome in backfill.outcomes():
            match outcome:
                case LandedDay():
                    return outcome
                case FailedDay() | WaitingDay():
                    raise outcome.error
                case StillPending():
                    raise ReportRunError(
                        "still pending; land the day again later",
                        report_type=report_type.id,
                        day=day,
                        report_run=",".join(outcome.report_runs),
                    )
                case Warned():
                    warn(outcome.text)
    finally:
        backfill.stop()
    raise AssertionError("unreachable: a day lands, fails or stays pending")
