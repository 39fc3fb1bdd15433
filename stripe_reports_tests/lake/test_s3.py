"""The same lake in a bucket, against a real S3 server."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import obstore
import pytest

from stripe_reports.errors import ConfigurationError, CsvError, LakeError
from stripe_reports.lake import Lake
from stripe_reports_tests.lake.support import DAY, TABLE, land, stripe_csv
from stripe_reports_tests.waiting import until

_CSV = stripe_csv(["description", "gross"], [("ü\n", "0.000000000000000001"), (None, "-1")])


@pytest.fixture
def lake(bucket: str) -> Lake:
    return Lake.open(f"s3://{bucket}/some/prefix")


def _keys(s3: Any, bucket: str) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def _large(rows: int = 110_000) -> Iterator[bytes]:
    """More than one part of a multipart upload."""
    yield b"description,gross\n"
    noise = random.Random(1)
    for _ in range(rows // 1000):
        yield b"".join(b'"%s","1.00"\n' % noise.randbytes(150).hex().encode() for _ in range(1000))


def test_a_day_is_landed_and_read_back(lake: Lake, bucket: str, s3: Any) -> None:
    landed = land(lake, _CSV, facts={"report_run_id": "frr_1"})
    assert landed.uri == f"s3://{bucket}/some/prefix/{TABLE}/date=2025-09-01/part-0.parquet"
    kept = f"some/prefix/_csv/{landed.csv_sha256}.csv.zst"
    assert _keys(s3, bucket) == [kept, f"some/prefix/{landed.path}"]
    assert (
        s3.head_object(Bucket=bucket, Key=f"some/prefix/{landed.path}")["ContentLength"]
        == landed.parquet_bytes
    )
    assert lake.read_table(TABLE).to_pydict() == {
        "description": ["ü\n", None],
        "gross": [Decimal("0.000000000000000001"), Decimal(-1)],
        "date": [DAY, DAY],
    }
    assert lake.provenance(TABLE, DAY)["report_run_id"] == "frr_1"
    assert (lake.tables(), lake.days(TABLE)) == ([TABLE], [DAY])


def test_what_landed_and_its_totals_are_read_with_one_request_each(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lake.landed(TABLE, DAY) is None
    csv = stripe_csv(["currency", "gross"], [("usd", "0.000000000000000001"), ("usd", "-1")])
    landed = land(lake, csv, facts={"report_run_id": "frr_1"})
    requests: list[str] = []

    def counted(name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*args: Any, **options: Any) -> Any:
            requests.append(name)
            return ask(*args, **options)

        return asked

    for name in ("get", "get_range", "head", "list"):
        monkeypatch.setattr(obstore, name, counted(name, getattr(obstore, name)))
    file = lake.landed(TABLE, DAY)
    assert requests == ["get"]
    assert file is not None
    assert file.table == landed
    assert file.provenance["report_run_id"] == "frr_1"
    assert lake.totals(TABLE, DAY) == {"usd": {"gross": Decimal("-0.999999999999999999")}}
    assert requests == ["get", "get"]


def test_a_large_object_is_asked_for_its_footer_only(lake: Lake) -> None:
    landed = land(lake, _large(20_000), facts={"note": "x" * 200_000})
    file = lake.landed(TABLE, DAY)
    assert file is not None
    assert file.table == landed
    assert file.provenance["note"] == "x" * 200_000


def test_an_object_without_a_byte_is_an_error_of_the_lake(lake: Lake, bucket: str, s3: Any) -> None:
    landed = land(lake, _CSV)
    s3.put_object(Bucket=bucket, Key=f"some/prefix/{landed.path}", Body=b"")
    for read in (lake.landed, lake.totals, lake.provenance):
        with pytest.raises(LakeError, match="cannot read s3://"):
            read(TABLE, DAY)


def test_a_large_day_goes_up_in_parts_and_comes_back(lake: Lake) -> None:
    landed = land(lake, _large())
    assert landed.parquet_bytes > 16 << 20
    table = lake.read_table(TABLE)
    assert table.num_rows == landed.rows == 110_000
    assert len(set(table["description"].to_pylist())) == 110_000


def test_days_of_different_columns_are_one_dataset(lake: Lake) -> None:
    land(lake, _CSV, day=date(2025, 9, 2))
    land(lake, stripe_csv(["net"], [("7",)]), day=DAY)
    dataset = lake.dataset(TABLE)
    assert dataset.to_table(columns=["net", "date"]).to_pylist()[0] == {"net": 7, "date": DAY}
    assert lake.read_pandas(TABLE).gross.sum() == Decimal("-0.999999999999999999")
    with pytest.raises(LakeError, match="lacks 1 of 1 days"):
        lake.dataset(TABLE, [date(2025, 9, 3)])


@pytest.mark.parametrize("end", [b'"last","wrong"\n', KeyboardInterrupt()], ids=["misfit", "interrupt"])
def test_a_failure_half_way_leaves_the_old_object_and_no_upload(
    lake: Lake, bucket: str, s3: Any, end: bytes | BaseException
) -> None:
    key = f"some/prefix/{land(lake, _CSV).path}"
    old = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    keys = _keys(s3, bucket)
    begun: list[str] = []

    def uploads() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        return found

    def stream() -> Iterator[bytes]:
        yield from _large()
        yield from list(_large(20_000))[1:]
        until(lambda: len(uploads()) >= 2)
        begun.extend(upload["Key"] for upload in uploads())
        if isinstance(end, BaseException):
            raise end
        yield end

    with pytest.raises((CsvError, KeyboardInterrupt)):
        land(lake, stream())
    assert key in begun
    assert uploads() == []
    assert _keys(s3, bucket) == keys
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == old


def test_a_lake_in_a_bucket_has_an_owner_too(lake: Lake, bucket: str, s3: Any) -> None:
    lake.claim(livemode=False, account=None)
    lake.claim(livemode=False, account="acct_1")
    with pytest.raises(LakeError, match="belongs to account acct_1"):
        lake.claim(livemode=False, account="acct_2")
    with pytest.raises(LakeError, match=f"the lake s3://{bucket}/some/prefix belongs to test mode"):
        lake.claim(livemode=True, account="acct_1")
    assert "some/prefix/_stripe_reports.json" in _keys(s3, bucket)
    assert lake.tables() == []


def test_two_lakes_in_one_bucket_do_not_see_each_other(lake: Lake, bucket: str) -> None:
    land(lake, _CSV)
    assert Lake.open(f"s3://{bucket}/some/prefix2").tables() == []
    assert Lake.open(f"s3://{bucket}/some/prefix/").tables() == [TABLE]
    assert Lake.open(f"s3://{bucket}").tables() == []


def test_a_bucket_that_is_not_there_is_named_in_one_line(aws: str) -> None:
    lake = Lake.open("s3://no-such-bucket/lake")
    with pytest.raises(LakeError, match=r"cannot write s3://no-such-bucket/lake/\S+: NoSuchBucket"):
        land(lake, _CSV)
    with pytest.raises(LakeError, match=r"NoSuchBucket: The specified bucket does not exist"):
        lake.claim(livemode=True, account=None)
    with pytest.raises(LakeError, match=r"cannot list s3://no-such-bucket/lake"):
        lake.tables()


def test_endpoint_and_region_may_be_given(
    bucket: str, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("AWS_REGION")
    lake = Lake.open(f"s3://{bucket}", endpoint_url=s3_endpoint, region="eu-central-1")
    assert land(lake, _CSV).uri.startswith(f"s3://{bucket}/{TABLE}/")
    assert lake.days(TABLE) == [DAY]


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])
@pytest.mark.parametrize("region", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_usual_variables_are_heeded(
    bucket: str, s3_endpoint: str, name: str, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv(name, s3_endpoint)
    monkeypatch.setenv(region, "eu-central-1")
    lake = Lake.open(f"s3://{bucket}")
    land(lake, _CSV)
    assert lake.days(TABLE) == [DAY]


def test_a_boto3_session_brings_the_credentials(
    bucket: str, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from boto3.session import Session

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name)
    session = Session("session-key", "session-secret", region_name="eu-central-1")
    lake = Lake.open(f"s3://{bucket}/x", s3_session=session, endpoint_url=s3_endpoint)
    lake.claim(livemode=False, account=None)
    land(lake, _CSV)
    assert lake.read_table(TABLE).num_rows == 2


def test_a_session_without_credentials_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Session:
        def get_credentials(self) -> None:
            return None

    with pytest.raises(ConfigurationError, match="s3://b/x has no credentials"):
        Lake.open("s3://b/x", s3_session=Session())
