"""A code location for tests that need processes: as the package's own, without pauses, over a sandbox."""

import gc
import os
import signal
from itertools import count
from typing import Any

import dagster as dg

from stripe_reports import ReportLakeResource, StripeReports, StripeResource
from stripe_reports_tests.orchestration.conftest import START


@dg.definitions
def defs() -> dg.Definitions:
    """From the variables of `processes.Processes`."""
    reports = StripeReports(os.environ["STRIPE_REPORTS_SELECT"], start_date=START)
    return reports.definitions(
        stripe=StripeResource(
            api_key=dg.EnvVar("STRIPE_API_KEY"),
            api_base=os.environ["STRIPE_API_BASE"],
            files_base=os.environ["STRIPE_FILES_BASE"],
            poll_initial_seconds=0.05,
            poll_longest_seconds=1.0,
            calls_per_second=1000,
            max_runs_in_flight=int(os.environ["STRIPE_REPORTS_MAX_RUNS_IN_FLIGHT"]),
        ),
        report_lake=ReportLakeResource(uri=os.environ["STRIPE_REPORTS_LAKE"]),
        reconciliation=None,
    )


def job() -> dg.JobDefinition:
    """What `dg.reconstructable` takes."""
    return defs().resolve_job_def("stripe_reports")


def _interrupt_while_storing(event_type: str, number: int) -> None:
    """Let a signal come while Dagster stores the event of that number, so that it is between two of ours."""
    gc.disable()  # what is recorded must not depend on when it comes
    stored, of_type = dg.DagsterInstance.handle_new_event, count(1)

    def handle_new_event(self: dg.DagsterInstance, event: dg.EventLogEntry, **more: Any) -> None:
        stored(self, event, **more)
        of_step = event.dagster_event is not None and event.dagster_event.step_key
        if of_step and event.dagster_event_type == event_type and next(of_type) == number:
            os.kill(os.getpid(), signal.SIGTERM)

    dg.DagsterInstance.handle_new_event = handle_new_event  # type: ignore[method-assign,assignment]


if "INTERRUPT_WHILE_STORING" in os.environ:
    of, at = os.environ["INTERRUPT_WHILE_STORING"].split(":")
    _interrupt_while_storing(of, int(at))
