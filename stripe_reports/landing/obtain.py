"""A report run that a landing wants, and how to obtain it: an existing one, or else a new one."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from stripe_reports.errors import ReportRunError, ReportRunStuckError, StripeRequestError
from stripe_reports.landing.external_run import ExternalRun
from stripe_reports.landing.made_runs import MadeRuns
from stripe_reports.landing.settings import LandingSettings
from stripe_reports.stripe_api import (
    Account,
    ReportRun,
    ResultFile,
    RunParameters,
    check_answers_request,
    create_report_run,
    is_replayed,
)

# In Stripe's answer a list of the columns that it does know may follow these words.
_WHAT_IT_KNOWS = re.compile(r"\b(valid|allowed|supported|permitted|known|one of)\b", re.IGNORECASE)

_MOST_REPLAYS = 50
_REPLACEMENTS = 3


@dataclass(frozen=True, slots=True, eq=False)
class WantedRun:
    """The report run that a landing wants."""

    report_type: str
    parameters: RunParameters
    """The parameters without columns."""
    columns: Sequence[str]
    data_ready_by: int
    """When Stripe has all data (Unix seconds). A run made earlier may lack some, and is not adopted."""
    livemode: bool | None = None
    """The mode of the account; None if it is not known."""
    payout: str | None = None
    """The payout that the run is about. Stripe may decline to report on it."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Columns that its CSV may lack and all its rows have."""
    unusable: frozenset[str] = frozenset()
    """Ids of runs that must not be adopted."""
    external: ExternalRun | None = None
    """The run to use, whatever it was asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class ObtainedRun:
    """The report run that answers a wanted one."""

    wanted: WantedRun
    run: ReportRun
    columns: tuple[str, ...]
    """The columns it was asked for."""
    dropped_columns: tuple[str, ...]
    """The wanted columns it was not asked for."""
    adopted: bool
    """Whether the run existed before."""
    asked_at: float
    """When the wanted run was first asked for, on the monotonic clock."""
    pending_since: float
    """When this run was made, on the monotonic clock."""

    @property
    def result(self) -> ResultFile:
        """The file of a run that has succeeded."""
        if self.run.result is None:
            raise AssertionError(f"{self.wanted.report_type}: there is no result yet")
        return self.run.result


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A report run that is not waited for any more, and why."""

    report_run: str
    why: str
    stuck: bool
    """Whether the run was pending for too long."""


@dataclass(slots=True, eq=False)
class Attempts:
    """The attempts at one wanted run."""

    wanted: WantedRun
    given_up: list[GivenUp] = field(default_factory=list)
    number: int = 0
    """The number of the next new run; `MadeRuns.idempotency_key` says what it is for."""
    asked_at: float | None = None

    def give_up(
        self,
        run: ReportRun,
        settings: LandingSettings,
        redact: Callable[[str], str],
        *,
        is_lost: bool = False,
    ) -> None:
        """Wait no longer for a run that Stripe has not brought to a result, or has lost."""
        stuck = not is_lost and run.status == "pending"
        if is_lost:
            why = "Stripe does not know this report run any more (404)"
        elif stuck:
            why = f"still pending after {settings.stuck_after:g} s"
        elif run.status == "succeeded":
            why = "Stripe marked it succeeded, and it has no result"
        else:
            why = f"Stripe marked it {run.status}: {redact(run.error or 'Stripe gives no reason')}"
        self.given_up.append(GivenUp(run.id, why, stuck))

    def has_given_up(self, run: ReportRun) -> bool:
        """Return whether this run was given up, or must not be adopted."""
        return run.id in self.wanted.unusable or any(run.id == each.report_run for each in self.given_up)

    @property
    def may_go_on(self) -> bool:
        """Whether another run is worth a try. An external run may cover more than is wanted."""
        return not self.given_up or (self.wanted.external is None and len(self.given_up) <= _REPLACEMENTS)

    def failure(self) -> ReportRunError:
        """Return the error that says why there is no other attempt, and names all runs."""
        *before, last = self.given_up
        others = ", ".join(each.report_run for each in before)
        others = f"; before it, other report runs gave no result: {others}" if before else ""
        error = ReportRunStuckError if last.stuck else ReportRunError
        return error(
            f"{last.why}{others}; this is rare and passes: materialize the day again later",
            report_run=last.report_run,
        )


