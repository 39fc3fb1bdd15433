"""`schema` warns where columns are not the expected ones, `payouts` where a payout is not reported on."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stripe_reports import ReportRequest, StripeReports, StripeResource
from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.lake import Csv, ExpectedColumns
from stripe_reports_tests.orchestration.conftest import NEWEST, START, failure, materialize
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error

_DAY = date(2025, 9, 1)
_KEY = dg.AssetKey(["stripe_reports", "balance_summary_1"])


def _land(
    instance: dg.DagsterInstance,
    resources: dict[str, Any],
    server: ScriptedServer,
    header: str,
    row: str,
    *,
    request: ReportRequest | None = None,
    refused: str | None = None,
) -> dg.ExecuteInProcessResult:
    """A day of balance.summary.1 from a Stripe whose result has this header and row."""
    csv = f"{header}\n{row}\n".encode()
    report_type = {
        "object": "reporting.report_type", "id": "balance.summary.1", "name": "x", "livemode": False,
        "data_available_start": 0, "data_available_end": 2**31 - 1, "default_columns": ["category"],
    }  # fmt: skip
    listed = {"object": "list", "url": "/v1/reporting/report_types", "has_more": False}
    run = {
        "object": "reporting.report_run", "id": "frr_1", "report_type": "balance.summary.1", "created": 1,
        "status": "succeeded", "livemode": False, "error": None, "parameters": {},
        "result": {"object": "file", "id": "file_1", "size": len(csv), "created": 5, "filename": "x"},
    }  # fmt: skip
    refusal = Answer(stripe_error(f"The column '{refused}' is not known.", param="parameters[columns]"), 400)
    server.answers("GET", "/v1/reporting/report_types", Answer(listed | {"data": [report_type]}))
    server.answers("POST", "/v1/reporting/report_runs", *([refusal] if refused else []), Answer(run))
    server.answers("GET", "/v1/files/file_1/contents", Answer(csv))
    stripe = StripeResource(api_key="sk_test_x", api_base=server.base, files_base=server.base)
    assets = StripeReports(
        "balance.summary.1", start_date=START, requests={"balance.summary.1": request} if request else None
    ).assets
    return dg.materialize(
        assets,
        partition_key=str(_DAY),
        instance=instance,
        resources=resources | {"stripe": stripe},
        raise_on_error=False,
    )


def _check(result: dg.ExecuteInProcessResult) -> tuple[bool, dict[str, Any]]:
    assert result.success
    (evaluation,) = result.get_asset_check_evaluations()
    assert evaluation.severity is dg.AssetCheckSeverity.WARN
    return evaluation.passed, {name: value.value for name, value in evaluation.metadata.items()}


def _table(resources: dict[str, Any]) -> Any:
    return resources["report_lake"].lake.read_table("balance_summary_1", [_DAY])


def test_the_expected_columns_pass(
    instance: dg.DagsterInstance, resources: dict[str, Any], server: ScriptedServer
) -> None:
    result = _land(instance, resources, server, "category,description,net_amount,currency", "a,b,1,usd")
    assert _check(result) == (True, {})


def test_a_new_column_lands_as_text_and_warns(
    instance: dg.DagsterInstance, resources: dict[str, Any], server: ScriptedServer
) -> None:
    result = _land(
        instance, resources, server, "category,description,net_amount,currency,new", "a,b,1,usd,1.0"
    )
    assert _check(result) == (False, {"new_columns": ["new"]})
    assert _table(resources)["new"].to_pylist() == ["1.0"]
    (event,) = result.get_asset_materialization_events()
    assert event.materialization.metadata["new_columns"].value == ["new"]


def test_quoted_empties_are_counted_in_the_metadata(
    instance: dg.DagsterInstance, resources: dict[str, Any], server: ScriptedServer
) -> None:
    header = "category,description,net_amount,currency"
    result = _land(instance, resources, server, header, 'a,"","",usd')
    assert _check(result) == (True, {})
    (event,) = result.get_asset_materialization_events()
    assert event.materialization.metadata["quoted_empties"].value == {"net_amount": 1}


def test_a_column_that_the_account_does_not_know_is_left_out_and_warns(
    instance: dg.DagsterInstance, resources: dict[str, Any], server: ScriptedServer
) -> None:
    result = _land(
        instance, resources, server, "category,net_amount,currency", "a,1,usd", refused="description"
    )
    assert _check(result) == (False, {"dropped_columns": ["description"]})
    assert "description" not in _table(resources).column_names


def test_a_missing_column_fails_by_its_name(
    instance: dg.DagsterInstance, resources: dict[str, Any], server: ScriptedServer, tmp_path: Path
) -> None:
    result = _land(instance, resources, server, "category,net_amount,currency", "a,1,usd")
    assert "the header lacks these columns: 'description'; nothing was landed" in failure(result)
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_missing_column_that_is_optional_is_null(
    instance: dg.DagsterInstance, resources: dict[str, Any], server: ScriptedServer
) -> None:
    request = ReportRequest(optional_columns=["description"])
    result = _land(instance, resources, server, "category,net_amount,currency", "a,1,usd", request=request)
    assert _check(result)[0]
    assert _table(resources)["description"].to_pylist() == [None]


def test_a_value_that_does_not_fit_fails_by_its_line(
    instance: dg.DagsterInstance, resources: dict[str, Any], server: ScriptedServer, tmp_path: Path
) -> None:
    result = _land(instance, resources, server, "category,description,net_amount,currency", "a,b,n/a,usd")
    assert "line 2, column 'net_amount': 'n/a'" in failure(result)
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_partitioned_check_is_not_left_planned(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    """Dagster's own behaviour with `partitions_def` on a check, which is new in 1.13."""
    materialize(instance, resources, NEWEST)
    records = instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(_KEY, "schema"), limit=10
    )
    assert [record.status.value for record in records] == ["SUCCEEDED"]


