"""Settings for making, awaiting and adopting report runs."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_reports.errors import ConfigurationError

MAX_RUNS_IN_FLIGHT = 8


@dataclass(frozen=True, slots=True)
class LandingSettings:
    """The settings of a landing. All times are in seconds."""

    max_runs_in_flight: int = MAX_RUNS_IN_FLIGHT
    """The most report runs that are pending at the same time."""
    range_runs: bool = True
    """Whether days of an itemized report may come from one report run of up to a calendar month."""
    poll_initial: float = 0.5
    """The pause before the first look at a pending run. Each next pause is `poll_factor` times longer, up to
    `poll_longest`. Once some runs have succeeded, the first pause is as long as they usually took."""
    poll_factor: float = 1.5
    poll_longest: float = 30.0
    stuck_after: float = 1800.0
    """How long a run may be pending before a new one replaces it."""
    adopt_within: float = 7 * 86400.0
    """How old a report run may be to be adopted; 0 to adopt none."""
    fresh: str | None = None
    """A name: only runs made under the same name are used."""
    made_since: float = float("inf")
    """Unix seconds. Runs made since then that gave no result count towards the replacements allowed."""
    release_after: float | None = None
    """How long to wait with nothing but pending runs before ending with StillPending; None to wait on."""

    def __post_init__(self) -> None:
        if (
            self.poll_initial <= 0
            or self.poll_factor < 1
            or self.poll_longest < self.poll_initial
            or self.stuck_after <= 0
        ):
            raise ConfigurationError(
                f"the polling settings make no sense: initial {self.poll_initial:g}, factor"
                f" {self.poll_factor:g}, longest {self.poll_longest:g}, stuck after {self.stuck_after:g}; use"
                " initial > 0, factor >= 1, longest >= initial, stuck after > 0"
            )
        if self.max_runs_in_flight < 1:
            raise ConfigurationError(f"max_runs_in_flight is {self.max_runs_in_flight}; give 1 or more")
        if self.adopt_within < 0:
            raise ConfigurationError(f"adopt_within is {self.adopt_within:g} seconds; give 0 or more")
