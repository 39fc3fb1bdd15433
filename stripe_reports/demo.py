"""A week of reports from a local Stripe through Dagster, with what came of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from rich import box, filesize
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from stripe_reports.catalog import newest_complete_day, select_report_types
from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox import Sandbox

if TYPE_CHECKING:
    import dagster as dg

_SELECT = "core"
_EARLIER_DAYS_IN_THE_UI = 30
_BAR_SECONDS = 0.25
_DAGSTER_YAML = "telemetry:\n  enabled: false\nnux:\n  enabled: false\n"
_IN_PROCESS = "dagster_in_process.yaml"
"""For the runs in this process: the processes that keep compute logs print tracebacks at Ctrl-C."""
_NO_COMPUTE_LOGS = """compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""
_STOP_SECONDS = 30
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class _Landed:
    """Sums over the landed days of one report type."""

    days: int = 0
    rows: int = 0
    csvs: dict[str, int] = field(default_factory=dict)
    """Their bytes, by SHA-256: days may come from one."""
    report_runs: set[str] = field(default_factory=set)

    def add(self, metadata: Mapping[str, Any]) -> None:
        self.days += 1
        self.rows += metadata["dagster/partition_row_count"].value
        self.csvs[metadata["csv_sha256"].value] = metadata["csv_bytes"].value
        self.report_runs.add(metadata["report_run"].value)


def run_demo(days: int, directory: Path, *, ui_port: int | None = None) -> int:
    """Land the newest `days` days of the core reports under `directory`; returns the exit code.

    0 only if every partition landed. With `ui_port`, then serves the Dagster UI until it is stopped. Raises
    ConfigurationError for a port that is taken or a directory that cannot be written.
    """
    console, notices = Console(), Console(stderr=True)
    directory = directory.resolve()
    if ui_port is not None:
        _check_free(ui_port)
    newest = newest_complete_day(datetime.now(UTC))
    wanted = [newest - timedelta(days=back) for back in reversed(range(days))]
    environment = {
        "STRIPE_REPORTS_DOWNSTREAM": "all",
        "STRIPE_REPORTS_LAKE": str(directory / "lake"),
        "STRIPE_REPORTS_START_DATE": (wanted[0] - timedelta(days=_EARLIER_DAYS_IN_THE_UI)).isoformat(),
        "STRIPE_REPORTS_SELECT": _SELECT,
        "DAGSTER_HOME": str(_dagster_home(directory)),
    }
    with Sandbox(port=0, files_port=0, latency=0.1) as sandbox:
        environment |= {
            "STRIPE_API_KEY": sandbox.key,
            "STRIPE_API_BASE": sandbox.api_base,
            "STRIPE_FILES_BASE": sandbox.files_base,
        }
        notices.print(f"A local Stripe answers at {sandbox.api_base}; landing {wanted[0]} to {wanted[-1]}.")
        with _in(environment):
            try:
                complete = _land(wanted, console, notices, directory)
            except KeyboardInterrupt:
                notices.print("Stopped. What has landed stays; the same command lands the rest.")
                raise
            served = _serve_ui(ui_port, notices) if ui_port is not None else True
    return 0 if complete and served else 1


def _land(wanted: list[date], console: Console, notices: Console, directory: Path) -> bool:
    """Materialize the days' partitions of all report types; whether every one landed."""
    import dagster as dg

    started = time.monotonic()
    landed = {report_type.table: _Landed() for report_type in select_report_types(_SELECT)}
    home = str(directory / "dagster_home")
    with (
        _progress(len(wanted) * len(landed), directory / "lake", notices),
        dg.DagsterInstance.from_config(home, _IN_PROCESS) as instance,
    ):
        result = _run("stripe_reports", wanted, instance)
        for event in result.get_asset_materialization_events():
            landed[event.materialization.asset_key.path[-1]].add(event.materialization.metadata)
        failures = [_failure(event) for event in result.get_step_failure_events()]
    console.print(_summary(landed))
    for failure in failures:
        console.print(f"[red]Not landed:[/] {escape(failure)}")
    if any(each.days != len(wanted) for each in landed.values()):
        return False
    console.print(f"Every partition landed, in {time.monotonic() - started:.1f} s.", style="green")
    if not _reconcile(wanted, console, notices, home):
        return False
    console.print("Look further:")
    _tell_how_to_look_further(console, directory)
    return True


