"""The report run that is wanted: one that exists, or else a new one."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

from stripe_reports.errors import ReportRunError, StripeRequestError
from stripe_reports.landing.made_runs import MadeRuns
from stripe_reports.landing.settings import LandingSettings
from stripe_reports.landing.wanted_run import WantedRun
from stripe_reports.stripe_api import (
    Account,
    ReportRun,
    RunParameters,
    check_answers_request,
    create_report_run,
    is_replayed,
)

# What comes behind these words in Stripe's answer may be a list of the columns that it does know.
_WHAT_IT_KNOWS = re.compile(r"\b(valid|allowed|supported|permitted|known|one of)\b", re.IGNORECASE)

_MOST_REPLAYS = 50


def obtain_run(
    account: Account,
    wanted: WantedRun,
    made_runs: MadeRuns,
    settings: LandingSettings,
    warn: Callable[[str], None],
) -> None:
    """Give `wanted` its run: the given one, or one with the columns that the account's version of the report
    knows. Raises ReportRunError where Stripe answers with a run that was not asked for.

    A column that Stripe refuses is left out, with a warning, and the rest asked for: versions of a report
    differ between accounts, and the catalog cannot know them all. Raises as `create_report_run` does for any
    other refusal, and where Stripe does not say which column it means.
    """
    if wanted.given:
        wanted.columns, wanted.dropped_columns = wanted.given.columns, wanted.given.dropped_columns
        wanted.is_made(wanted.given.run, adopted=True, may_be_old=True)
        return
    rejected = account.rejected_columns[wanted.report_type]
    while True:
        asked = tuple(column for column in wanted.wanted_columns if column not in rejected)
        sent = {**wanted.parameters, "columns": list(asked)} if asked else wanted.parameters
        known = {
            run.id: run
            for run in made_runs.equal(wanted.report_type, sent)
            if wanted.livemode in (None, run.livemode)
        }
        usable = [run for run in known.values() if not _is_hopeless(run, wanted, settings)]
        for run in known.values():
            if run not in usable and run.created >= settings.made_since and not wanted.has_given_up(run):
                wanted.give_up(run, settings, account.api.redact)
        if not wanted.may_be_replaced:
            raise wanted.failure()
        try:
            run = _adoptable(usable, wanted) or _make(account, wanted, sent, made_runs, usable)
        except StripeRequestError as error:
            refused = _refused_columns(error, asked)
            if not refused:
                raise
            if not refused <= rejected:  # not told by another thread meanwhile
                rejected |= refused
                what = ", ".join(sorted(refused))
                warn(f"{wanted.report_type}: this account's version has no {what}; left out")
        else:
            made_runs.made(run, sent)
            wanted.columns = asked
            wanted.dropped_columns = tuple(column for column in wanted.wanted_columns if column not in asked)
            # Under a name of its own, an attempt before may have made it.
            may_be_old = run.id in known or settings.fresh is not None
            wanted.is_made(run, adopted=run.id in known, may_be_old=may_be_old)
            return


def _adoptable(usable: Sequence[ReportRun], wanted: WantedRun) -> ReportRun | None:
    """The newest that has succeeded, or else the newest that may yet."""
    with_all_data = [run for run in usable if run.created >= wanted.data_ready_by]
    succeeded = (run for run in with_all_data if run.status == "succeeded" and run.result)
    return next(succeeded, None) or next((run for run in with_all_data if run.status == "pending"), None)


def _is_hopeless(run: ReportRun, wanted: WantedRun, settings: LandingSettings) -> bool:
    if run.status == "pending":
        return wanted.has_given_up(run) or time.time() - run.created >= settings.stuck_after
    return wanted.has_given_up(run) or run.status == "failed"


def _make(
    account: Account,
    wanted: WantedRun,
    sent: RunParameters,
    made_runs: MadeRuns,
    usable: Sequence[ReportRun],
) -> ReportRun:
    """A new run, under the next number.

    Under one number Stripe gives the same run to all who ask, so that two processes share it, and so does one
    that was killed with its successor. As nobody asks before the data are there, it is as good as a new one;
    unless it came to nothing, which is seen in the list of runs: then the next number is asked for. A number
    stays the next one until Stripe has answered: an answer that is lost may have been a run.
    """
    known = {run.id for run in made_runs.equal(wanted.report_type, sent)}
    hopeless = known - {run.id for run in usable}
    for _ in range(_MOST_REPLAYS):
        key = made_runs.idempotency_key(wanted.report_type, sent, wanted.number)
        try:
            run = create_report_run(account.api, wanted.report_type, sent, key)
            check_answers_request(account.api, run, wanted.report_type, sent, livemode=wanted.livemode)
        except StripeRequestError as error:
            if is_replayed(error):
                wanted.number += 1
            raise
        wanted.number += 1
        if run.id not in hopeless and not wanted.has_given_up(run):
            return run
    raise ReportRunError("Stripe answers with failed report runs of before only; try again later")


def _refused_columns(error: StripeRequestError, asked: Sequence[str]) -> set[str]:
    """Which of the columns the refusal is about; none if it is about something else, or about all of them."""
    if not asked or "columns" not in (error.param or ""):
        return set()
    index = re.fullmatch(r"parameters\[columns\]\[(\d+)\]", error.param or "")
    if index and int(index[1]) < len(asked):
        return {asked[int(index[1])]}
    said = error.what.partition(": ")[2]
    about = said[: known.start()] if (known := _WHAT_IT_KNOWS.search(said)) else said
    named = {column for column in asked if re.search(rf"(?<![\w\[]){re.escape(column)}(?![\w\[])", about)}
    return named if len(named) < len(asked) else set()
