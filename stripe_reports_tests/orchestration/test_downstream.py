"""What consumes the tables: which assets there are, and what they depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import pytest

from stripe_reports import ReportLakeResource, ReportType, StripeReports, StripeResource, stripe_report_spec
from stripe_reports.errors import ConfigurationError
from stripe_reports.orchestration.books import DOWNSTREAM
from stripe_reports_tests.close.landed_month import (
    ACTIVITY,
    PAID,
    PAYOUTS,
    TABLES,
)
from stripe_reports_tests.orchestration.downstream_support import (
    reports_of,
)


def _built(
    select: Any = "all", tables: Sequence[str] = TABLES, **more: Any
) -> Mapping[str, dg.AssetsDefinition]:
    assets = reports_of(tables).downstream(select, **more)
    return {asset.key.path[-1]: asset for asset in assets}


def test_all_are_beside_the_reports_they_read_in_a_group_of_their_own() -> None:
    built = _built()
    assert tuple(built) == DOWNSTREAM
    for name, asset in built.items():
        assert asset.key == dg.AssetKey(["stripe_reports", name])
        (spec,) = asset.specs
        assert spec.group_name == "books"
        assert asset.backfill_policy == dg.BackfillPolicy.single_run()
    deps = {
        name: {dep.asset_key.path[-1] for spec in asset.specs for dep in spec.deps}
        for name, asset in built.items()
    }
    assert deps == {
        "daily_activity": {ACTIVITY, "reconciliation"},
        "daily_fees": {ACTIVITY, "reconciliation"},
        "payout_statements": {PAYOUTS, PAID, "reconciliation"},
        "month_end_close": {*TABLES, "reconciliation"},
    }


def test_keys_have_the_prefix_of_the_reports() -> None:
    def ours(report_type: ReportType) -> dg.AssetSpec:
        return stripe_report_spec(report_type).replace_attributes(key=["acme", "stripe", report_type.table])

    (asset,) = StripeReports("core", get_asset_spec=ours).downstream("daily_fees")
    assert asset.key == dg.AssetKey(["acme", "stripe", "daily_fees"])
    assert {key.path[0] for key in asset.dependency_keys} == {"acme"}


def test_of_all_those_are_left_out_whose_report_is_not_selected() -> None:
    assert list(_built(tables=[ACTIVITY])) == ["daily_activity", "daily_fees"]
    assert list(_built(tables=["tax_transactions_itemized_2"])) == []


@pytest.mark.parametrize(
    ("select", "text"),
    [
        ("payout_statements", "payout_statements needs the report payouts itemized, which is not selected"),
        (["month_end_close"], "month_end_close needs the report balance summary, which is not selected"),
        ("daily_fee", "there is no downstream asset 'daily_fee'.*daily_fees"),
    ],
)
def test_one_that_is_named_and_cannot_be_built_is_refused(select: Any, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        _built(select, tables=[ACTIVITY])


def test_waivers_and_accounts_are_looked_at_when_the_assets_are_built() -> None:
    with pytest.raises(ConfigurationError, match="the waiver of ending_balance_is_explained has no reason"):
        _built(waivers={"ending_balance_is_explained": ""})
    with pytest.raises(ConfigurationError, match="is not an account"):
        _built(accounts={"charge": "sales"})


def test_without_a_daily_asset_there_is_neither_a_job_nor_a_sensor_for_days() -> None:
    repository = (
        StripeReports("core")
        .definitions(
            stripe=StripeResource(),
            report_lake=ReportLakeResource(),
            reconciliation=None,
            downstream="month_end_close",
        )
        .get_repository_def()
    )
    assert "stripe_reports_reconcile" not in {job.name for job in repository.get_all_jobs()}
    assert "stripe_reports_books" not in {sensor.name for sensor in repository.sensor_defs}
