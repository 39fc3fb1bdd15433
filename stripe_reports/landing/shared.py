"""What all days of one landing share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from threading import Event

from stripe_reports.lake import Lake
from stripe_reports.landing.made_runs import MadeRuns
from stripe_reports.landing.settings import LandingSettings
from stripe_reports.stripe_api import Account


class Stopped(Exception):
    """Nobody waits for the outcome any more."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Account, lake and settings; `warn` is given one line each, from any thread."""

    account: Account
    lake: Lake
    timezone: str
    settings: LandingSettings
    warn: Callable[[str], None]
    made_runs: MadeRuns
    stopped: Event = field(default_factory=Event)

    def until_stopped(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same chunks. Raises Stopped as soon as the landing is."""
        for chunk in chunks:
            if self.stopped.is_set():
                raise Stopped
            yield chunk
        if self.stopped.is_set():
            raise Stopped
