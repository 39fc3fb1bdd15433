"""`restated` warns where a day's amounts are others than in the table that it replaced."""

from __future__ import annotations

from datetime import date
from typing import Any

import dagster as dg
import pytest

from stripe_reports import StripeReports
from stripe_reports.catalog import select_report_types
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import START, days
from stripe_reports_tests.orchestration.support import (
    check_rows,
    facts,
    materialize_range,
    range_tags,
)

_PAYOUTS = "payouts.itemized.3"
_TABLE = "payouts_itemized_3"
_KEY = dg.AssetKey(["stripe_reports", _TABLE])
_CHECK = dg.AssetCheckKey(_KEY, "restated")
_DAYS = days(8)
_AGAIN = {"ops": {"land__stripe_reports": {"config": {"force_new_report_run": True}}}}


def _land(
    instance: dg.DagsterInstance, resources: dict[str, Any], wanted: list[date], **more: Any
) -> dg.ExecuteInProcessResult:
    done = dg.materialize(
        StripeReports(_PAYOUTS, start_date=START).assets,
        tags=range_tags(wanted),
        instance=instance,
        resources=resources,
        **more,
    )
    assert done.success
    return done


def _restated(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    found = [each for each in result.get_asset_check_evaluations() if each.check_name == "restated"]
    assert {each.severity for each in found} <= {dg.AssetCheckSeverity.WARN}
    return {str(each.partition): each for each in found}


def _day_with_payouts(result: dg.ExecuteInProcessResult) -> date:
    rows = {day: told["dagster/partition_row_count"] for (_, day), told in facts(result).items()}
    return next(day for day in _DAYS if rows[str(day)])


def _alone(
    instance: dg.DagsterInstance, resources: dict[str, Any], day: date
) -> dict[str, dg.AssetCheckEvaluation]:
    """Of the check, without its asset."""
    return _restated(_land(instance, resources, [day], selection=dg.AssetSelection.checks(_CHECK)))


def test_a_payout_that_is_added_warns_on_its_day_and_its_materialization_says_what_changed(
    instance: dg.DagsterInstance, own_resources: dict[str, Any], own_sandbox: Sandbox
) -> None:
    first = _land(instance, own_resources, _DAYS)
    day = _day_with_payouts(first)
    assert {each.passed for each in _restated(first).values()} == {True}, "nothing was replaced"
    assert all("amounts_changed" not in told for told in facts(first).values())

    own_sandbox.fault("restated", day=str(day), rows=1)
    again = _land(instance, own_resources, _DAYS, run_config=_AGAIN)
    told = {of: facts(again)[_TABLE, str(of)] for of in _DAYS}
    changed = told.pop(day)
    names = (
        "rows_added",
        "rows_removed",
        "rows_changed",
        "changed_columns",
        "compared_by",
        "amounts_changed",
    )
    assert [changed[name] for name in names] == [
        1, 0, 1, {"payout_status": 1}, "balance_transaction_id", True,
    ]  # fmt: skip
    assert not changed["unchanged"]
    assert all(
        of["unchanged"] and not of["amounts_changed"] and "rows_added" not in of for of in told.values()
    )

    found = _restated(again)
    assert {of for of, each in found.items() if not each.passed} == {str(day)}
    assert set(found) == {str(of) for of in _DAYS}, "each of them has replaced a table"
    assert found[str(day)].metadata["rows_added"].value == 1
    assert "rows_added" in (found[str(day)].description or "")

    # Executed alone it says what it said: the older table is gone.
    assert not _alone(instance, own_resources, day)[str(day)].passed
    same = _land(instance, own_resources, _DAYS)  # from the same run: unchanged, and nothing is replaced
    assert {of for of, each in _restated(same).items() if not each.passed} == {str(day)}
    alone = _alone(instance, own_resources, day)[str(day)]
    assert (alone.passed, alone.metadata["rows_added"].value) == (False, 1)

    _land(instance, own_resources, [day], run_config=_AGAIN)  # from another run, with the same rows
    assert _alone(instance, own_resources, day)[str(day)].passed


def test_a_text_that_changed_passes_and_needs_alert(
    instance: dg.DagsterInstance, own_resources: dict[str, Any], own_sandbox: Sandbox
) -> None:
    day = _day_with_payouts(_land(instance, own_resources, _DAYS))
    own_sandbox.fault("restated", day=str(day), rows=0)
    again = _land(instance, own_resources, [day], run_config=_AGAIN)
    found = _restated(again)[str(day)]
    assert (found.passed, found.description) == (True, None)
    assert found.metadata["changed_columns"].value == {"payout_status": 1}
    assert facts(again)[_TABLE, str(day)]["rows_changed"] == 1


def test_a_day_that_replaced_nothing_passes(instance: dg.DagsterInstance, resources: dict[str, Any]) -> None:
    found = _restated(_land(instance, resources, _DAYS[:2]))
    assert {day: (each.passed, each.metadata) for day, each in found.items()} == {
        str(day): (True, {}) for day in _DAYS[:2]
    }
    alone = _alone(instance, resources, _DAYS[0])[str(_DAYS[0])]
    assert (alone.passed, alone.metadata) == (True, {})


@pytest.mark.parametrize("report_type", ["payouts.summary.1", "ending_balance_reconciliation.summary.1"])
def test_where_another_table_fails_the_checks_of_those_that_landed_are_all_evaluated(
    instance: dg.DagsterInstance, own_resources: dict[str, Any], own_sandbox: Sandbox, report_type: str
) -> None:
    own_sandbox.fault("failed", report_type=report_type)
    result = materialize_range(instance, own_resources, _DAYS[:2], select="core")
    assert not result.success
    tables = {table for table, _ in facts(result)}
    assert len(tables) == len(select_report_types("core")) - 1
    (assets,) = StripeReports("core", start_date=START).assets
    for check in assets.check_keys:
        rows = check_rows(instance, check.asset_key.path[-1], check.name)
        landed = check.asset_key.path[-1] in tables
        assert rows == {(str(day), "SUCCEEDED" if landed else "PLANNED"): 1 for day in _DAYS[:2]}, check


@pytest.mark.parametrize("failing", ["step", "run"])
def test_where_anything_else_in_the_run_fails_the_checks_of_what_landed_are_all_evaluated(
    instance: dg.DagsterInstance, own_resources: dict[str, Any], own_sandbox: Sandbox, failing: str
) -> None:
    select = "ending_balance_reconciliation.summary.1"
    others = []
    if failing == "step":
        own_sandbox.fault("unfit", report_type=select, count=1)
    else:

        @dg.asset(
            deps=[dg.AssetKey(["stripe_reports", "ending_balance_reconciliation_summary_1"])],
            partitions_def=dg.DailyPartitionsDefinition(START),
            backfill_policy=dg.BackfillPolicy.single_run(),
        )
        def another_step() -> None:
            raise dg.Failure("the user's own asset")

        others.append(another_step)
    result = materialize_range(instance, own_resources, _DAYS[:3], select=select, others=others)
    assert not result.success
    landed = {day for table, day in facts(result)}
    assert len(landed) == (2 if failing == "step" else 3)
    rows = check_rows(instance, "ending_balance_reconciliation_summary_1", "restated")
    assert {day for day, status in rows if status == "SUCCEEDED"} == landed


@pytest.mark.parametrize(
    ("select", "checks"),
    [
        ("balance.summary.1", {"schema"}),
        ("payouts.summary.1", {"schema", "restated"}),
        ("payout_reconciliation.by_id.summary.1", {"schema", "payouts", "restated"}),
    ],
)
def test_only_reports_whose_rows_change_have_it(select: str, checks: set[str]) -> None:
    (assets,) = StripeReports(select, start_date=START).assets
    assert {key.name for key in assets.check_keys} == checks
