"""The demo: a week of reports from a local Stripe, landed and reconciled by Dagster."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from stripe_reports.catalog import newest_complete_day
from stripe_reports.cli.demo.ui import check_free, serve_ui
from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox import Sandbox

_SELECT = "core"
_EARLIER_DAYS_IN_THE_UI = 30
_DAGSTER_YAML = "telemetry:\n  enabled: false\nnux:\n  enabled: false\n"
_IN_PROCESS = "dagster_in_process.yaml"
"""The settings for runs in this process: the processes that keep compute logs print tracebacks at Ctrl-C."""
_NO_COMPUTE_LOGS = """compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""


def run_demo(days: int, directory: Path, *, ui_port: int | None = None) -> int:
    """Land the newest `days` days of the core reports under `directory`, and return the exit code.

    The exit code is 0 only if every partition landed and the books agree. With `ui_port`, serves the Dagster
    UI afterwards, until it is stopped. Raises ConfigurationError for a port that is taken or a directory that
    cannot be written.
    """
    console, notices = Console(), Console(stderr=True)
    directory = directory.resolve()
    if ui_port is not None:
        check_free(ui_port)
    newest = newest_complete_day(datetime.now(UTC))
    wanted = [newest - timedelta(days=back) for back in reversed(range(days))]
    lake, home = directory / "lake", _dagster_home(directory)
    environment = {
        "STRIPE_REPORTS_DOWNSTREAM": "all",
        "STRIPE_REPORTS_LAKE": str(lake),
        "STRIPE_REPORTS_START_DATE": (wanted[0] - timedelta(days=_EARLIER_DAYS_IN_THE_UI)).isoformat(),
        "STRIPE_REPORTS_SELECT": _SELECT,
        "DAGSTER_HOME": str(home),
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
                from stripe_reports.cli.demo.runs import Runs

                runs = Runs(wanted, home, _IN_PROCESS, console, notices)
                complete = runs.land(_SELECT, lake) and runs.reconcile()
            except KeyboardInterrupt:
                notices.print("Stopped. Days that landed stay; the same command lands the rest.")
                raise
            if complete:
                _show_how_to_go_on(console, lake)
            served = serve_ui(ui_port, notices) if ui_port is not None else True
    return 0 if complete and served else 1


def _show_how_to_go_on(console: Console, lake: Path) -> None:
    console.print("Look further:")
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


def _dagster_home(directory: Path) -> Path:
    """Make a folder for Dagster's records, so that they stay after the demo ends."""
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
    """Set these variables for the code location, which loads in this process, and for the UI's processes."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
