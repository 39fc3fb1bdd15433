"""The demo's two Dagster runs: one lands the days, the other reconciles their tables."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Event, Thread

import dagster as dg
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from stripe_reports.catalog import select_report_types
from stripe_reports.cli.demo.landed import Landed, summary_of
from stripe_reports.definitions import defs

_BAR_SECONDS = 0.25
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_OUTCOMES = {
    "holds": "hold",
    "broken": "are broken",
    "not_applicable": "are not applicable",
    "missing": "lack a table",
}


@dataclass(frozen=True)
class Runs:
    """Runs over `days` in this process, recorded in Dagster's `home` with its settings file `settings`.

    Results go to `console`, progress to `notices`.
    """

    days: Sequence[date]
    home: Path
    settings: str
    console: Console
    notices: Console

    def land(self, select: str, lake: Path) -> bool:
        """Materialize the days of the selected report types; return whether every partition landed."""
        started = time.monotonic()
        landed = {report_type.table: Landed() for report_type in select_report_types(select)}
        with _progress(len(self.days) * len(landed), lake, self.notices), self._instance() as instance:
            result = self._run("stripe_reports", instance)
            for event in result.get_asset_materialization_events():
                landed[event.materialization.asset_key.path[-1]].add(event.materialization.metadata)
            failures = [_failure(event) for event in result.get_step_failure_events()]
        self.console.print(summary_of(landed))
        for failure in failures:
            self.console.print(f"[red]Not landed:[/] {escape(failure)}")
        if any(each.days != len(self.days) for each in landed.values()):
            return False
        self.console.print(f"Every partition landed, in {time.monotonic() - started:.1f} s.", style="green")
        return True

    def reconcile(self) -> bool:
        """Reconcile the tables, and print the outcomes; return whether the books agree."""
        started = time.monotonic()
        with self.notices.status("reconciling"), self._instance() as instance:
            result = self._run("stripe_reports_reconcile", instance)
        found: Counter[str] = Counter()
        for event in result.get_asset_materialization_events():
            metadata = event.materialization.metadata
            found.update({name: int(str(metadata[name].value)) for name in _OUTCOMES if name in metadata})
        for event in result.get_step_failure_events():
            self.console.print(f"[red]Not reconciled:[/] {escape(_failure(event))}")
        counts = ", ".join(f"{found[name]:,} {words}" for name, words in _OUTCOMES.items() if found[name])
        if not result.success or found["broken"]:
            self.console.print(
                f"The books do not agree: of identities by day and currency, {counts}.", style="red"
            )
            return False
        seconds = f"{time.monotonic() - started:.1f} s"
        self.console.print(f"The books agree to the cent, in {seconds}:", style="green")
        self.console.print(f"of identities by day and currency, {counts}.", highlight=False)
        return True

    def _instance(self) -> dg.DagsterInstance:
        return dg.DagsterInstance.from_config(str(self.home), self.settings)

    def _run(self, job: str, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
        """Run the job over the range, as a backfill in the UI does. Raises KeyboardInterrupt at Ctrl-C."""
        result = (
            defs()
            .resolve_job_def(job)
            .execute_in_process(
                instance=instance,
                tags={
                    "dagster/asset_partition_range_start": self.days[0].isoformat(),
                    "dagster/asset_partition_range_end": self.days[-1].isoformat(),
                },
                run_config=_QUIET,
                raise_on_error=False,
            )
        )
        errors = [event.step_failure_data.error for event in result.get_step_failure_events()]
        if any(error and error.cls_name == "DagsterExecutionInterruptedError" for error in errors):
            raise KeyboardInterrupt
        return result


@contextmanager
def _progress(partitions: int, lake: Path, console: Console) -> Iterator[None]:
    """Show a bar of the new files in the lake, until the end of the block."""
    began = time.time()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    over = Event()
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("landing", total=partitions)

        def look() -> None:
            files = lake.glob("*/date=*/part-0.parquet")
            progress.update(bar, completed=sum(file.stat().st_mtime >= began for file in files))

        def keep_looking() -> None:
            while not over.wait(_BAR_SECONDS):
                look()

        watching = Thread(target=keep_looking, name="stripe-reports-bar", daemon=True)
        watching.start()
        try:
            yield
        finally:
            over.set()
            watching.join()
            look()


def _failure(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    given = data.user_failure_data and data.user_failure_data.description
    return given or (data.error.message.strip() if data.error else str(event.message))
