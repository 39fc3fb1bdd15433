"""A job makes the report runs of days and ends; whatever lands the days later uses them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from stripe_reports import ReportRequest, StripeReports, StripeResource
from stripe_reports.errors import ConfigurationError
from stripe_reports.landing.plan import report_run_days
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import NEWEST, START, days, failure
from stripe_reports_tests.orchestration.support import facts, range_tags
from stripe_reports_tests.orchestration.ticks import land

_SELECT = "balance.summary.1, balance_change_from_activity.itemized.3, payout_reconciliation.by_id.itemized.4"
_PARTS = [
    str(part[0]) if len(part) == 1 else f"{part[0]} to {part[-1]}"
    for part in report_run_days(days(3), range_runs=True)
]
"""What one report run is for; two, where a month ends between."""
_OP = "stripe_reports_submit_report_runs"


def _submit(
    instance: dg.DagsterInstance,
    resources: dict[str, Any],
    select: str = "balance.summary.1",
    days_: list[str] | None = None,
    reports: StripeReports | None = None,
    **settings: Any,
) -> tuple[dg.ExecuteInProcessResult, list[str]]:
    """The run, and what it says of report runs."""
    reports = reports or StripeReports(select, start_date=START)
    job = reports.submit_job(**{"catch_up_days": 2} | settings)
    result = job.execute_in_process(
        instance=instance,
        resources={name: resources[name] for name in ("stripe", "report_lake")},
        run_config={"ops": {_OP: {"config": {} if days_ is None else {"days": days_}}}},
        raise_on_error=False,
    )
    said = [entry.user_message for entry in instance.all_logs(result.run_id) if not entry.is_dagster_event]
    return result, said


def _metadata(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    (output,) = [event for event in result.all_node_events if event.is_successful_output]
    return {name: value.value for name, value in output.step_output_data.metadata.items()}


def test_what_is_due_is_submitted_and_landing_these_days_makes_no_second_run(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    land(instance, "balance_summary_1", days(2)[:1])
    requests = {"balance_change_from_activity.*": ReportRequest(columns=["net", "created", "created_utc"])}
    reports = StripeReports(_SELECT, start_date=START, requests=requests)
    result, said = _submit(instance, own_resources, reports=reports)
    assert result.success
    made = 2 + len(_PARTS)
    assert _metadata(result) == {"made": made, "adopted": 0, "left_to_landing": 1, "not_submitted": 0}
    assert own_sandbox.report_runs_created == made
    places = [line.partition(": ") for line in said]
    assert sorted(place for place, _, what in places if what.startswith("created ")) == [
        f"balance.summary.1 {days(3)[0]}",
        f"balance.summary.1 {NEWEST}",
        *(f"balance_change_from_activity.itemized.3 {part}" for part in _PARTS),
    ]
    (left,) = [line for line in said if "by_id" in line]
    assert left.endswith("which are not known yet; they are created when the days land")
    submitted = {what.split()[3] for _, _, what in places if what.startswith("created ")}
    assert len(submitted) == made

    landed = dg.materialize(
        StripeReports(
            "balance.summary.1, balance_change_from_activity.*.3", start_date=START, requests=requests
        ).assets,
        tags=range_tags(days(3)),
        instance=instance,
        resources=own_resources,
    )
    told = facts(landed)
    assert {str(metadata["report_run"]) for metadata in told.values()} > submitted
    assert own_sandbox.report_runs_created == made + 1, "one for the day that was recorded as landed"
    assert sum(metadata["adopted"] for metadata in told.values()) == 5


def test_where_nothing_is_due_it_says_so_and_makes_nothing(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    land(instance, "balance_summary_1", days(3))
    result, said = _submit(instance, own_resources)
    assert result.success
    assert own_sandbox.report_runs_created == 0
    (line,) = said
    assert line.startswith(f"nothing is due: all selected reports: landed or being landed through {NEWEST} (")


def test_days_can_be_named_and_a_second_time_nothing_is_made(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    land(instance, "balance_summary_1", days(1))
    select = "balance.summary.1, all_fees.incurred_at.itemized.2"
    for did, counts in (("created", (2, 0)), ("adopted", (0, 2))):
        result, said = _submit(instance, own_resources, select, ["2025-09-01", "2025-07-01"])
        assert result.success
        assert (_metadata(result)["made"], _metadata(result)["adopted"]) == counts
        not_offered, *lines = said
        assert not_offered.startswith("the account does not offer all_fees.incurred_at.itemized.2")
        assert [line.split()[1] for line in lines] == ["2025-07-01:", "2025-09-01:"]
        assert all(f": {did} report run frr_" in line for line in lines)
    assert own_sandbox.report_runs_created == 2


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2025-9-1", "'2025-9-1' is not a day; write YYYY-MM-DD"),
        ("2025-05-31", "2025-05-31: not a partition; choose days from 2025-06-01 on that are over"),
        (str(NEWEST + timedelta(days=9)), "that are over"),
    ],
)
def test_where_a_day_is_none_nothing_is_submitted(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any], day: str, why: str
) -> None:
    result, _ = _submit(instance, own_resources, days_=["2025-09-01", day])
    assert not result.success
    assert failure(result).endswith(why)
    assert own_sandbox.report_runs_created == 0


def test_what_is_refused_fails_the_step_in_one_line_after_all_others_were_submitted(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    own_sandbox.fault("status", code=400, method="POST", report_type="payouts.*")
    select = "payouts.summary.1, payouts.itemized.3, balance.summary.1"
    result, said = _submit(instance, own_resources, select)
    assert not result.success
    text = failure(result)
    failed = 3 + len(_PARTS)
    assert text.startswith(f"could not create {failed} report runs: payouts.summary.1 ")
    assert text.count("Stripe refused the request") == 3
    assert text.endswith("; and others, see the log")
    assert "\n" not in text
    assert sum("Stripe refused the request" in line for line in said) == failed
    for part in _PARTS:
        assert any(part in line and "payouts.itemized.3" in line for line in said)
    assert own_sandbox.report_runs_created == 3
    (event,) = result.get_step_failure_events()
    given = event.step_failure_data.user_failure_data
    assert given is not None
    counts = {name: value.value for name, value in given.metadata.items()}
    assert counts == {"made": 3, "adopted": 0, "left_to_landing": 0, "not_submitted": failed}


def test_without_a_key_it_says_what_to_set(instance: dg.DagsterInstance, resources: dict[str, Any]) -> None:
    result, _ = _submit(instance, resources | {"stripe": StripeResource()})
    assert failure(result).startswith("no Stripe API key: set STRIPE_API_KEY")


def test_days_can_be_submitted_one_by_one(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    by_day = StripeReports("payouts.itemized.3", start_date=START, range_runs=False)
    _submit(instance, own_resources, reports=by_day)
    assert own_sandbox.report_runs_created == 3


def test_days_are_those_of_the_partitions_time_zone(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    zone = "America/New_York"
    reports = StripeReports("balance.summary.1", start_date=START, timezone=zone)
    _submit(instance, own_resources, days_=["2025-09-01"], reports=reports)
    assert own_sandbox.report_runs_created == 1
    result = dg.materialize(
        reports.assets, partition_key="2025-09-01", instance=instance, resources=own_resources
    )
    assert [metadata["adopted"] for metadata in facts(result).values()] == [True]
    assert own_sandbox.report_runs_created == 1


def test_settings_that_make_no_sense_are_refused() -> None:
    reports = StripeReports("balance.summary.1", start_date=START)
    with pytest.raises(ConfigurationError, match="catch_up_days is -1"):
        reports.submit_job(catch_up_days=-1)


def test_the_schedule_is_off_ticks_at_13_utc_and_loads_beside_the_job_of_each_account() -> None:
    ours, eu = (StripeReports("balance.summary.1", account=account) for account in (None, "eu"))
    running = dg.DefaultScheduleStatus.RUNNING
    nothing = dg.ResourceDefinition.none_resource()
    repository = dg.Definitions(
        jobs=[ours.submit_job(), eu.submit_job()],
        schedules=[ours.submit_schedule(), eu.submit_schedule(default_status=running)],
        resources=dict.fromkeys(("stripe", "report_lake", "stripe_eu", "report_lake_eu"), nothing),
    ).get_repository_def()
    daily = repository.get_schedule_def("stripe_reports_submit_daily")
    assert (daily.cron_schedule, daily.execution_timezone) == ("0 13 * * *", "UTC")
    assert daily.default_status is dg.DefaultScheduleStatus.STOPPED
    assert daily.job_name == "stripe_reports_submit"
    assert repository.get_schedule_def("stripe_reports_submit_daily_eu").default_status is running