def obtain_run(
    account: Account,
    attempts: Attempts,
    made_runs: MadeRuns,
    settings: LandingSettings,
    warn: Callable[[str], None],
) -> ObtainedRun:
    """Return the report run that answers the wanted one: the external run, an existing run, or a new one.

    It has the columns that the account's version of the report knows. A column that Stripe refuses is left
    out, with a warning: versions of a report differ between accounts, and the catalog cannot know them all.

    Raises ReportRunError if Stripe answers with another run than the one asked for, and after too many
    attempts. Raises as `create_report_run` does for any other refusal, and if Stripe does not say which
    column it means.
    """
    wanted = attempts.wanted
    attempts.asked_at = attempts.asked_at or time.monotonic()
    if external := wanted.external:
        columns, dropped = external.columns, external.dropped_columns
        return _obtained(attempts, external.run, columns, dropped, adopted=True, may_be_old=True)
    rejected = account.rejected_columns[wanted.report_type]
    while True:
        asked = tuple(column for column in wanted.columns if column not in rejected)
        sent = {**wanted.parameters, "columns": list(asked)} if asked else wanted.parameters
        known = {
            run.id: run
            for run in made_runs.equal(wanted.report_type, sent)
            if wanted.livemode in (None, run.livemode)
        }
        usable = [run for run in known.values() if not _is_hopeless(run, attempts, settings)]
        for run in known.values():
            if run not in usable and run.created >= settings.made_since and not attempts.has_given_up(run):
                attempts.give_up(run, settings, account.api.redact)
        if not attempts.may_go_on:
            raise attempts.failure()
        try:
            run = _adoptable(usable, wanted) or _make(account, attempts, sent, made_runs, usable)
        except StripeRequestError as error:
            refused = _refused_columns(error, asked)
            if not refused:
                raise
            if not refused <= rejected:  # another thread may have found out meanwhile
                rejected |= refused
                what = ", ".join(sorted(refused))
                warn(f"{wanted.report_type}: this account's version has no {what}; left out")
        else:
            made_runs.made(run, sent)
            dropped = tuple(column for column in wanted.columns if column not in asked)
            # Under a name of its own, an earlier attempt may have made it.
            may_be_old = run.id in known or settings.fresh is not None
            adopted = run.id in known
            return _obtained(attempts, run, asked, dropped, adopted=adopted, may_be_old=may_be_old)


def _obtained(
    attempts: Attempts,
    run: ReportRun,
    columns: tuple[str, ...],
    dropped: tuple[str, ...],
    *,
    adopted: bool,
    may_be_old: bool,
) -> ObtainedRun:
    """Return the run with its age: by Stripe's clock if it may be old, otherwise it is new."""
    now = time.monotonic()
    age = max(0.0, time.time() - run.created) if may_be_old else 0.0
    asked_at = attempts.asked_at or now
    return ObtainedRun(attempts.wanted, run, columns, dropped, adopted, asked_at, now - age)


def _adoptable(usable: Sequence[ReportRun], wanted: WantedRun) -> ReportRun | None:
    """Return the newest run that has succeeded, or else the newest that still may."""
    with_all_data = [run for run in usable if run.created >= wanted.data_ready_by]
    succeeded = (run for run in with_all_data if run.status == "succeeded" and run.result)
    return next(succeeded, None) or next((run for run in with_all_data if run.status == "pending"), None)


def _is_hopeless(run: ReportRun, attempts: Attempts, settings: LandingSettings) -> bool:
    if run.status == "pending":
        return attempts.has_given_up(run) or time.time() - run.created >= settings.stuck_after
    return attempts.has_given_up(run) or run.status == "failed"


def _make(
    account: Account,
    attempts: Attempts,
    sent: RunParameters,
    made_runs: MadeRuns,
    usable: Sequence[ReportRun],
) -> ReportRun:
    """Make a new run, under the next number.

    Under one number Stripe gives the same run to all who ask, so two processes share it, and so do a process
    that was killed and its successor. As no one asks before Stripe has the data, such a run is as good as a
    new one, unless it came to nothing. The list of runs shows that: then the next number is asked for. The
    number is kept until Stripe has answered, because a lost answer may have been a run.
    """
    wanted = attempts.wanted
    known = {run.id for run in made_runs.equal(wanted.report_type, sent)}
    hopeless = known - {run.id for run in usable}
    for _ in range(_MOST_REPLAYS):
        key = made_runs.idempotency_key(wanted.report_type, sent, attempts.number)
        try:
            run = create_report_run(account.api, wanted.report_type, sent, key)
            check_answers_request(account.api, run, wanted.report_type, sent, livemode=wanted.livemode)
        except StripeRequestError as error:
            if is_replayed(error):
                attempts.number += 1
            raise
        attempts.number += 1
        if run.id not in hopeless and not attempts.has_given_up(run):
            return run
    raise ReportRunError("Stripe returns only earlier report runs that failed; try again later")


def _refused_columns(error: StripeRequestError, asked: Sequence[str]) -> set[str]:
    """Return the columns that Stripe refuses; none if the error is about something else, or all columns."""
    if not asked or "columns" not in (error.param or ""):
        return set()
    index = re.fullmatch(r"parameters\[columns\]\[(\d+)\]", error.param or "")
    if index and int(index[1]) < len(asked):
        return {asked[int(index[1])]}
    said = error.what.partition(": ")[2]
    about = said[: known.start()] if (known := _WHAT_IT_KNOWS.search(said)) else said
    named = {column for column in asked if re.search(rf"(?<![\w\[]){re.escape(column)}(?![\w\[])", about)}
    return named if len(named) < len(asked) else set()