@pytest.mark.parametrize("column", ["payment_metadata[order_id]", "payment_metadata[key with blanks]"])
def test_metadata_columns_keep_their_name_at_stripe(
    instance: dg.DagsterInstance, resources: dict[str, Any], column: str
) -> None:
    id_ = "balance_change_from_activity.itemized.3"
    assets = StripeReports(
        id_, start_date=START, requests={id_: ReportRequest(columns=["net"], metadata_columns=[column])}
    ).assets
    dg.materialize(assets, partition_key=str(NEWEST), instance=instance, resources=resources)
    schema = resources["report_lake"].lake.read_table(assets[0].key.path[-1], [NEWEST]).schema
    name = column.replace("[", "_").replace("]", "")
    assert schema.names[:2] == ["net", name]
    assert schema.field(name).metadata == {b"stripe_column": column.encode()}


def test_a_payout_that_stripe_does_not_report_on_warns_and_is_named(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    by_id, payouts = "payout_reconciliation.by_id.summary.1", REPORT_TYPES["payouts.itemized.3"]
    lake = resources["report_lake"].lake
    asked = {"timezone": "UTC", "parameters": '{"interval_start": 0, "interval_end": 1}'}
    # A list of payouts that has one which the server does not know.
    csv = b'"payout_id","reporting_category"\n"po_manual","payout"\n'
    lake.land(payouts, NEWEST, [Csv([csv])], expected=ExpectedColumns(), facts=asked)
    (result,) = materialize(instance, resources, NEWEST, select=by_id)
    assert result.success
    found = {each.check_name: each for each in result.get_asset_check_evaluations()}
    assert {name: each.passed for name, each in found.items()} == {
        "schema": True,
        "payouts": False,
        "restated": True,
    }
    assert found["payouts"].severity is dg.AssetCheckSeverity.WARN
    assert found["payouts"].metadata["left_out_payouts"].value == ["po_manual"]
    (event,) = result.get_asset_materialization_events()
    assert event.materialization.metadata["left_out_payouts"].value == ["po_manual"]


def test_a_day_whose_payouts_are_all_reported_on_passes(
    instance: dg.DagsterInstance, resources: dict[str, Any]
) -> None:
    (result,) = materialize(instance, resources, NEWEST, select="payout_reconciliation.by_id.summary.1")
    passed = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
    assert passed == {"schema": True, "payouts": True, "restated": True}
