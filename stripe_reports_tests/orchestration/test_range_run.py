"""One run over several days: each day of each asset is recorded once, with its own facts."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import dagster as dg
import pytest

from stripe_reports import (
    ReportType,
    StripeReports,
    stripe_report_spec,
)
from stripe_reports.catalog import select_report_types
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import START, days, failure
from stripe_reports_tests.orchestration.support import (
    check_rows,
    expected,
    facts,
    landed,
    materialize_range,
    range_tags,
    recorded,
)

_DAYS = days(5)
_SELECT = "balance.summary.1, payouts.itemized.3, balance_change_from_activity.itemized.3"
_TABLES = ["balance_summary_1", "payouts_itemized_3", "balance_change_from_activity_itemized_3"]
_ALL = expected(_TABLES, _DAYS)


def _key(table: str) -> dg.AssetKey:
    return dg.AssetKey(["stripe_reports", table])


def test_each_day_of_each_asset_is_recorded_once(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    result = materialize_range(instance, resources, _DAYS, select=_SELECT)
    assert result.success
    assert recorded(instance) == _ALL == landed(resources["report_lake"].lake)
    checked = Counter((e.asset_key.path[-1], e.check_name) for e in result.get_asset_check_evaluations())
    assert checked == {
        ("balance_summary_1", "schema"): 5,
        ("payouts_itemized_3", "schema"): 5,
        ("payouts_itemized_3", "restated"): 5,
        ("balance_change_from_activity_itemized_3", "schema"): 5,
        ("balance_change_from_activity_itemized_3", "restated"): 5,
    }
    for table, check in checked:
        assert check_rows(instance, table, check) == {(str(day), "SUCCEEDED"): 1 for day in _DAYS}
        infos = instance.event_log_storage.get_asset_check_partition_info(
            [dg.AssetCheckKey(_key(table), check)]
        )
        assert {info.partition_key: info.is_current for info in infos} == {str(day): True for day in _DAYS}
    for table in _TABLES:
        assert instance.get_materialized_partitions(_key(table)) == {str(day) for day in _DAYS}


@pytest.mark.slow
def test_the_job_does_the_same(instance: dg.DagsterInstance, resources: dict[str, Any]) -> None:
    reports = StripeReports(_SELECT, start_date=START)
    defs = dg.Definitions(assets=reports.assets, jobs=[reports.job], resources=resources)
    job = defs.resolve_job_def("stripe_reports")
    result = job.execute_in_process(instance=instance, tags=range_tags(_DAYS))
    assert result.success
    assert recorded(instance, run_id=result.run_id) == _ALL
    planned = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    assert len(instance.get_records_for_run(result.run_id, of_type=planned).records) == len(_ALL)


def test_each_day_has_its_own_facts(instance: dg.DagsterInstance, resources: dict[str, Any]) -> None:
    lake = resources["report_lake"].lake
    of_days = facts(materialize_range(instance, resources, _DAYS, select=_SELECT))
    assert set(of_days) == set(_ALL)
    for (table, day_text), metadata in of_days.items():
        day = next(day for day in _DAYS if str(day) == day_text)
        provenance = lake.provenance(table, day)
        assert metadata["dagster/partition_row_count"] == lake.read_table(table, [day]).num_rows
        assert metadata["dagster/uri"] == lake.uri(table, day)
        assert metadata["report_run"] == provenance["report_run_id"]
        assert metadata["result_file"] == provenance["file_id"]
        assert metadata["csv_bytes"] > 0
        shown_totals = metadata["totals"].records if "totals" in metadata else []  # a day may have no rows
        totals = {row.data["currency"]: row.data for row in shown_totals}
        exact = {
            currency: sums
            for currency, sums in lake.totals(table, day).items()
            if currency or any(sums.values())  # a payouts line of 0 may have no currency
        }
        assert set(totals) == set(exact)
        for currency, sums in exact.items():
            shown = {name: text for name, text in totals[currency].items() if name != "currency" and text}
            assert {name: Decimal(text) for name, text in shown.items()} == sums
            digits = {"jpy": 0, "kwd": 3}.get(currency, 2)
            assert {len(text.partition(".")[2]) for text in shown.values()} == {digits}
            assert all(isinstance(text, str) for text in shown.values())
    assert len({metadata["dagster/uri"] for metadata in of_days.values()}) == len(_ALL)
    assert sum("totals" in metadata for metadata in of_days.values()) > 10
    rows = {metadata["dagster/partition_row_count"] for metadata in of_days.values()}
    assert len(rows) > 3, "days differ, so facts of another day would be seen"


def test_the_first_line_of_the_log_says_which_stripe_account_and_lake(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    result = materialize_range(instance, own_resources, _DAYS[:1], select="balance.summary.1")
    said = [entry.user_message for entry in instance.all_logs(result.run_id) if not entry.is_dagster_event]
    where = own_sandbox.api_base.removeprefix("http://")
    assert said[0].startswith(f"landing from sandbox at http://{where} (account acct_")
    assert said[0].endswith(f") into {own_resources['report_lake'].lake.root}")


def test_one_asset_of_many_can_be_selected(instance: dg.DagsterInstance, resources: dict[str, Any]) -> None:
    chosen = dg.AssetSelection.assets(_key("payouts_itemized_3"))
    result = materialize_range(instance, resources, _DAYS, select=_SELECT, selection=chosen)
    assert result.success
    assert recorded(instance) == expected(["payouts_itemized_3"], _DAYS)
    assert resources["report_lake"].lake.tables() == ["payouts_itemized_3"]


def test_the_step_does_not_complain_that_checks_were_not_yielded(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    result = materialize_range(instance, resources, _DAYS, select=_SELECT)
    said = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert not [text for text in said if "did not yield or return expected outputs" in text]


def _outputs(result: dg.ExecuteInProcessResult) -> list[str]:
    """The assets whose downstream assets may start, in the order in which Dagster heard of them."""
    outputs = [
        event.step_output_data.output_name for event in result.all_events if event.is_successful_output
    ]
    return [name.removeprefix("stripe_reports__") for name in outputs if name.endswith(("_1", "_3", "_4"))]


def test_reports_on_payouts_are_given_after_the_list_of_payouts(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    by_id, listing = "payout_reconciliation_by_id_itemized_4", "payouts_itemized_3"
    select = "payout_reconciliation.by_id.itemized.4, payouts.itemized.3"
    result = materialize_range(instance, resources, _DAYS, select=select)
    assert result.success
    assert recorded(instance) == expected([by_id, listing], _DAYS)
    assert _outputs(result) == [listing, by_id]
    for name in ("schema", "payouts"):
        assert check_rows(instance, by_id, name) == {(str(day), "SUCCEEDED"): 1 for day in _DAYS}


def test_assets_are_given_in_the_order_of_dependencies_that_a_user_adds(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    def after_payouts(report_type: ReportType) -> dg.AssetSpec:
        spec = stripe_report_spec(report_type)
        deps = [_key("payouts_summary_1")] if report_type.id == "balance.summary.1" else []
        return spec.replace_attributes(deps=deps)

    own_sandbox.fault("pending", seconds=1.0, report_type="payouts.*")
    select = "balance.summary.1, payouts.summary.1"
    result = dg.materialize(
        StripeReports(select, start_date=START, get_asset_spec=after_payouts).assets,
        tags=range_tags(_DAYS),
        instance=instance,
        resources=own_resources,
    )
    assert _outputs(result) == ["payouts_summary_1", "balance_summary_1"]
    assert recorded(instance) == expected(["balance_summary_1", "payouts_summary_1"], _DAYS)


def test_a_whole_range_again_makes_no_report_run_and_says_that_nothing_changed(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    first = materialize_range(instance, own_resources, _DAYS, select=_SELECT)
    made = own_sandbox.report_runs_created
    second = materialize_range(instance, own_resources, _DAYS, select=_SELECT)
    assert own_sandbox.report_runs_created == made
    assert recorded(instance) == _ALL + _ALL
    assert {each["unchanged"] for each in facts(first).values()} == {False}
    assert {each["unchanged"] for each in facts(second).values()} == {True}


def test_days_of_a_range_share_a_report_run_where_a_column_says_the_day(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    of_days = facts(materialize_range(instance, own_resources, _DAYS, select=_SELECT))
    runs = {table: {of_days[table, str(day)]["report_run"] for day in _DAYS} for table in _TABLES}
    assert len(runs["balance_summary_1"]) == 5
    assert len(runs["payouts_itemized_3"]) == len({(day.year, day.month) for day in _DAYS})
    assert own_sandbox.report_runs_created == sum(map(len, runs.values()))


def test_a_range_without_range_runs_makes_a_report_run_for_each_day(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    result = dg.materialize(
        StripeReports("payouts.itemized.3", start_date=START, range_runs=False).assets,
        tags=range_tags(_DAYS),
        instance=instance,
        resources=own_resources,
    )
    assert len({each["report_run"] for each in facts(result).values()}) == len(_DAYS)
    assert own_sandbox.report_runs_created == len(_DAYS)


def _checks_alone(instance: dg.DagsterInstance, resources: dict[str, Any]) -> dg.ExecuteInProcessResult:
    selection = dg.AssetSelection.checks(dg.AssetCheckKey(_key("balance_summary_1"), "schema"))
    return materialize_range(instance, resources, _DAYS, select=_SELECT, selection=selection)


def test_a_check_alone_is_evaluated_from_the_lake(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, own_resources: dict[str, Any]
) -> None:
    materialize_range(instance, own_resources, _DAYS, select="balance.summary.1")
    made = own_sandbox.report_runs_created
    result = _checks_alone(instance, own_resources)
    assert result.success
    assert not result.get_asset_materialization_events()
    assert {(e.partition, e.passed) for e in result.get_asset_check_evaluations()} == {
        (str(day), True) for day in _DAYS
    }
    assert check_rows(instance, "balance_summary_1") == {(str(day), "SUCCEEDED"): 2 for day in _DAYS}
    check = dg.AssetCheckKey(_key("balance_summary_1"), "schema")
    found = instance.event_log_storage.get_asset_check_partition_info([check])
    assert {info.is_current for info in found} == {True}
    assert own_sandbox.report_runs_created == made


def test_a_check_alone_of_a_day_that_is_not_there_says_what_to_do(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    materialize_range(instance, resources, _DAYS[:2], select="balance.summary.1")
    result = _checks_alone(instance, resources)
    assert not result.success
    assert failure(result) == (
        f"balance.summary.1 {_DAYS[2]}: there is no table to check; materialize the day first"
    )


@pytest.mark.slow
def test_all_of_core_over_days_of_two_months(instance: dg.DagsterInstance, resources: dict[str, Any]) -> None:
    first = _DAYS[0].replace(day=1)
    of_two_months = [first.fromordinal(first.toordinal() + offset) for offset in (-2, -1, 0, 1)]
    result = materialize_range(instance, resources, of_two_months, select="core")
    assert result.success
    tables = [report_type.table for report_type in select_report_types("core")]
    assert recorded(instance) == expected(tables, of_two_months) == landed(resources["report_lake"].lake)


@pytest.mark.parametrize("select", ["payout_reconciliation.by_id.itemized.4"])
def test_a_report_on_payouts_alone_asks_for_the_list_itself(
    instance: dg.DagsterInstance, resources: dict[str, Any], select: str
) -> None:
    assert materialize_range(instance, resources, _DAYS, select=select).success
    assert landed(resources["report_lake"].lake) == recorded(instance)
    assert sum(recorded(instance).values()) == len(_DAYS)
