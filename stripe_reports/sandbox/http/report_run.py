"""Report runs: pending for a while, then succeeded, with a result and an event."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

from stripe_reports.sandbox.http.event import Events
from stripe_reports.sandbox.http.file import File, Files
from stripe_reports.sandbox.http.run_parameters import Checked
from stripe_reports.sandbox.ledger import Ledger
from stripe_reports.sandbox.reports import PLAYED, csv_chunks


@dataclass
class ReportRun:
    """https://docs.stripe.com/api/reporting/report_run/object; `due` on the monotonic clock."""

    id: str
    created: int
    succeeds_at: int
    due: float
    livemode: bool
    report_type: str
    checked: Checked
    result: File | None = None
    settling: Lock = field(default_factory=Lock, repr=False)

    def as_object(self, files: Files) -> dict[str, Any]:
        """Stripe's object, with the result inline."""
        result = self.result
        return {
            "id": self.id,
            "object": "reporting.report_run",
            "created": self.created,
            "error": None,
            "livemode": self.livemode,
            "parameters": self.checked.echo,
            "report_type": self.report_type,
            "result": files.as_object(result) if result else None,
            "status": "succeeded" if result else "pending",
            "succeeded_at": self.succeeds_at if result else None,
        }


class ReportRuns:
    """All runs since the start. A run is settled when somebody looks at it and its time has come.

    Nothing runs in the background, so an idle sandbox is idle, and what is never looked at costs nothing.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        files: Files,
        events: Events,
        latency: float,
        livemode: bool,
        now: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._files = files
        self._events = events
        self.folder: Path | None = None
        """Where results go, once there is such a place."""
        self._latency = latency
        self._livemode = livemode
        self._now = now
        self._runs: dict[str, ReportRun] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def create(self, report_type: str, checked: Checked) -> ReportRun:
        """A new run, pending even where the latency is zero."""
        now = self._now()
        run = ReportRun(
            id=f"frr_1{secrets.token_hex(11)}",
            created=int(now),
            succeeds_at=int(now + self._latency),
            due=time.monotonic() + self._latency,
            livemode=self._livemode,
            report_type=report_type,
            checked=checked,
        )
        self._runs[run.id] = run
        return run

    def knows_payout(self, id_: str, until: int) -> bool:
        """Whether a run may be about that payout."""
        return self._ledger.payout(id_, until) is not None

    def find(self, id_: str) -> ReportRun | None:
        """The run of that id."""
        return self._runs.get(id_)

    def newest_first(self) -> list[ReportRun]:
        """All runs."""
        return list(reversed(list(self._runs.values())))

    def settle_all(self) -> None:
        """Let the files and events of all runs be there whose time has come."""
        for run in list(self._runs.values()):
            self._settle(run)

    def as_object(self, run: ReportRun) -> dict[str, Any]:
        """Stripe's object of the run as it is now."""
        self._settle(run)
        return run.as_object(self._files)

    def _settle(self, run: ReportRun) -> None:
        if run.result or time.monotonic() < run.due:
            return
        with run.settling:
            if run.result:  # by another request meanwhile
                return
            if self.folder is None:
                raise RuntimeError("a report run is settled while the sandbox does not run")
            path = self.folder / f"{run.id}.csv"
            with path.open("wb") as file:
                file.writelines(self._csv(run))
            result = File(
                id=f"file_1{secrets.token_hex(11)}",
                created=run.succeeds_at,
                path=path,
                size=path.stat().st_size,
                filename=f"{run.id}.csv",
                title=f"FinanceReportRun {run.id}",
            )
            self._files.add(result)
            announced = replace(run, result=result).as_object(self._files)
            self._events.add("reporting.report_run.succeeded", run.succeeds_at, announced)
            run.result = result  # last: who sees it finds the file and the event as well

    def _csv(self, run: ReportRun) -> Iterator[bytes]:
        rows = PLAYED[run.report_type](self._ledger, run.checked.query)
        return csv_chunks(run.checked.columns, rows)
