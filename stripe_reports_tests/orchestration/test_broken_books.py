"""Somebody is told of books that do not agree."""

from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stripe_reports import (
    Alert,
    ReportLakeResource,
    StripeReports,
)
from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.core_lake import a_cent_off, days_of, land, rewrite
from stripe_reports_tests.orchestration.support import range_tags

_DAYS = days_of(date(2025, 9, 2), 2)
_SELECT = "balance.summary.1, balance_change_from_activity.itemized.3"


class _Watch:
    def __init__(self, instance: dg.DagsterInstance, resources: dict[str, Any], **settings: Any) -> None:
        reports = StripeReports(_SELECT, start_date=str(_DAYS[0]))
        self._reconciliation = reports.reconciliation(**settings)
        self.alerts: list[Alert] = []
        self._sensor = reports.failed_runs_sensor(alert=self.alerts.append)
        self._instance = instance
        self._resources = resources
        self._cursor: str | None = None

    def evaluate(self) -> None:
        with dg.build_sensor_context(
            self._instance, cursor=self._cursor, resources=self._resources
        ) as context:
            result = self._sensor(context)
        assert isinstance(result, dg.SensorResult)
        assert not result.run_requests, "asking again does not help"
        self._cursor = result.cursor

    def reconcile(self) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [self._reconciliation],
            tags=range_tags(_DAYS),
            instance=self._instance,
            resources=self._resources,
            raise_on_error=False,
        )


@pytest.fixture
def lake(sandbox: Sandbox, tmp_path: Path) -> Lake:
    lake = Lake.open(str(tmp_path / "lake"))
    land(lake, sandbox, _DAYS, select=_SELECT)
    rewrite(lake, "balance_change_from_activity_itemized_3", _DAYS[1], a_cent_off("net"))
    return lake


def test_an_alert_says_which_checks_of_which_day_broke(
    instance: dg.DagsterInstance, resources: dict[str, Any], lake: Lake
) -> None:
    watch = _Watch(instance, resources | {"report_lake": ReportLakeResource(uri=lake.root)})
    watch.evaluate()
    run_id = watch.reconcile().run_id
    watch.evaluate()
    (alert,) = watch.alerts
    assert (alert.kind.value, alert.partition, alert.run_id) == ("books_do_not_agree", str(_DAYS[1]), run_id)
    assert alert.asset_key == "stripe_reports/reconciliation"
    assert alert.error.startswith(f"reconciliation {_DAYS[1]}: net_is_gross_less_fee: Broken in ")
    assert "; activity_matches_balance: Broken in " in alert.error
    assert "stripe-reports verify" in alert.text
    assert alert.requested_again_at is None
    watch.evaluate()
    assert len(watch.alerts) == 1, "there is one alert"


def test_a_check_that_only_warns_is_no_alert(
    instance: dg.DagsterInstance, resources: dict[str, Any], lake: Lake
) -> None:
    settings = {"severity": dg.AssetCheckSeverity.WARN}
    watch = _Watch(instance, resources | {"report_lake": ReportLakeResource(uri=lake.root)}, **settings)
    watch.evaluate()
    assert watch.reconcile().success
    watch.evaluate()
    assert watch.alerts == []