def _run(job: str, wanted: list[date], instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """One run over the range, as a backfill of these days in the UI. Raises KeyboardInterrupt at Ctrl-C."""
    from stripe_reports.definitions import defs

    result = (
        defs()
        .resolve_job_def(job)
        .execute_in_process(
            instance=instance,
            tags={
                "dagster/asset_partition_range_start": wanted[0].isoformat(),
                "dagster/asset_partition_range_end": wanted[-1].isoformat(),
            },
            run_config=_QUIET,
            raise_on_error=False,
        )
    )
    errors = [event.step_failure_data.error for event in result.get_step_failure_events()]
    if any(error and error.cls_name == "DagsterExecutionInterruptedError" for error in errors):
        raise KeyboardInterrupt
    return result


def _reconcile(wanted: list[date], console: Console, notices: Console, home: str) -> bool:
    """Hold the tables against each other, and say what came of it; whether nothing is broken."""
    import dagster as dg

    started = time.monotonic()
    with notices.status("reconciling"), dg.DagsterInstance.from_config(home, _IN_PROCESS) as instance:
        result = _run("stripe_reports_reconcile", wanted, instance)
    found: Counter[str] = Counter()
    for event in result.get_asset_materialization_events():
        metadata = event.materialization.metadata
        found.update({name: int(str(metadata[name].value)) for name in _OUTCOMES if name in metadata})
    for event in result.get_step_failure_events():
        console.print(f"[red]Not reconciled:[/] {escape(_failure(event))}")
    told = ", ".join(f"{found[name]:,} {words}" for name, words in _OUTCOMES.items() if found[name])
    if not result.success or found["broken"]:
        console.print(f"The books do not agree: of identities by day and currency, {told}.", style="red")
        return False
    seconds = f"{time.monotonic() - started:.1f} s"
    console.print(f"The books agree to the cent, in {seconds}:", style="green")
    console.print(f"of identities by day and currency, {told}.", highlight=False)
    return True


_OUTCOMES = {
    "holds": "hold",
    "broken": "are broken",
    "not_applicable": "are not applicable",
    "missing": "lack a table",
}


@contextmanager
def _progress(partitions: int, lake: Path, console: Console) -> Iterator[None]:
    """A bar of the files that are new in the lake, until the end of the block."""
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


def _summary(landed: Mapping[str, _Landed]) -> Table:
    # Whole names and a year of rows within 80 columns.
    table = Table(box=box.SIMPLE, padding=(0, 0, 0, 1), show_edge=False, pad_edge=False)
    table.add_column("table", no_wrap=True)
    for name in ("days", "rows", "CSV", "report\nruns"):
        table.add_column(name, justify="right", no_wrap=True)

    def row(name: str, each: _Landed) -> None:
        csv, runs = filesize.decimal(sum(each.csvs.values())), f"{len(each.report_runs):,}"
        table.add_row(name, f"{each.days:,}", f"{each.rows:,}", csv, runs)

    total = _Landed()
    for name, each in landed.items():
        row(name, each)
        total.days += each.days
        total.rows += each.rows
        total.csvs |= {f"{name} {sha256}": bytes_ for sha256, bytes_ in each.csvs.items()}
        total.report_runs |= each.report_runs
    table.add_section()
    row("all", total)
    return table


def _tell_how_to_look_further(console: Console, directory: Path) -> None:
    lake = directory / "lake"
    console.print(
        f"  the tables       {lake}/<table>/date=YYYY-MM-DD/part-0.parquet\n"
        "  with pandas      "
        f"pandas.read_parquet({str(lake / 'balance_summary_1')!r}, dtype_backend='pyarrow')\n"
        "  with DuckDB      "
        f"FROM '{lake}/balance_summary_1/*/*.parquet'\n"
        "  in Dagster       stripe-reports demo --ui",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )


def _serve_ui(port: int, notices: Console) -> bool:
    """`dagster dev` with the demo's environment, until Ctrl-C or SIGTERM; False where it ends by itself."""
    # Dagster would rather have its other tool, `dg dev`; that is no news to somebody who runs a demo.
    quiet = ["-W", "ignore:Function `dev_command` is superseded"]
    command = [sys.executable, *quiet, "-m", "dagster", "dev"]
    command += ["-m", "stripe_reports.definitions", "-p", str(port)]
    notices.print(f"The Dagster UI: http://127.0.0.1:{port}/asset-groups is starting (Ctrl-C stops it)")
    stopped = Event()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in signals}
    # In a session of its own, so that Ctrl-C reaches Dagster's processes through this one only: those that
    # are still starting would print tracebacks, and others would stay.
    process = subprocess.Popen(command, env=dict(os.environ), start_new_session=True)  # noqa: S603
    try:
        while not stopped.wait(_BAR_SECONDS) and process.poll() is None:
            pass
    finally:
        _end(process)
        for number, handler in before.items():
            signal.signal(number, handler)
    return stopped.is_set()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it, and then what is left of its session."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


def _dagster_home(directory: Path) -> Path:
    """A folder for Dagster's records, so that they stay after the demo ends."""
    home = directory / "dagster_home"
    try:
        home.mkdir(parents=True, exist_ok=True)
        (home / "dagster.yaml").write_text(_DAGSTER_YAML)
        (home / _IN_PROCESS).write_text(_DAGSTER_YAML + _NO_COMPUTE_LOGS)
    except OSError as error:
        raise ConfigurationError(
            f"cannot write to {directory} ({error.strerror}); choose another directory with --dir"
        ) from None
    return home


@contextmanager
def _in(environment: Mapping[str, str]) -> Iterator[None]:
    """These variables, for the code location loaded here and for the UI's processes."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise ConfigurationError(f"port {port} is taken; choose another with --port") from None
