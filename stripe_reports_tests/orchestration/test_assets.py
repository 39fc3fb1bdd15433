"""A report type is a daily-partitioned asset; materializing it lands the day's table."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
import pytest

from stripe_reports import (
    REPORT_TYPES,
    ReportLakeIOManager,
    ReportLakeResource,
    ReportRequest,
    ReportType,
    StripeReports,
    StripeResource,
    stripe_report_spec,
)
from stripe_reports.errors import ConfigurationError, DayError, UnknownReportTypeError
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import (
    NEWEST,
    START,
    failure,
    materialize,
    resources_for,
)

_BALANCE = dg.AssetKey(["stripe_reports", "balance_summary_1"])


def test_core_is_nine_assets() -> None:
    (assets,) = StripeReports().assets
    assert len(assets.keys) == 9
    assert _BALANCE in assets.keys


def test_all_assets_are_one_step_of_which_any_part_and_all_days_can_be_selected() -> None:
    (assets,) = StripeReports().assets
    assert assets.can_subset
    assert assets.backfill_policy == dg.BackfillPolicy.single_run()
    assert assets.op.name == "land__stripe_reports"


def test_the_step_can_be_put_into_a_pool_and_cut_into_runs() -> None:
    policy = dg.BackfillPolicy.multi_run(31)
    (assets,) = StripeReports(pool="stripe", backfill_policy=policy).assets
    assert assets.op.pool == "stripe"
    assert assets.backfill_policy == policy


def test_an_asset_says_what_it_is() -> None:
    (asset,) = StripeReports("balance.summary.1").assets
    spec = asset.specs_by_key[_BALANCE]
    assert spec.group_name == "balance"
    assert spec.kinds == {"stripe", "parquet"}
    assert spec.tags["stripe_reports/report_type"] == "balance.summary.1"
    assert "Balance summary (`balance.summary.1`)" in (spec.description or "")
    columns = spec.metadata["dagster/column_schema"].columns
    assert [(c.name, c.type) for c in columns][2] == ("net_amount", "decimal(38, 18)")
    assert not columns[2].constraints.nullable
    assert "money that went to the bank is negative" in columns[2].description
    assert columns[1].constraints.other == ["personal data: free_text"]
    assert columns[2].constraints.other == []
    assert (spec.description or "").startswith(REPORT_TYPES["balance.summary.1"].purpose)


def test_an_id_that_is_too_long_for_a_tag_is_metadata_only() -> None:
    id_ = "connected_account_financial_account_balance_change_from_activity.itemized.1"
    (asset,) = StripeReports(id_).assets
    spec = asset.specs_by_key[asset.key]
    assert spec.metadata["stripe_reports/report_type"] == id_
    assert "stripe_reports/report_type" not in spec.tags


def test_every_report_type_can_be_an_asset() -> None:
    assets = StripeReports("all").assets
    assert len(assets[0].keys) == 94
    dg.Definitions.validate_loadable(dg.Definitions(assets=assets, resources=_no_account()))


def _no_account() -> dict[str, Any]:
    lake = ReportLakeResource()
    manager = ReportLakeIOManager(lake=lake)
    return {"stripe": StripeResource(), "report_lake": lake, "report_lake_io_manager": manager}


def test_a_report_on_payouts_comes_after_the_report_that_lists_them() -> None:
    assets = StripeReports("payout_reconciliation.by_id.summary.1, payouts.itemized.3").assets
    deps = {
        spec.key.path[-1]: {dep.asset_key.path[-1] for dep in spec.deps}
        for asset in assets
        for spec in asset.specs
    }
    assert deps == {
        "payout_reconciliation_by_id_summary_1": {"payouts_itemized_3"},
        "payouts_itemized_3": set(),
    }


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({"select": "balance.sumary.1"}, UnknownReportTypeError, "did you mean 'balance.summary.1'"),
        ({"start_date": "yesterday"}, DayError, "write YYYY-MM-DD"),
        ({"timezone": "Berlin"}, ConfigurationError, "unknown time zone 'Berlin'"),
        (
            {"requests": {"tax": ReportRequest()}},
            ConfigurationError,
            "given for 'tax', which is not selected",
        ),
        (
            {"requests": {"payouts.itemized.3": ReportRequest(parameters={"x": "y"})}},
            ConfigurationError,
            r"payouts\.itemized\.3: it does not take the parameter 'x'; it takes currency",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused_when_loading(
    settings: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        StripeReports(**settings)


def test_specs_can_be_changed_before_the_assets_are_built() -> None:
    def ours(report_type: ReportType) -> dg.AssetSpec:
        spec = stripe_report_spec(report_type)
        return spec.replace_attributes(group_name="finance", key=["acme", report_type.table])

    (asset,) = StripeReports("balance.summary.1", get_asset_spec=ours).assets
    assert asset.key == dg.AssetKey(["acme", "balance_summary_1"])
    assert asset.specs_by_key[asset.key].group_name == "finance"


def test_a_spec_from_scratch_still_says_which_report_it_is() -> None:
    (asset,) = StripeReports(
        "balance.summary.1", get_asset_spec=lambda report_type: dg.AssetSpec(["acme", report_type.table])
    ).assets
    assert asset.specs_by_key[asset.key].metadata["stripe_reports/report_type"] == "balance.summary.1"


def test_the_last_part_of_a_key_stays_the_tables_name() -> None:
    with pytest.raises(ConfigurationError, match="last part must be 'balance_summary_1'"):
        StripeReports("balance.summary.1", get_asset_spec=lambda _: dg.AssetSpec("balance"))


def test_a_materialization_lands_the_day_and_says_so(
    instance: dg.DagsterInstance, resources: dict[str, Any], tmp_path: Path
) -> None:
    (result,) = materialize(instance, resources, NEWEST)
    assert result.success
    path = tmp_path / "lake" / "balance_summary_1" / f"date={NEWEST}" / "part-0.parquet"
    table = pq.read_table(path, partitioning=None)
    (event,) = result.get_asset_materialization_events()
    metadata = _metadata(result)
    assert event.partition == str(NEWEST)
    assert metadata["dagster/partition_row_count"] == table.num_rows > 0
    assert metadata["dagster/uri"] == str(path)
    provenance = pq.read_metadata(path).metadata
    assert provenance[b"stripe_reports.report_run_id"].decode() == metadata["report_run"]
    assert provenance[b"stripe_reports.file_id"].decode() == metadata["result_file"]
    assert provenance[b"stripe_reports.csv_sha256"].decode() == metadata["csv_sha256"]
    assert metadata["parquet_bytes"] == path.stat().st_size


def test_materializing_again_adopts_the_report_run_and_records_the_day_as_unchanged(
    instance: dg.DagsterInstance, resources: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "lake" / "balance_summary_1" / f"date={NEWEST}" / "part-0.parquet"
    (first,) = materialize(instance, resources, NEWEST)
    inode = path.stat().st_ino
    (second,) = materialize(instance, resources, NEWEST)
    was, is_ = _metadata(first), _metadata(second)
    assert is_["report_run"] == was["report_run"]
    assert (was["unchanged"], is_["unchanged"], is_["adopted"]) == (False, True, True)
    for name in ("dagster/partition_row_count", "totals", "csv_sha256", "csv_bytes", "parquet_bytes"):
        assert is_[name] == was[name]
    assert path.stat().st_ino == inode


def test_a_new_report_run_can_be_forced(instance: dg.DagsterInstance, resources: dict[str, Any]) -> None:
    (first,) = materialize(instance, resources, NEWEST)
    forced = dg.materialize(
        StripeReports("balance.summary.1", start_date=START).assets,
        partition_key=str(NEWEST),
        instance=instance,
        resources=resources,
        run_config={"ops": {"land__stripe_reports": {"config": {"force_new_report_run": True}}}},
    )
    was, is_ = _metadata(first), _metadata(forced)
    assert is_["report_run"] != was["report_run"]
    assert (is_["adopted"], is_["unchanged"]) == (False, True), "it has the same rows"


def _metadata(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    (event,) = result.get_asset_materialization_events()
    return {name: value.value for name, value in event.materialization.metadata.items()}


def test_a_day_of_another_time_zone_is_asked_for_from_local_midnight(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    day = date(2025, 11, 2)  # New York's clocks go back
    assets = StripeReports("balance.summary.1", start_date=START, timezone="America/New_York").assets
    dg.materialize(assets, partition_key=str(day), instance=instance, resources=resources)
    provenance = resources["report_lake"].lake.provenance("balance_summary_1", day)
    assert int(provenance["interval_end"]) - int(provenance["interval_start"]) == 25 * 3600
    assert provenance["timezone"] == "America/New_York"


def test_a_run_without_a_key_says_in_one_line_what_to_set(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    (result,) = materialize(instance, resources | {"stripe": StripeResource()}, NEWEST)
    assert not result.success
    assert failure(result).startswith(
        f"balance.summary.1 {NEWEST}: no Stripe API key: set STRIPE_API_KEY to a secret or restricted key"
    )


def test_a_day_that_is_not_waited_for_says_until_when_there_are_data(
    instance: dg.DagsterInstance, sandbox: Sandbox, tmp_path: Path
) -> None:
    partitions = dg.DailyPartitionsDefinition(START, end_offset=2)
    assets = StripeReports("balance.summary.1", partitions_def=partitions).assets
    result = dg.materialize(
        assets,
        partition_key=str(NEWEST + timedelta(days=1)),
        instance=instance,
        resources=resources_for(sandbox, tmp_path / "lake", wait_for_data_seconds=0),
        raise_on_error=False,
    )
    assert f"Stripe has data through {NEWEST + timedelta(days=1)} 00:00:00 UTC" in failure(result)
    assert not list((tmp_path / "lake").rglob("*.parquet"))


def test_a_failure_carries_where_it_happened(instance: dg.DagsterInstance, resources: dict[str, Any]) -> None:
    (result,) = materialize(instance, resources | {"stripe": StripeResource()}, NEWEST)
    (event,) = result.get_step_failure_events()
    given = event.step_failure_data.user_failure_data
    assert given is not None
    assert given.metadata["failed"].value == 1
    (record,) = given.metadata["failures"].value.records
    assert record.data == {
        "report_type": "balance.summary.1",
        "day": str(NEWEST),
        "report_run": "",
        "error": "ConfigurationError",
        "kind": "our_error",
        "why": given.description,
    }


def test_the_catalog_and_the_assets_name_the_same_table() -> None:
    (assets,) = StripeReports("core").assets
    for spec in assets.specs:
        assert spec.key.path[-1] == REPORT_TYPES[spec.metadata["stripe_reports/report_type"]].table
