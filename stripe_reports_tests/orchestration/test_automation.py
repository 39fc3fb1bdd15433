"""At 13:00 UTC the newest complete day is requested, once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

from stripe_reports import build_stripe_reports_definitions
from stripe_reports.orchestration import ReportLakeResource, StripeResource


def _defs(**settings: Any) -> dg.Definitions:
    return build_stripe_reports_definitions(
        stripe=StripeResource(), report_lake=ReportLakeResource(), **settings
    )


def _tick(moment: str, **settings: Any) -> dg.RunRequest | dg.SkipReason:
    defs = _defs(**settings)
    schedule = defs.resolve_schedule_def("stripe_reports_daily")
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance, scheduled_execution_time=at, repository_def=defs.get_repository_def()
        )
        ticked = schedule.evaluate_tick(context)
    return ticked.run_requests[0] if ticked.run_requests else dg.SkipReason(ticked.skip_message)


def test_the_schedule_ticks_at_13_utc_in_every_time_zone() -> None:
    for timezone in ("UTC", "America/New_York"):
        schedule = _defs(timezone=timezone).resolve_schedule_def("stripe_reports_daily")
        assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 13 * * *", "UTC")


@pytest.mark.parametrize(
    ("timezone", "day"),
    [("UTC", "2026-11-20"), ("America/New_York", "2026-11-19"), ("Asia/Tokyo", "2026-11-20")],
)
def test_it_requests_the_newest_day_whose_data_stripe_has(timezone: str, day: str) -> None:
    request = _tick("2026-11-21T13:00", timezone=timezone)
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == day


def test_a_tick_that_is_repeated_has_the_same_run_key() -> None:
    one, two = _tick("2026-11-21T13:00"), _tick("2026-11-21T13:00")
    assert isinstance(one, dg.RunRequest)
    assert isinstance(two, dg.RunRequest)
    assert one.run_key == two.run_key == "2026-11-20"


def test_before_the_first_partition_there_is_nothing_to_request() -> None:
    skipped = _tick("2026-11-21T13:00", start_date="2026-11-21")
    assert isinstance(skipped, dg.SkipReason)
    assert "the partitions start later (2026-11-21)" in (skipped.skip_message or "")


def test_the_job_holds_all_selected_reports() -> None:
    job = _defs(select="core").resolve_job_def("stripe_reports")
    assert len(job.asset_layer.executable_asset_keys) == 9
