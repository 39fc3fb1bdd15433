"""The sensor of failed runs, and runs that fail before their step."""

from __future__ import annotations

from datetime import date
from typing import Any

import dagster as dg
import pytest

from stripe_reports import StripeReports, StripeResource
from stripe_reports_tests.orchestration.conftest import START
from stripe_reports_tests.orchestration.support import range_tags
from stripe_reports_tests.orchestration.watch import Watch
from stripe_reports_tests.scripted_server import ScriptedServer

BOTH = "balance.summary.1, payouts.summary.1"


@pytest.fixture
def watch(
    monkeypatch: pytest.MonkeyPatch,
    instance: dg.DagsterInstance,
    own_resources: dict[str, Any],
    server: ScriptedServer,
) -> Watch:
    """The sensor, which has evaluated nothing yet."""
    return Watch(monkeypatch, instance, own_resources, server)


@pytest.fixture
def without_key(watch: Watch) -> Watch:
    """Whatever is landed fails at once, for an error of ours."""
    watch.resources["stripe"] = StripeResource()
    return watch


def unstarted_run(watch: Watch, *days_: date, tags: dict[str, str] | None = None) -> dg.DagsterRun:
    """Make a run whose step has not begun."""
    assets = StripeReports(watch.select, start_date=START).assets
    job = dg.Definitions(assets=assets, resources=watch.resources).resolve_implicit_global_asset_job_def()
    one = {"dagster/partition": str(days_[0])}
    of_days = one if len(days_) == 1 else range_tags(days_)
    return watch.instance.create_run_for_job(job, tags={**of_days, **(tags or {})})


def kill_before_step(watch: Watch, *days_: date, tags: dict[str, str] | None = None) -> None:
    """Let a run fail before its step begins."""
    watch.instance.report_run_failed(unstarted_run(watch, *days_, tags=tags), "the worker was killed")
