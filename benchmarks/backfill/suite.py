"""All that is measured of a backfill, one step after the other."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Self

from benchmarks.backfill import bookkeeping
from benchmarks.backfill.goals import ITEMIZED
from benchmarks.backfill.landed import changed, files, missing_partitions, unproven, written_between
from benchmarks.backfill.results import Results
from benchmarks.backfill.run import Asked, Ran, run
from benchmarks.results import Measured
from stripe_reports.catalog import newest_complete_day, select_report_types
from stripe_reports.landing import MAX_RUNS_IN_FLIGHT
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import CALLS_PER_SECOND, StripeApi, list_report_runs

_BOOKS_BEFORE = timedelta(days=31)
_SAMPLE = 60
_TELL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The server builds `runs_at_once` report runs in `latency` seconds; the client is set by the others."""

    days: int = 365
    select: Sequence[str] = ("core",)
    runs_in_flight: int = 24
    calls_per_second: float = 100.0
    runs_at_once: int = 16
    latency: float = 2.0
    with_defaults: bool = False


@dataclass(slots=True)
class Suite:
    """Runs what `steps` lists, within `with`; `folder` is for lakes and Dagster's records.

    Raises UnknownReportTypeError for a selection of nothing.
    """

    settings: Settings
    folder: Path
    tell: Callable[[str], None] = lambda _: None
    rows: dict[str, Measured] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)
    _days: Sequence[date] = ()
    _tables: Sequence[str] = ()
    _running: ExitStack = field(default_factory=ExitStack)
    _sandbox: Sandbox | None = None

    def __enter__(self) -> Self:
        newest = newest_complete_day(datetime.now(UTC))
        self._days = [newest - timedelta(days=back) for back in reversed(range(self.settings.days))]
        self._tables = [each.table for each in select_report_types(self.settings.select)]
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def steps(self) -> Sequence[Callable[[], None]]:
        """To be called one after the other."""
        steps = [self.backfill, self.check, self.backfill_again, self.bookkeeping]
        return [*steps, self.backfill_with_defaults] if self.settings.with_defaults else steps

    def results(self) -> Results:
        """What the steps so far have found."""
        settings = self.settings
        sizes = {
            "days": f"{settings.days:,}",
            "partitions": f"{self._partitions:,}",
            "in_flight": f"{MAX_RUNS_IN_FLIGHT}",
            "calls_per_second": f"{CALLS_PER_SECOND:g}",
        }
        input_ = (
            f"{settings.days:,} days of {len(self._tables)} report types ({', '.join(settings.select)}); a"
            f" server that builds {settings.runs_at_once} report runs at once, each in"
            f" {settings.latency:g} s; at most {settings.runs_in_flight} in flight and"
            f" {settings.calls_per_second:g} calls/s"
        )
        sample = min(_SAMPLE, self._partitions)
        return Results(self.rows, sizes, input_, self._partitions, sample, self.differences)

    def backfill(self) -> None:
        """All days into an empty lake."""
        sandbox = self._sandbox = self._running.enter_context(self._new_sandbox())
        server_cpu = time.process_time()
        ran = self._run(sandbox, "backfill")
        server_cpu = time.process_time() - server_cpu
        calls, runs = sandbox.calls, sandbox.report_runs_created
        self.differences += ran.failures
        self.differences += missing_partitions(self.folder / "backfill-lake", ran.recorded, self._days)

        least, cores = self._least_seconds(runs, self.settings.runs_at_once), os.cpu_count() or 1
        self.rows["wall"] = Measured(
            [ran.wall_s / least],
            f"{ran.wall_s:.1f} s against {least:.1f} s; {self._course(ran)}; CPU: {ran.cpu_s:.0f} s here and"
            f" {server_cpu:.0f} s in the server, {(ran.cpu_s + server_cpu) / ran.wall_s / cores:.0%} of"
            f" {cores} cores",
        )
        self.rows["wall_seconds"] = Measured(
            [ran.wall_s], f"{ran.total_s:.1f} s with the start of Python, imports and its end"
        )
        self.rows["runs"] = Measured([runs])
        if ITEMIZED in self._report_types:
            listed = list_report_runs(self._api(sandbox), created_from=0)
            self.rows["runs_itemized"] = Measured([sum(each.report_type == ITEMIZED for each in listed)])
        often = sorted(calls.items(), key=lambda call: -call[1])
        self.rows["calls"] = Measured(
            [sum(calls.values()) / self._partitions],
            ", ".join(f"{count:,} `{method} {path}`" for (method, path), count in often),
        )
        self.rows["peak"] = Measured([ran.peak_mib])

    def check(self) -> None:
        """Whether a sample of what landed is what the CSVs say."""
        self.tell("verifying a sample")
        self.differences += unproven(self.folder / "backfill-lake", self._tables, self._days, _SAMPLE)

    def backfill_again(self) -> None:
        """The same days into the same lake."""
        if (sandbox := self._sandbox) is None:
            raise RuntimeError("the first backfill has not run")
        lake, runs = self.folder / "backfill-lake", sandbox.report_runs_created
        before = files(lake)
        ran = self._run(sandbox, "backfill")
        self.differences += [f"once more: {failure}" for failure in ran.failures]
        written = changed(before, files(lake))
        self.rows["again_runs"] = Measured([sandbox.report_runs_created - runs])
        self.rows["again_files"] = Measured(
            [len(written)], f"such as `{written[0]}`" if written else f"of {len(before):,}"
        )
        self.rows["again_seconds"] = Measured([ran.wall_s])

    def bookkeeping(self) -> None:
        """What Dagster takes to record as much, with checks and without."""
        for row, checks in (("bookkeeping", True), ("bookkeeping_without_checks", False)):
            self.tell(f"Dagster's records alone, {'with' if checks else 'without'} checks")
            seconds = bookkeeping.seconds(
                bookkeeping.Asked(
                    select=self.settings.select,
                    first=self._days[0].isoformat(),
                    last=self._days[-1].isoformat(),
                    backfilled=str(self.folder / "backfill-home"),
                    home=str(self.folder / f"{row}-home"),
                    checks=checks,
                )
            )
            milliseconds = 1000 * seconds / self._partitions
            self.rows[row] = Measured([milliseconds], f"{seconds:.1f} s for {self._partitions:,}")

    def backfill_with_defaults(self) -> None:
        """The first backfill as somebody runs it who has set nothing."""
        with self._new_sandbox() as sandbox:
            ran = self._run(sandbox, "defaults", MAX_RUNS_IN_FLIGHT, CALLS_PER_SECOND)
            at_once = min(MAX_RUNS_IN_FLIGHT, self.settings.runs_at_once)
            least = self._least_seconds(sandbox.report_runs_created, at_once)
        self.differences += [f"at the defaults: {failure}" for failure in ran.failures]
        note = f"{ran.wall_s / least:.3f} of the least with {at_once} at once, {least:.1f} s"
        self.rows["defaults"] = Measured([ran.wall_s], note)

    def _course(self, ran: Ran) -> str:
        """What it did when. The first file says whose the lake is, and is written when landing begins."""
        found = files(self.folder / "backfill-lake")
        if not found:
            return "nothing landed"
        first, last = written_between(found)
        before, after = first - ran.began_at, ran.began_at + ran.wall_s - last
        return (
            f"{before:.1f} s until Dagster had planned all, {last - first:.1f} s until all was in the lake,"
            f" {after:.1f} s until all was recorded"
        )

    @property
    def _partitions(self) -> int:
        return len(self._days) * len(self._tables)

    @property
    def _report_types(self) -> Sequence[str]:
        return [each.id for each in select_report_types(self.settings.select)]

    def _least_seconds(self, runs: int, at_once: int) -> float:
        return runs * self.settings.latency / at_once

    def _new_sandbox(self) -> Sandbox:
        return Sandbox(
            port=0,
            files_port=0,
            latency=self.settings.latency,
            runs_at_once=self.settings.runs_at_once,
            start_date=self._days[0] - _BOOKS_BEFORE,
        )

    def _api(self, sandbox: Sandbox) -> StripeApi:
        return StripeApi(sandbox.key, api_base=sandbox.api_base, files_base=sandbox.files_base)

    def _run(
        self, sandbox: Sandbox, name: str, in_flight: int | None = None, calls: float | None = None
    ) -> Ran:
        """Into the lake and the home of that name."""
        with self._telling(sandbox):
            return run(
                Asked(
                    select=self.settings.select,
                    first=self._days[0].isoformat(),
                    last=self._days[-1].isoformat(),
                    lake=str(self.folder / f"{name}-lake"),
                    home=str(self.folder / f"{name}-home"),
                    key=sandbox.key,
                    api_base=sandbox.api_base,
                    files_base=sandbox.files_base,
                    runs_in_flight=in_flight or self.settings.runs_in_flight,
                    calls_per_second=calls or self.settings.calls_per_second,
                )
            )

    @contextmanager
    def _telling(self, sandbox: Sandbox) -> Iterator[None]:
        """Of the report runs that the server was asked for, until the end of the block."""
        over = Event()

        def keep_telling() -> None:
            while not over.wait(_TELL_SECONDS):
                self.tell(f"backfilling, {sandbox.report_runs_created:,} report runs were made")

        telling = Thread(target=keep_telling, name="benchmarks-telling", daemon=True)
        self.tell("backfilling")
        telling.start()
        try:
            yield
        finally:
            over.set()
            telling.join()
