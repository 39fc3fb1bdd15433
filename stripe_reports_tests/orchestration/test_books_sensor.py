"""The sensor of the books requests a day once all its tables have landed."""

from datetime import date
from typing import Any

import dagster as dg
import pytest

from stripe_reports import StripeReports
from stripe_reports.catalog import select_report_types
from stripe_reports_tests.orchestration.conftest import FOUR_DAYS

_DAYS = FOUR_DAYS
_DAY = _DAYS[2]
_START = "2025-09-01"
_KEY = dg.AssetKey(["stripe_reports", "reconciliation"])


@pytest.fixture
def reports() -> StripeReports:
    return StripeReports("core", start_date=_START)


def test_the_sensor_requests_a_day_when_all_its_tables_have_landed_and_again_when_one_has(
    instance: dg.DagsterInstance, reports: StripeReports, resources: dict[str, Any]
) -> None:
    reconciliation = reports.reconciliation()
    defs = dg.Definitions(
        assets=[*reports.assets, reconciliation],
        sensors=[reports.books_sensor()],
        resources=resources,
    )
    keys = [dg.AssetKey(["stripe_reports", each.table]) for each in select_report_types("core")]

    def tick(cursor: Any = None) -> tuple[set[str], Any]:
        result = dg.evaluate_automation_conditions(defs, instance, cursor=cursor)
        return set(result.get_requested_partitions(_KEY)), result.cursor  # type: ignore[arg-type]

    instance.report_runless_asset_event(dg.AssetMaterialization(keys[-1], partition=str(_DAYS[0])))
    requested, cursor = tick()
    assert requested == set()
    for key in keys[:-1]:
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=str(_DAY)))
    requested, cursor = tick(cursor)
    assert requested == set()
    instance.report_runless_asset_event(dg.AssetMaterialization(keys[-1], partition=str(_DAY)))
    requested, cursor = tick(cursor)
    assert requested == {str(_DAY)}, "an old day counts as well as the newest"
    instance.report_runless_asset_event(dg.AssetMaterialization(_KEY, partition=str(_DAY)))
    requested, cursor = tick(cursor)
    assert requested == set()
    instance.report_runless_asset_event(dg.AssetMaterialization(keys[0], partition=str(_DAY)))
    requested, cursor = tick(cursor)
    assert requested == {str(_DAY)}


def test_a_report_of_which_no_day_ever_landed_is_not_waited_for(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    """The account may not offer it. Once it has a day, it is waited for like the others."""
    defs = StripeReports(start_date=_START).definitions(
        stripe=resources["stripe"],
        report_lake=resources["report_lake"],
        downstream=["payout_statements"],
    )
    keys = [dg.AssetKey(["stripe_reports", each.table]) for each in select_report_types("core")]
    cursor: Any = None

    def tick(*landed: tuple[dg.AssetKey, date]) -> set[str]:
        nonlocal cursor
        for key, day in landed:
            instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=str(day)))
        result = dg.evaluate_automation_conditions(defs, instance, cursor=cursor)
        cursor = result.cursor
        assert result.get_num_requested(dg.AssetKey(["stripe_reports", "payout_statements"])) == 0
        return set(result.get_requested_partitions(_KEY))  # type: ignore[arg-type]

    assert tick() == set(), "nothing has landed"
    assert tick(*((key, _DAY) for key in keys[:5])) == {str(_DAY)}
    tick((_KEY, _DAY))
    assert tick((keys[0], _DAYS[0])) == set(), "the other four have not landed on that day"
    assert tick(*((key, _DAYS[0]) for key in keys[1:5])) == {str(_DAYS[0])}
    tick((_KEY, _DAYS[0]))
    assert tick((keys[8], _DAY)) == {str(_DAY)}
    tick((_KEY, _DAY))
    assert tick(*((key, _DAYS[1]) for key in keys[:5])) == set()
    assert tick((keys[8], _DAYS[1])) == {str(_DAYS[1])}
