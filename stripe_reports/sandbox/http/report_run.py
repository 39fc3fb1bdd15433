"""Report runs: pending for a while, then succeeded, with a result and an event; or failed, on request."""

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
    """https://docs.stripe.com/api/reporting/report_run/object; `due` on the monotonic clock."""

    id: str
    created: int
    succeeds_at: int
    due: float
    livemode: bool
    report_type: str
    checked: Checked
    faults: tuple[Fault, ...] = ()
    """What happens to this one."""
    failure: str | None = None
    """The error that it is going to end with."""
    error: str | None = None
    result: File | None = None
    settling: Lock = field(default_factory=Lock, repr=False)

    def fault(self, kind: str) -> Fault | None:
        """The fault of that kind; the one that was set last, if there are more."""
        return next((fault for fault in reversed(self.faults) if fault.kind == kind), None)

    @property
    def status(self) -> str:
        """Stripe's word for where it is."""
        if self.error is not None:
            return "failed"
        return "succeeded" if self.result else "pending"

    def as_object(self, files: Files) -> dict[str, Any]:
        """Stripe's object, with the result inline."""
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
    """All runs since the start. A run is settled when somebody looks at it and its time has come.

    Nothing runs in the background, so an idle sandbox is idle, and what is never looked at costs nothing.

    At most `at_once` runs are built at the same time, in the order of their creation. Each holds its place
    for the latency. What a `pending` fault adds is spent outside of it: stuck runs would else block all
    others. A `cached` run is not built, and takes no place.
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
        """Where results go, once there is such a place."""
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
        """A new run, pending even where the latency is zero; with a `failure`, it ends with that error."""
        with self._creating:  # one at a time: listed in the order in which they get their places
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
        if run.status != "pending" or time.monotonic() < run.due:
            return
        with run.settling:
            if run.status != "pending":  # by another request meanwhile
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
            run.result = result  # last: who sees it finds the file and the event as well

    def _result(self, run: ReportRun) -> File:
        cached, expired, wrong_size = map(run.fault, ("cached", "expired", "wrong_size"))
        # Stripe's cache hands out the file of an equal run before, as that day's data was then.
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
            raise RuntimeError("a report run is settled while the sandbox does not run")
        path = self.folder / f"{run.id}.csv"
        with path.open("wb") as file:
            file.writelines(self._csv(run))
        return path

    def _csv(self, run: ReportRun) -> Iterator[bytes]:
        columns = run.checked.columns
        rows = self._report_rows.rows(run.report_type, columns, run.checked.query)
        return csv_chunks(*with_faults(run.report_type, columns, rows, run.faults))
