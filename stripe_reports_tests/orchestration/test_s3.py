"""The lake in a bucket of a real S3 server, told by AWS' variables or by dagster-aws' resource."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_aws.s3 import S3Resource

from stripe_reports import (
    ReportLakeResource,
    StripeReports,
)
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.core_lake import land
from stripe_reports_tests.orchestration.conftest import NEWEST, failure, materialize

_TABLE = "balance_summary_1"


_RECORDS = (
    "stripe/_account/report_types.json",
    "stripe/_stripe_reports.json",
    f"stripe/_tables/{_TABLE}.json",
)
"""What a lake says of itself: the reports that the account offers, whose it is, and the table's settings."""


def _landed(s3: Any, bucket: str) -> list[str]:
    return sorted(entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", []))


def test_awss_variables_are_enough(
    instance: dg.DagsterInstance, resources: dict[str, Any], s3: Any, bucket: str
) -> None:
    lake = ReportLakeResource(uri=f"s3://{bucket}/stripe")
    (result,) = materialize(instance, resources | {"report_lake": lake}, NEWEST)
    assert result.success
    path = f"stripe/{_TABLE}/date={NEWEST}/part-0.parquet"
    (event,) = result.get_asset_materialization_events()
    kept = f"stripe/_csv/{event.materialization.metadata['csv_sha256'].value}.csv.zst"
    assert _landed(s3, bucket) == sorted([kept, path, *_RECORDS])
    assert event.materialization.metadata["dagster/uri"].value == f"s3://{bucket}/{path}"
    assert lake.lake.read_table(_TABLE, [NEWEST]).num_rows > 0


def test_dagsters_s3_resource_brings_keys_region_and_endpoint(
    instance: dg.DagsterInstance,
    resources: dict[str, Any],
    s3: Any,
    bucket: str,
    aws: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    given = S3Resource(
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="eu-central-1",
        endpoint_url=aws,
    )
    lake = ReportLakeResource(uri=f"s3://{bucket}/stripe", s3=given, keep_csv=False)
    (result,) = materialize(instance, resources | {"report_lake": lake}, NEWEST)
    assert result.success
    table = f"stripe/{_TABLE}/date={NEWEST}/part-0.parquet"
    assert _landed(s3, bucket) == sorted([table, *_RECORDS]), "and no CSV"


def test_a_profile_is_enough(
    instance: dg.DagsterInstance,
    resources: dict[str, Any],
    s3: Any,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name)
    credentials = tmp_path / "credentials"
    credentials.write_text("[finance]\naws_access_key_id = test\naws_secret_access_key = test\n")
    config = tmp_path / "config"
    config.write_text("[profile finance]\nregion = eu-central-1\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "finance")
    lake = ReportLakeResource(uri=f"s3://{bucket}/stripe", keep_csv=False)
    (result,) = materialize(instance, resources | {"report_lake": lake}, NEWEST)
    assert result.success
    table = f"stripe/{_TABLE}/date={NEWEST}/part-0.parquet"
    assert _landed(s3, bucket) == sorted([table, *_RECORDS]), "and no CSV"


def test_without_credentials_it_says_so_in_one_line(
    instance: dg.DagsterInstance,
    resources: dict[str, Any],
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    lake = ReportLakeResource(uri=f"s3://{bucket}/stripe")
    (result,) = materialize(instance, resources | {"report_lake": lake}, NEWEST)
    assert f"the AWS session for s3://{bucket}/stripe has no credentials" in failure(result)


def test_the_books_of_a_lake_in_a_bucket_are_reconciled(
    instance: dg.DagsterInstance, sandbox: Sandbox, resources: dict[str, Any], bucket: str
) -> None:
    lake = ReportLakeResource(uri=f"s3://{bucket}/stripe")
    before = NEWEST - timedelta(days=1)
    land(lake.lake, sandbox, [before, NEWEST])
    reconciliation = StripeReports(start_date=str(before)).reconciliation()
    result = dg.materialize(
        [reconciliation],
        partition_key=str(NEWEST),
        instance=instance,
        resources={"report_lake": lake},
    )
    evaluations = result.get_asset_check_evaluations()
    assert len(evaluations) == 14
    failed = [each.check_name for each in evaluations if not each.passed]
    assert failed == ["all_days"], "the day before is not reconciled"
    (event,) = result.get_asset_materialization_events()
    uri = f"s3://{bucket}/stripe/reconciliation/date={NEWEST}/part-0.parquet"
    assert event.materialization.metadata["dagster/uri"].value == uri
    assert set(lake.lake.read_table("reconciliation", [NEWEST])["outcome"].to_pylist()) == {"holds"}
