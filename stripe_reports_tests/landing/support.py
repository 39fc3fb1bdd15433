"""What the tests of landing share: settings without long pauses, and outcomes as they came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from stripe_reports.catalog import ReportType
from stripe_reports.lake import Lake
from stripe_reports.landing import (
    Backfill,
    FailedDay,
    LandedDay,
    LandingSettings,
    StillPending,
    WaitingDay,
    Warned,
)
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account, StripeApi


def quick(**settings: Any) -> LandingSettings:
    """Runs that exist are used."""
    return LandingSettings(**{"poll_initial": 0.02, "poll_longest": 0.5} | settings)


def fresh(**settings: Any) -> LandingSettings:
    """No run is used that another landing has made."""
    return quick(fresh=uuid4().hex, **settings)


def account_of(sandbox: Sandbox, **settings: Any) -> Account:
    """One that knows nothing yet."""
    bases = {"api_base": sandbox.api_base, "files_base": sandbox.files_base}
    return Account(StripeApi(sandbox.key, **bases | {"calls_per_second": 1000} | settings))


def days_from(first: date, count: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(count)]


def files_of(lake: Lake) -> dict[str, tuple[bytes, int]]:
    """Of all tables: what is in them, and when they were written."""
    root = Path(lake.root)
    paths = [path for path in root.rglob("*.parquet") if path.is_file()]
    return {str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}


@dataclass
class Ended:
    """All that a backfill has told of."""

    landed: list[LandedDay] = field(default_factory=list)
    failed: list[FailedDay | WaitingDay] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    pending: StillPending | None = None

    @property
    def days(self) -> list[date]:
        return sorted(each.day for each in self.landed)

    @property
    def unchanged(self) -> int:
        return sum(each.unchanged for each in self.landed)

    @property
    def runs(self) -> set[str]:
        return {run for each in self.landed for run in each.report_runs}

    @property
    def errors(self) -> dict[date, str]:
        return {each.day: str(each.error) for each in self.failed}


def run(backfill: Backfill) -> Ended:
    """To its end."""
    ended = Ended()
    try:
        for outcome in backfill.outcomes():
            match outcome:
                case LandedDay():
                    ended.landed.append(outcome)
                case FailedDay() | WaitingDay():
                    ended.failed.append(outcome)
                case Warned():
                    ended.warnings.append(outcome.text)
                case StillPending():
                    ended.pending = outcome
    finally:
        backfill.stop()
    for line in [*ended.warnings, *ended.errors.values()]:
        assert "\n" not in line, "every text is one line"
    return ended


def backfill(
    asked: Mapping[ReportType, Sequence[date]],
    account: Account,
    lake: Lake,
    settings: LandingSettings | None = None,
    **more: Any,
) -> Ended:
    """A whole one."""
    return run(Backfill(asked, account=account, lake=lake, settings=settings or quick(), **more))
