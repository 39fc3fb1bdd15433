"""Report runs: pending for a while, then succeeded with a result and an event, or failed on request."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

from stripe_reports.sandbox.faults import Fault, Faults, Occasion
from stripe_reports.sandbox.faults.rows import with_faults
from stripe_reports.sandbox.http.build_slots import BuildSlots
from stripe_reports.sandbox.http.error import no_such
from stripe_reports.sandbox.http.event import Events
from stripe_reports.sandbox.http.file import KEPT, File, Files
from stripe_reports.sandbox.http.run_parameters import Checked
from stripe_reports.sandbox.ledger import AnyLedger, Ledger
from stripe_reports.sandbox.reports import Query, csv_chunks
from stripe_reports.sandbox.tampering import ReportRows


@dataclass
class ReportRun:
    """A run (https://docs.stripe.com/api/reporting/report_run/object); `due` is on the monotonic clock."""

    id: str
    created: int
    succeeds_at: int
    due: float
    livemode: bool
    report_type: str
    checked: Checked
    faults: tuple[Fault, ...] = ()
    """The faults of this run."""
    failure: str | None = None
    """The error with which the run will end, if it will fail."""
    error: str | None = None
    result: File | None = None
    settling: Lock = field(default_factory=Lock, repr=False)

    def fault(self, kind: str) -> Fault | None:
        """Return the fault of that kind, the last one if there are several."""
        return next((fault for fault in reversed(self.faults) if fault.kind == kind), None)

    @property
    def status(self) -> str:
        """The status in Stripe's words."""
        if self.error is not None:
            return "failed"
        return "succeeded" if self.result else "pending"

    def as_object(self, files: Files) -> dict[str, Any]:
        """Return Stripe's object, with the result inline."""
        result = self.result
        return {
            "id": self.id,
            "object": "reporting.report_run",
            "created": self.created,
            "error": self.error,
            "livemode": self.livemode,
            "parameters": self.checked.echo,
            "report_type": self.report_type,
            "result": files.as_object(result) if result else None,
            "status": self.status,
            "succeeded_at": self.succeeds_at if result else None,
        }


class ReportRuns:
    """All runs since the sandbox started. A run is completed when it is due and somebody reads it.

    Nothing runs in the background, so an idle sandbox is idle, and a run that nobody reads costs nothing.

    At most `at_once` runs are built at the same time, in the order of their creation. Each holds its slot for
    the latency. The time that a `pending` fault adds is spent outside the slot, or stuck runs would block all
    others. A `cached` run is not built and takes no slot.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        report_rows: ReportRows,
        files: Files,
        events: Events,
        latency: float,
        livemode: bool,
        now: Callable[[], float],
        faults: Faults,
        at_once: int | None = None,
    ) -> None:
        self._ledger = ledger
        self._report_rows = report_rows
        self._files = files
        self._events = events
        self.folder: Path | None = None
        """The folder for results, once there is one."""
        self._latency = latency
        self._slots = BuildSlots(at_once, latency)
        self._creating = Lock()
        self._livemode = livemode
        self._now = now
        self._faults = faults
        self._runs: dict[str, ReportRun] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def create(self, report_type: str, checked: Checked, failure: str | None = None) -> ReportRun:
        """Create a run, pending even if the latency is zero; with a `failure`, it ends with that error."""
        with self._creating:  # one at a time, so that they are listed in the order of their slots
            now, clock = self._now(), time.monotonic()
            run = ReportRun(
                id=f"frr_1{secrets.token_hex(11)}",
                created=int(now),
                succeeds_at=int(now),
                due=clock,
                livemode=self._livemode,
                report_type=report_type,
                checked=checked,
                faults=self._faults.take_all("report_run", Occasion(report_type)),
                failure=failure,
            )
            if failed := run.fault("failed"):
                run.failure = failed["error"]
            seconds = self._seconds_until_done(run, clock)
            if math.isfinite(seconds):
                run.succeeds_at = int(now + seconds)
            run.due += seconds
            self._runs[run.id] = run
        if run.fault("cached"):
            self._settle(run)
        return run

    def _seconds_until_done(self, run: ReportRun, clock: float) -> float:
        if run.fault("cached"):
            return 0.0
        pending, longer = run.fault("pending"), 0.0
        if pending:
            longer = math.inf if pending["seconds"] is None else pending["seconds"]
        return self._slots.take(clock) - clock + self._latency + longer

    def check_target(self, query: Query) -> None:
        """Raise Refusal if a connected account or the payout of the run does not exist."""
        ledger: AnyLedger = self._ledger
        if query.connected_accounts is not None:
            for id_ in query.connected_accounts:
                if id_ not in self._ledger.connected_accounts:
                    raise no_such("account", id_, param="parameters[connected_account]", status=400)
            ledger = self._ledger.connected(query.connected_accounts)
        if query.payout is not None and ledger.payout(query.payout, query.known_until) is None:
            raise no_such("payout", query.payout, param="parameters[payout]", status=400)

    def find(self, id_: str) -> ReportRun | None:
        """Return the run with that id, if any."""
        return self._runs.get(id_)

    def newest_first(self) -> list[ReportRun]:
        """Return all runs, newest first."""
        return list(reversed(list(self._runs.values())))

    def settle_all(self) -> None:
        """Complete all runs that are due, with their files and events."""
        for run in list(self._runs.values()):
            self._settle(run)

    def as_object(self, run: ReportRun) -> dict[str, Any]:
        """Return Stripe's object of the run as it is now."""
        self._settle(run)
        return run.as_object(self._files)

    def _settle(self, run: ReportRun) -> None:
        if run.status != "pending" or time.monotonic() < run.due:
            return
        with run.settling:
            if run.status != "pending":  # another request has completed it
                return
            if run.failure is not None:
                announced = replace(run, error=run.failure).as_object(self._files)
                self._events.add("reporting.report_run.failed", run.succeeds_at, announced)
                run.error = run.failure
                return
            result = self._result(run)
            self._files.add(result)
            announced = replace(run, result=result).as_object(self._files)
            self._events.add("reporting.report_run.succeeded", run.succeeds_at, announced)
            run.result = result  # last, so that the file and the event exist before it shows

    def _result(self, run: ReportRun) -> File:
        cached, expired, wrong_size = map(run.fault, ("cached", "expired", "wrong_size"))
        # Stripe's cache returns the file of an earlier equal run, with the data as it was then.
        before = self._equal_before(run) if cached else None
        path = before.path if before else self._write(run)
        owner = run.id if cached is None else f"frr_1{secrets.token_hex(11)}"
        return File(
            id=f"file_1{secrets.token_hex(11)}",
            created=run.created - cached["seconds"] if cached else run.succeeds_at,
            path=path,
            size=path.stat().st_size + (wrong_size["bytes"] if wrong_size else 0),
            filename=f"{owner}.csv",
            title=f"FinanceReportRun {owner}",
            report_type=run.report_type,
            kept=expired["seconds"] if expired else KEPT,
        )

    def _equal_before(self, run: ReportRun) -> File | None:
        asked = (run.report_type, run.checked.echo)
        for other in list(self._runs.values()):
            if other.result and (other.report_type, other.checked.echo) == asked:
                return other.result
        return None

    def _write(self, run: ReportRun) -> Path:
        if self.folder is None:
            raise RuntimeError("a report run was read while the sandbox was not running")
        path = self.folder / f"{run.id}.csv"
        with path.open("wb") as file:
            file.writelines(self._csv(run))
        return path

    def _csv(self, run: ReportRun) -> Iterator[bytes]:
        columns = run.checked.columns
        rows = self._report_rows.rows(run.report_type, columns, run.checked.query)
        return csv_chunks(*with_faults(run.report_type, columns, rows, run.faults))
