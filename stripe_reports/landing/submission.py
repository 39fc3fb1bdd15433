"""Make report runs now, and land their days later."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

from stripe_reports.catalog import ReportType
from stripe_reports.errors import StripeReportsError, StripeRequestError
from stripe_reports.lake import Lake
from stripe_reports.landing.beginning import begin
from stripe_reports.landing.obtain import Attempts, ObtainedRun, obtain_run
from stripe_reports.landing.request import ReportRequest
from stripe_reports.landing.settings import LandingSettings
from stripe_reports.landing.shared import PAUSES_IN_TROUBLE, Shared
from stripe_reports.landing.stretch import Stretch
from stripe_reports.stripe_api import Account

_CALLS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class SubmittedRun:
    """A report run that Stripe is building, or has built already."""

    report_type: ReportType
    days: tuple[date, ...]
    report_run: str
    adopted: bool
    """Whether the run existed before."""


@dataclass(frozen=True, slots=True)
class NotSubmitted:
    """Days for which no report run was made; `error` names the report type."""

    report_type: ReportType
    days: tuple[date, ...]
    error: StripeReportsError


@dataclass(frozen=True, slots=True)
class LeftToLanding:
    """Days whose report runs are about single payouts, which are known only when the day lands."""

    report_type: ReportType
    days: tuple[date, ...]


Submission = SubmittedRun | NotSubmitted | LeftToLanding


def submit(
    asked: Mapping[ReportType, Sequence[date]],
    *,
    account: Account,
    lake: Lake,
    requests: Mapping[str, ReportRequest] | None = None,
    timezone: str = "UTC",
    settings: LandingSettings | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> Iterator[Submission]:
    """Make the report runs that landing these days would make, or find existing ones. Yields each submission.

    The runs have the same parameters, columns and idempotency keys, so whoever lands the same days later uses
    them. Nothing is waited for, so any number may be pending: `settings.max_runs_in_flight` has no effect. No
    run is made before Stripe has the data, nor for the lake of another account.

    `requests` are by report type's id; `warn` takes one line at a time, from any thread.
    """
    settings = settings or LandingSettings()
    shared = Shared.of(account, lake, timezone, settings, warn)
    to_submit: dict[ReportType, Sequence[date]] = {}
    for report_type, days in asked.items():
        ordered = tuple(sorted(set(days)))
        if ordered and report_type.interval == "payout":
            yield LeftToLanding(report_type, ordered)
        else:
            to_submit[report_type] = ordered
    stretches: list[Stretch] = []
    for begun in begin(shared, to_submit, requests or {}, {}):
        stretches += begun.stretches
        for days, why in begun.failed:
            yield _not_submitted(begun.report_type, tuple(days), why)
    shared.find_made_runs(stretch.data_ready_by for stretch in stretches)
    calls = ThreadPoolExecutor(_CALLS_AT_ONCE, "stripe-reports-submit")
    try:
        for submissions in calls.map(_submit, stretches):
            yield from submissions
    finally:
        shared.stopped.set()
        calls.shutdown(cancel_futures=True)


def _submit(stretch: Stretch) -> list[Submission]:
    try:
        obtained = _obtain(stretch.shared, Attempts(stretch.wanted_run()))
    except Exception as raised:  # noqa: BLE001 - it concerns these days, and no others
        error = stretch.shared.error_of(raised)
        if others := stretch.instead(error, ()):  # day by day, where the whole range is refused
            return [each for other in others for each in _submit(other)]
        return [_not_submitted(stretch.report_type, stretch.days, error)]
    return [SubmittedRun(stretch.report_type, stretch.days, obtained.run.id, obtained.adopted)]


def _obtain(shared: Shared, attempts: Attempts) -> ObtainedRun:
    """Obtain a run, and wait for passing trouble as often as landing does."""
    for pause in PAUSES_IN_TROUBLE:
        try:
            return obtain_run(shared.account, attempts, shared.made_runs, shared.settings, shared.warn)
        except StripeRequestError as error:
            if not error.passes or shared.stopped.is_set():
                raise
            shared.warn(f"{attempts.wanted.report_type}: {error}; retrying in {pause:g} s")
            shared.stopped.wait(pause)
    return obtain_run(shared.account, attempts, shared.made_runs, shared.settings, shared.warn)


def _not_submitted(
    report_type: ReportType, days: tuple[date, ...], error: StripeReportsError
) -> NotSubmitted:
    day = days[0] if len(days) == 1 else None
    return NotSubmitted(report_type, days, copy.copy(error).at(report_type=report_type.id, day=day))
