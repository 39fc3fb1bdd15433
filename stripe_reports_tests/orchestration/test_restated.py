"""`restated` warns where a day's amounts are others than in the table that it replaced."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import dagster as dg
import pytest

from stripe_reports import build_stripe_report_assets
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
        build_stripe_report_assets(_PAYOUTS, start_date=START),
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
    assert _restated(first) == {}, "nothing was replaced"
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
    _land(instance, own_resources, _DAYS)  # from the same run: unchanged, and nothing is replaced
    alone = _alone(instance, own_resources, day)[str(day)]
    assert (alone.passed, alone.metadata["rows_added"].value) == (False, 1)

    _land(instance, own_resources, [day], run_config=_AGAIN)  # from another run, with the same rows
    assert _alone(instance, own_resources, day)[str(day)].passed


def test_a_text_that_changed_passes_and_is_told(
    instance: dg.DagsterInstance, own_resources: dict[str, Any], own_sandbox: Sandbox
) -> None:
    day = _day_with_payouts(_land(instance, own_resources, _DAYS))
    own_sandbox.fault("restated", day=str(day), rows=0)
    again = _land(instance, own_resources, [day], run_config=_AGAIN)
    found = _restated(again)[str(day)]
    assert (found.passed, found.description) == (True, None)
    assert found.metadata["changed_columns"].value == {"payout_status": 1}
    assert facts(again)[_TABLE, str(day)]["rows_changed"] == 1


async def _status(instance: dg.DagsterInstance, partition: str) -> str:
    """As the UI shows it."""
    from dagster._core.workspace.context import LoadingContext  # no public way to ask for it

    class Context(LoadingContext):
        loaders: dict[Any, Any] = {}  # noqa: RUF012

        @property
        def instance(self) -> dg.DagsterInstance:
            return instance

    records = instance.event_log_storage.get_asset_check_execution_history(_CHECK, limit=100)
    (record,) = [each for each in records if each.partition == partition]
    return (await record.resolve_status(Context())).value


def test_a_day_that_replaced_nothing_is_shown_as_skipped_and_not_as_under_way(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    """Dagster's own behaviour: what was planned for a partition is not left in progress when the run ends."""
    _land(instance, resources, _DAYS[:2])
    assert check_rows(instance, _TABLE, "restated") == {(str(day), "PLANNED"): 1 for day in _DAYS[:2]}
    assert {asyncio.run(_status(instance, str(day))) for day in _DAYS[:2]} == {"SKIPPED"}
    assert check_rows(instance, _TABLE) == {(str(day), "SUCCEEDED"): 1 for day in _DAYS[:2]}

    found = _alone(instance, resources, _DAYS[0])[str(_DAYS[0])]
    assert (found.passed, found.metadata) == (True, {}), "on demand it says that nothing was restated"


def test_where_another_day_fails_a_day_that_landed_is_not_shown_as_failed(
    instance: dg.DagsterInstance, own_resources: dict[str, Any], own_sandbox: Sandbox
) -> None:
    own_sandbox.fault("unfit", report_type="ending_balance_reconciliation.summary.1", count=1)
    result = materialize_range(
        instance, own_resources, _DAYS[:3], select="ending_balance_reconciliation.summary.1"
    )
    assert not result.success
    landed = {day for _, day in facts(result)}
    assert len(landed) == 2
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
    (assets,) = build_stripe_report_assets(select, start_date=START)
    assert {key.name for key in assets.check_keys} == checks
