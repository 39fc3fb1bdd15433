"""The failed Dagster runs that the sensor looks at, and those that it leaves alone."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from stripe_reports import StripeReports, StripeResource
from stripe_reports.orchestration.failed_runs import sensor as failed_runs
from stripe_reports_tests.orchestration.conftest import NEWEST, START, days
from stripe_reports_tests.orchestration.failed_runs.conftest import kill_before_step, unstarted_run
from stripe_reports_tests.orchestration.watch import Watch


@dg.asset
def unrelated() -> None:
    raise ValueError("not ours")


@dg.asset(partitions_def=dg.DailyPartitionsDefinition(START))
def healthy() -> None:
    """Lands always."""


def test_runs_that_will_be_retried_or_were_canceled_or_are_not_ours_or_failed_before_are_left_alone(
    without_key: Watch,
) -> None:
    watch = without_key
    kill_before_step(watch, NEWEST)
    watch.begin()
    kill_before_step(watch, NEWEST, tags={"dagster/will_retry": "true"})
    watch.instance.report_run_canceled(unstarted_run(watch, NEWEST))
    dg.materialize([unrelated], instance=watch.instance, raise_on_error=False)
    assert watch.new_alerts() == []


def test_what_landed_in_the_same_run_is_not_told_and_its_job_may_have_any_name(
    watch: Watch, instance: dg.DagsterInstance
) -> None:
    watch.begin()
    assets = StripeReports("balance.summary.1", start_date=START).assets

    def materialize(resources: dict[str, Any]) -> None:
        all_ = [*assets, unrelated, healthy]
        more: Any = {"partition_key": str(NEWEST), "raise_on_error": False}
        assert not dg.materialize(all_, instance=instance, resources=resources, **more).success

    materialize(watch.resources)
    assert watch.new_alerts() == []
    materialize(watch.resources | {"stripe": StripeResource()})
    assert [body["report_type"] for body in watch.new_alerts()] == ["balance.summary.1"]


@pytest.mark.parametrize(
    "cursor",
    ["", "{", "[]", '{"__class__": "RunStatusSensorCursor", "record_id": 7}', '{"format": 2, "runs": "x"}'],
)
def test_a_cursor_that_cannot_be_read_is_a_new_beginning(without_key: Watch, cursor: str) -> None:
    without_key.land(NEWEST)
    without_key.cursor = cursor
    assert without_key.new_alerts() == [], "what failed before is left alone"
    assert any("cursor" in line for line in without_key.lines) is bool(cursor)
    without_key.land(NEWEST)
    assert len(without_key.new_alerts()) == 1


def test_many_failed_runs_are_read_over_several_evaluations(
    without_key: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_runs, "_MOST_RUNS", 2)
    without_key.begin()
    for day in days(3):
        kill_before_step(without_key, day)
    assert [body["partition"] for body in without_key.new_alerts()] == [str(day) for day in days(3)[:2]]
    assert [body["partition"] for body in without_key.new_alerts()] == [str(NEWEST)]
