"""What all stretches of one landing share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from threading import Event
from typing import Self

from stripe_reports.errors import StripeReportsError
from stripe_reports.lake import Lake
from stripe_reports.landing.made_runs import MadeRuns
from stripe_reports.landing.refused_runs import RefusedRuns
from stripe_reports.landing.settings import LandingSettings
from stripe_reports.landing.unexpected import error_of
from stripe_reports.stripe_api import Account, list_report_runs

PAUSES_IN_TROUBLE = (5.0, 15.0, 45.0, 90.0)
"""Seconds before a call that failed for a passing reason is repeated, after the SDK's own attempts."""


class Stopped(Exception):
    """The landing is stopped: nobody waits for an outcome any more."""


class Interrupted(Stopped):
    """Something was raised that ends a process or a thread, such as KeyboardInterrupt.

    asyncio would end its event loop at once for some of these, so this exception carries them through it.
    """

    def __init__(self, by: BaseException) -> None:
        super().__init__(repr(by))
        self.by = by


@dataclass(frozen=True, slots=True)
class Shared:
    """The account, lake and settings of a landing; `warn` takes one line at a time, from any thread."""

    account: Account
    lake: Lake
    timezone: str
    settings: LandingSettings
    warn: Callable[[str], None]
    made_runs: MadeRuns
    refused_runs: RefusedRuns
    stopped: Event = field(default_factory=Event)

    @classmethod
    def of(
        cls,
        account: Account,
        lake: Lake,
        timezone: str,
        settings: LandingSettings,
        warn: Callable[[str], None],
    ) -> Self:
        """Return what a landing starts with."""
        refused_runs = RefusedRuns(lake, warn, account.api.redact)
        return cls(account, lake, timezone, settings, warn, MadeRuns.under(settings), refused_runs)

    def find_made_runs(self, data_ready_by: Iterable[int]) -> None:
        """List, once, the report runs that are new enough to have these data (Unix seconds)."""
        oldest = min(data_ready_by, default=None)
        if oldest is None or not self.made_runs.adopts:
            return
        since = max(oldest, int(time.time() - self.settings.adopt_within))
        try:
            self.made_runs.found(list_report_runs(self.account.api, created_from=since))
        except Exception as raised:  # noqa: BLE001 - new report runs serve as well
            self.warn(f"could not list existing report runs; creating new ones: {self.error_of(raised)}")

    def error_of(self, raised: BaseException, *, hides_values: bool = False) -> StripeReportsError:
        """Return the error that a stretch fails with. Re-raises Stopped, and what ends a process.

        With `hides_values`, an unexpected error shows no text of its exceptions, which may quote rows.
        """
        if isinstance(raised, Stopped):
            raise raised
        return error_of(raised, self.account.api.redact, hides_texts=hides_values)

    def until_stopped(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks. Raises Stopped as soon as the landing is stopped."""
        for chunk in chunks:
            if self.stopped.is_set():
                raise Stopped
            yield chunk
        if self.stopped.is_set():
            raise Stopped
