"""A report run that is wanted: adopted or made, and made anew where Stripe does not bring it to an end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from stripe_reports.errors import ReportRunError, ReportRunStuckError, StripeRequestError
from stripe_reports.landing.given_run import GivenRun
from stripe_reports.landing.settings import LandingSettings
from stripe_reports.stripe_api import ReportRun, ResultFile, RunParameters

_REPLACEMENTS = 3
_STUCK = "still pending after"


@dataclass(slots=True, eq=False)
class WantedRun:
    """What is asked for, and the run that answers it once there is one."""

    report_type: str
    parameters: RunParameters
    """Without columns."""
    wanted_columns: Sequence[str]
    data_ready_by: int
    """Unix seconds. An earlier run may have been made with less than all data, and is not adopted."""
    livemode: bool | None = None
    """The mode of the account; None where it is not known."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Columns that its CSV may lack and its rows have."""
    may_be_refused: bool = False
    """Whether Stripe may decline to report on its payout."""
    unusable: frozenset[str] = frozenset()
    """Ids of runs that are not to be adopted."""

    given: GivenRun | None = None
    """The run to use."""

    run: ReportRun | None = None
    columns: tuple[str, ...] = ()
    """Those that were asked for in the end."""
    dropped_columns: tuple[str, ...] = ()
    adopted: bool = False
    refused: StripeRequestError | None = None
    given_up: list[tuple[str, str]] = field(default_factory=list)
    """The ids of earlier runs, and why they are not waited for."""
    number: int = 0
    """Of the next request for it; `MadeRuns.idempotency_key` says what for."""
    failures_on_the_way: int = 0
    """Calls about it that failed, one after the other."""
    asked_at: float | None = None
    """When it was first asked for, on the monotonic clock as the next two."""
    pending_since: float = 0.0
    seen_pending: float = 0.0
    """When it was last looked at and was not there yet."""
    pause: float = 0.0

    @property
    def result(self) -> ResultFile:
        """Of a run that has succeeded."""
        if self.run is None or self.run.result is None:
            raise AssertionError(f"{self.report_type}: there is no result yet")
        return self.run.result

    def is_made(self, run: ReportRun, *, adopted: bool, may_be_old: bool) -> None:
        """This is the run. Stripe's clock says how old it is, ours is good enough for a new one."""
        self.run, self.adopted = run, adopted
        age = max(0.0, time.time() - run.created) if may_be_old else 0.0
        self.pending_since = self.seen_pending = time.monotonic() - age
        self.pause = 0.0

    def next_pause(self, settings: LandingSettings, usual: float | None) -> float:
        """How long to wait before the next look; first as long as runs usually take, if that is known."""
        if self.pause:
            self.pause = min(self.pause * settings.poll_factor, settings.poll_longest)
        else:
            self.pause = settings.poll_initial
            left = (usual or 0.0) - (time.monotonic() - self.pending_since)
            return min(max(left, self.pause), settings.poll_longest)
        return self.pause

    def give_up(
        self,
        run: ReportRun,
        settings: LandingSettings,
        redact: Callable[[str], str],
        *,
        is_lost: bool = False,
    ) -> None:
        """Leave this run behind, because Stripe has not brought it to a result, or has lost it."""
        if is_lost:
            why = "Stripe does not know this report run any more (404)"
        elif run.status == "pending":
            why = f"{_STUCK} {settings.stuck_after:g} s"
        elif run.status == "succeeded":
            why = "Stripe marked it succeeded, and it has no result"
        else:
            why = f"Stripe marked it {run.status}: {redact(run.error or 'Stripe gives no reason')}"
        self.given_up.append((run.id, why))
        self.run, self.pending_since, self.failures_on_the_way = None, 0.0, 0

    def has_given_up(self, run: ReportRun) -> bool:
        """Whether this is one of those, or of the unusable ones."""
        return run.id in self.unusable or any(run.id == id_ for id_, _ in self.given_up)

    @property
    def may_be_replaced(self) -> bool:
        """Whether another run is worth a try; what a given one is of may be more than is wanted."""
        return self.given is None and len(self.given_up) <= _REPLACEMENTS

    def failure(self) -> ReportRunError:
        """Why it is not tried again, with all the runs there were."""
        *before, (last, why) = self.given_up
        others = (
            f"; before it, other report runs came to nothing: {', '.join(id_ for id_, _ in before)}"
            if before
            else ""
        )
        error = ReportRunStuckError if why.startswith(_STUCK) else ReportRunError
        return error(
            f"{why}{others}; this is rare and passes: materialize the day again later", report_run=last
        )
