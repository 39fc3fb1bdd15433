"""The check over all days is red until every day agrees, and every evaluation has a target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stripe_reports import (
    ReportLakeResource,
    StripeReports,
)
from stripe_reports.catalog import amount_text
from stripe_reports.lake import Lake
from stripe_reports_tests.core_lake import a_cent_off, rewrite, without_row
from stripe_reports_tests.orchestration.conftest import FOUR_DAYS
from stripe_reports_tests.orchestration.support import range_tags

_DAYS = FOUR_DAYS
_BAD = _DAYS[2]
_START = "2025-09-01"
_KEY = dg.AssetKey(["stripe_reports", "reconciliation"])
_ACTIVITY = "balance_change_from_activity_itemized_3"

Run = Callable[..., dg.ExecuteInProcessResult]
Severity = dg.AssetCheckSeverity


@pytest.fixture
def run(instance: dg.DagsterInstance, lake: Lake) -> Run:
    """Reconcile these days, and make what is built on them."""

    def run(days: Sequence[date], *, downstream: bool = False, **settings: Any) -> Any:
        reports = StripeReports("core", start_date=_START)
        assets = [reports.reconciliation(blocking=False, **settings)]
        if downstream:
            tables = ["payout_statements", "daily_activity"]
            assets += reports.downstream(tables, after_reconciliation=False)
        return dg.materialize(
            assets,
            tags=range_tags(days),
            instance=instance,
            resources={"report_lake": ReportLakeResource(uri=lake.root)},
            raise_on_error=False,
        )

    return run


def _all_days(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (found,) = [each for each in result.get_asset_check_evaluations() if each.check_name == "all_days"]
    return found


def _told(result: dg.ExecuteInProcessResult) -> tuple[bool, Severity, str | None]:
    found = _all_days(result)
    return found.passed, found.severity, found.description


def test_it_is_red_whichever_day_came_last_until_the_day_is_mended(run: Run, lake: Lake) -> None:
    whole = Path(lake.uri(_ACTIVITY, _BAD)).read_bytes()
    currency = lake.read_table(_ACTIVITY, [_BAD])["currency"][0].as_py()
    rewrite(lake, _ACTIVITY, _BAD, a_cent_off("net"))
    run(_DAYS[:3])
    later = run(_DAYS[3:])
    text = f"3 of 4 days agree; broken: {_BAD} ({currency} {amount_text(Decimal('0.01'), currency)})"
    assert _told(later) == (False, Severity.ERROR, text)
    shown = [dict(row.data) for row in _all_days(later).metadata["broken"].value.records]  # type: ignore[union-attr]
    assert {(row["day"], row["currency"]) for row in shown} == {(str(_BAD), currency)}
    assert {row["identity"] for row in shown} == {"I3", "I4", "I5"}

    Path(lake.uri(_ACTIVITY, _BAD)).write_bytes(whole)
    assert _told(run([_BAD])) == (True, Severity.WARN, "4 of 4 days agree")


def test_it_is_the_newest_evaluation_of_the_check_and_targets_the_newest_materialization(
    run: Run, lake: Lake, instance: dg.DagsterInstance
) -> None:
    """As the asset's page asks for it. The rows that Dagster has planned for its partitions are older."""
    rewrite(lake, _ACTIVITY, _BAD, without_row())
    run(_DAYS)
    run(_DAYS[3:])
    check = dg.AssetCheckKey(_KEY, "all_days")
    newest = instance.event_log_storage.get_latest_asset_check_execution_by_key([check])[check]
    assert (newest.partition, newest.status.value) == (None, "FAILED")
    (materialized,) = instance.fetch_materializations(_KEY, limit=1).records
    assert newest.evaluation is not None
    assert newest.evaluation.target_materialization_data is not None
    assert newest.evaluation.target_materialization_data.storage_id == materialized.storage_id


def test_days_that_are_landed_and_not_reconciled_warn(run: Run) -> None:
    text = f"2 of 2 days agree; not reconciled yet: {_DAYS[0]}, {_DAYS[3]}"
    assert _told(run(_DAYS[1:3])) == (False, Severity.WARN, text)


@pytest.mark.slow
def test_days_that_lack_a_table_warn(run: Run, lake: Lake) -> None:
    Path(lake.uri("payouts_itemized_3", _DAYS[2])).unlink()
    run(_DAYS[2:3])
    text = f"3 of 4 days agree; not proven, as tables are missing: {_DAYS[2]}"
    assert _told(run([_DAYS[0], _DAYS[1]]))[2] != text, "the last day is not reconciled yet"
    assert _told(run(_DAYS[3:])) == (False, Severity.WARN, text)


@pytest.mark.slow
def test_a_broken_day_of_an_identity_that_may_only_warn_warns(run: Run, lake: Lake) -> None:
    rewrite(lake, _ACTIVITY, _BAD, a_cent_off("net"))
    passed, severity, text = _told(run(_DAYS, severity=Severity.WARN))
    assert (passed, severity) == (False, Severity.WARN)
    assert (text or "").startswith("3 of 4 days agree; broken: ")


@pytest.mark.slow
def test_a_day_whose_table_cannot_be_read_is_named(run: Run, lake: Lake) -> None:
    run(_DAYS[:2])
    Path(lake.uri("reconciliation", _DAYS[0])).write_bytes(b"no Parquet")
    passed, severity, text = _told(run(_DAYS[2:]))
    assert (passed, severity) == (False, Severity.ERROR)
    assert f"date={_DAYS[0]}" in (text or "")
    assert (text or "").endswith("; materialize that day of reconciliation again")


def test_where_one_day_fails_the_checks_of_those_before_it_are_evaluated(run: Run, lake: Lake) -> None:
    Path(lake.uri("reconciliation", _DAYS[2])).mkdir(parents=True)  # cannot be replaced by a file
    result = run(_DAYS)
    assert not result.success
    evaluated = {(each.check_name, each.partition) for each in result.get_asset_check_evaluations()}
    assert {("I3", str(day)) for day in _DAYS[:2]} <= evaluated
    assert ("all_days", None) in evaluated


def test_every_evaluation_targets_the_materialization_of_its_partition(
    run: Run, instance: dg.DagsterInstance
) -> None:
    run(_DAYS)  # older ones
    result = run(_DAYS, downstream=True)
    evaluations = result.get_asset_check_evaluations()
    assert {each.check_name for each in evaluations} >= {"I1", "I12", "chain", "tied"}
    for check in {each.asset_check_key for each in evaluations if each.partition is not None}:
        found = instance.event_log_storage.get_asset_check_partition_info([check])
        assert {info.partition_key: info.is_current for info in found} == {str(day): True for day in _DAYS}
    runs = {
        each.target_materialization_data and each.target_materialization_data.run_id for each in evaluations
    }
    assert runs == {result.run_id}
