"""Report runs made now, for days that land later: without waiting for a result."""

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
from stripe_reports.landing.obtain import obtain_run
from stripe_reports.landing.piece import Piece
from stripe_reports.landing.request import ReportRequest
from stripe_reports.landing.settings import LandingSettings
from stripe_reports.landing.shared import PAUSES_IN_TROUBLE, Shared
from stripe_reports.landing.wanted_run import WantedRun
from stripe_reports.stripe_api import Account

_CALLS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class SubmittedRun:
    """A report run that Stripe is at, or has built already."""

    report_type: ReportType
    days: tuple[date, ...]
    report_run: str
    adopted: bool
    """Whether it was there before."""


@dataclass(frozen=True, slots=True)
class NotSubmitted:
    """Days for which no report run was made; `error` names the report type."""

    report_type: ReportType
    days: tuple[date, ...]
    error: StripeReportsError


@dataclass(frozen=True, slots=True)
class LeftToLanding:
    """Days whose report runs are about single payouts, which are not known before the day is landed."""

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
    """Make the report runs that landing these days would make, or find them made; tells of each as it comes.

    They have the same parameters, columns and idempotency keys, so that whoever lands the same days later
    uses them. As nothing is waited for, any number may be pending: `settings.max_runs_in_flight` is not
    looked at. No run is made before Stripe has the data, nor for a lake that is another account's.

    `requests` are by report type's id; `warn` is given one line each, from any thread.
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
    pieces: list[Piece] = []
    for begun in begin(shared, to_submit, requests or {}, {}):
        pieces += begun.pieces
        for days, why in begun.failed:
            yield _not_submitted(begun.report_type, tuple(days), why)
    shared.find_made_runs(piece.tables.data_ready_by for piece in pieces)
    calls = ThreadPoolExecutor(_CALLS_AT_ONCE, "stripe-reports-submit")
    try:
        for told in calls.map(lambda piece: _submit(shared, piece), pieces):
            yield from told
    finally:
        shared.stopped.set()
        calls.shutdown(cancel_futures=True)


def _submit(shared: Shared, piece: Piece) -> list[Submission]:
    try:
        piece.next_step()
        for wanted in piece.wanted:
            _obtain(shared, wanted)
    except Exception as raised:  # noqa: BLE001 - it concerns these days, and no others
        error = shared.error_of(raised)
        if others := piece.instead(error):  # day by day, where the whole range is refused
            return [told for other in others for told in _submit(shared, other)]
        return [_not_submitted(piece.report_type, piece.days, error)]
    finally:
        piece.close()
    return [
        SubmittedRun(piece.report_type, piece.days, wanted.run.id, wanted.adopted)
        for wanted in piece.wanted
        if wanted.run
    ]


def _obtain(shared: Shared, wanted: WantedRun) -> None:
    """Trouble that passes is waited for, as often as landing does."""
    for pause in (*PAUSES_IN_TROUBLE, None):
        try:
            obtain_run(shared.account, wanted, shared.made_runs, shared.settings, shared.warn)
        except StripeRequestError as error:
            if pause is None or not error.passes or shared.stopped.is_set():
                raise
            shared.warn(f"{wanted.report_type}: {error}; retrying in {pause:g} s")
            shared.stopped.wait(pause)
        else:
            return


def _not_submitted(
    report_type: ReportType, days: tuple[date, ...], error: StripeReportsError
) -> NotSubmitted:
    day = days[0] if len(days) == 1 else None
    return NotSubmitted(report_type, days, copy.copy(error).at(report_type=report_type.id, day=day))
