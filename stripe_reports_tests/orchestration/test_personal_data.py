"""Personal data in a Dagster project: the policy, the preview, and that nothing shows what is hidden."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from stripe_reports import ReportLakeResource, ReportRequest, StripeReports
from stripe_reports.errors import ConfigurationError
from stripe_reports.lake import Lake, LandedTable, Pii
from stripe_reports.orchestration.assets.preview import preview_metadata
from stripe_reports.orchestration.assets.selected_reports import daily_partitions, select_reports
from stripe_reports.orchestration.names import AccountNames
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.orchestration.conftest import START, failure, resources_for

_ACTIVITY = "balance_change_from_activity.itemized.3"
_TABLE = "balance_change_from_activity_itemized_3"
_KEY = "a key of thirty-two characters, for tests"
_DAY = date(2025, 9, 1)


def _land(
    instance: dg.DagsterInstance, sandbox: Sandbox, root: Path, pii: Pii, key: str = _KEY
) -> dg.ExecuteInProcessResult:
    resources = resources_for(sandbox, root / "lake")
    resources["report_lake"] = ReportLakeResource(uri=str(root / "lake"), pii_key=key)
    reports = StripeReports(_ACTIVITY, start_date=START, pii=pii)
    return dg.materialize(
        reports.assets, partition_key=str(_DAY), instance=instance, resources=resources, raise_on_error=False
    )


def _metadata(instance: dg.DagsterInstance) -> dict[str, Any]:
    event = instance.get_latest_materialization_event(dg.AssetKey(["stripe_reports", _TABLE]))
    assert event is not None
    assert event.asset_materialization is not None
    return {name: each.value for name, each in event.asset_materialization.metadata.items()}


def _files_with(root: Path, text: str) -> set[str]:
    """The files that hold a text in clear, whatever their format."""
    return {path.suffix for path in root.rglob("*") if path.is_file() and text.encode() in path.read_bytes()}


@pytest.mark.slow
def test_nothing_under_the_lake_or_dagsters_home_shows_what_is_hidden(
    instance_on_disk: dg.DagsterInstance, sandbox: Sandbox, tmp_path: Path
) -> None:
    emails = "@shop.example"
    for pii in ("drop", "hash"):
        assert _land(instance_on_disk, sandbox, tmp_path, pii).success
        metadata = _metadata(instance_on_disk)
        assert metadata["pii"] == pii
        assert "customer_email" in metadata["pii_columns"] or pii == "drop"
        assert not _files_with(tmp_path, emails)
        assert not _files_with(tmp_path, _KEY)
    assert _files_with(tmp_path, Lake.open(str(tmp_path / "lake")).provenance(_TABLE, _DAY)["csv_sha256"])
    assert "•••" in metadata["preview"]
    assert _land(instance_on_disk, sandbox, tmp_path, "keep").success
    assert _files_with(tmp_path, emails) == {".parquet"}, "the preview is masked under every policy"
    assert "pii" not in _metadata(instance_on_disk)


def test_without_a_key_the_run_fails_in_one_line_and_asks_stripe_nothing(
    instance: dg.DagsterInstance, own_sandbox: Sandbox, tmp_path: Path
) -> None:
    message = failure(_land(instance, own_sandbox, tmp_path, "hash", key=""))
    assert "STRIPE_REPORTS_PII_KEY is not set; nothing was landed; set it to a random text" in message
    assert not own_sandbox.calls


@pytest.mark.parametrize(
    ("pii", "requests", "expected"),
    [
        ("drop", {}, ("drop", "drop")),
        ({"payouts.*": "hash"}, {}, ("keep", "hash")),
        ({"core": "drop", "payouts.*": "keep"}, {}, ("drop", "keep")),
        ("hash", {"payouts.*": ReportRequest(optional_columns=["trace_id"])}, ("hash", "hash")),
        ("hash", {"payouts.*": ReportRequest(pii="keep")}, ("hash", "keep")),
    ],
)
def test_a_policy_is_for_all_report_types_or_for_some(
    pii: Any, requests: dict[str, ReportRequest], expected: tuple[str, str]
) -> None:
    reports = select_reports(
        ["balance.summary.1", "payouts.itemized.3"], names=AccountNames(None), requests=requests, pii=pii,
        partitions_def=daily_partitions(START, "UTC"), range_runs=True, get_asset_spec=None,
    )  # fmt: skip
    assert tuple(each.policy for each in reports.requests.values()) == expected


@pytest.mark.parametrize("pii", ["encrypt", {"core": "encrypt"}])
def test_an_unknown_policy_is_refused(pii: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^pii is 'encrypt'; set it to keep, hash or drop$"):
        StripeReports("core", pii=pii)


def test_a_policy_for_what_is_not_selected_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"pii is given for 'tax', which is not selected"):
        StripeReports("core", pii={"tax": "drop"})


# The preview


def _preview(rows: pa.Table) -> str:
    landed = LandedTable("uri", "path", rows.num_rows, 1, "", 1, rows.schema, (), first_rows=rows)
    return str(preview_metadata(landed)["preview"].value)


def test_a_preview_has_the_columns_with_values_and_masks_what_may_name_a_person() -> None:
    rows = pa.table(
        {
            "balance_transaction_id": ["txn_1", "txn_|2"],
            "gross": pa.array(["1200", "0.000000000000000001"]).cast(pa.decimal128(38, 18)),
            "currency": ["usd", "jpy"],
            "customer_email": ["ann@shop.example", None],
            "customer_phone": ["", "+1 555 0100"],
            "customer_name": pa.nulls(2, pa.string()),
        }
    )
    assert _preview(rows).splitlines() == [
        "The first 2 of 2 rows, and 5 of 6 columns. ••• may be personal data.",
        "",
        "|balance_transaction_id|gross|currency|customer_email|customer_phone|",
        "|---|---|---|---|---|",
        "|txn_1|1200.00|usd|•••||",
        "|txn_\\|2|0.000000000000000001|jpy||•••|",
    ]


@pytest.mark.parametrize("text", ["x" * 300, "\x01é" * 300])
def test_a_wide_table_has_a_small_preview_that_says_what_it_leaves_out(text: str) -> None:
    preview = _preview(pa.table({f"gross_{n}": pa.array([text] * 10, pa.large_string()) for n in range(80)}))
    assert len(json.dumps(preview)) <= 8_000
    columns = preview.splitlines()[2].count("gross_")
    assert 0 < columns <= 20
    assert f"{columns} of 80 columns; {80 - columns} more have values in these rows" in preview
    assert "…" in preview


def test_a_day_without_rows_has_no_preview() -> None:
    rows = pa.table({"gross": pa.array([], pa.decimal128(38, 18))})
    landed = LandedTable("uri", "path", 0, 1, "", 1, rows.schema, (), first_rows=rows)
    assert not preview_metadata(landed)
