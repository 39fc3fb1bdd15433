"""A landed day: what its file holds, what is said of it, and that chunks do not matter."""

from __future__ import annotations

import hashlib
import io
import random
from datetime import date
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_reports.errors import ConfigurationError, LakeError
from stripe_reports.lake import Lake
from stripe_reports_tests.lake.support import DAY, TABLE, converted, in_chunks, land, stripe_csv

_CSV = stripe_csv(
    ["description", "gross", "created_utc", "payment_metadata[order_id]"],
    [
        (
            random.Random(n).choice(['say "hi"', "two\nlines", "ü,", ""]),
            f"{n}.05",
            "2025-09-01 00:00:00",
            None,
        )
        for n in range(200)
    ],
)


@pytest.mark.parametrize("block_bytes", [1, 3, 100, 1000, 1 << 20])
def test_every_block_size_gives_the_same_rows(block_bytes: int) -> None:
    assert converted(_CSV, block_bytes=block_bytes)[0].equals(converted(_CSV)[0])


@pytest.mark.parametrize("chunk", [1, 2, 7, 64, 999])
def test_every_chunk_size_gives_the_same_file(chunk: int) -> None:
    assert converted(in_chunks(_CSV, chunk), block_bytes=500) == converted(_CSV, block_bytes=500)


@pytest.mark.slow
@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, len(_CSV)), max_size=20))
def test_wherever_chunks_begin_the_file_is_the_same(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(_CSV)]
    chunks = [_CSV[start:end] for start, end in pairwise(places)]  # some are empty
    assert converted(chunks, block_bytes=300) == converted(_CSV, block_bytes=300)


def test_two_chunks_cut_at_every_byte_give_the_same_file() -> None:
    csv = stripe_csv(["description", "gross"], [('ü"\n,\r\n😀', "1.5"), (None, None), ("", "2")])
    whole = converted(csv, block_bytes=12)
    for place in range(len(csv)):
        assert converted([csv[:place], csv[place:]], block_bytes=12) == whole


def test_columns_come_in_the_expected_order_and_new_ones_after_them(lake: Lake) -> None:
    csv = stripe_csv(["surprise", "net", "extra", "gross"], [("s", "1", "e", "2")])
    landed = land(lake, csv, expected=["gross", "net"])
    assert landed.schema.names == ["gross", "net", "surprise", "extra"]
    assert landed.new_columns == ("surprise", "extra")
    assert pq.read_table(landed.uri, partitioning=None).schema.equals(landed.schema)
    assert [str(value) for value in lake.read_table(TABLE).to_pylist()[0].values()] == [
        "2.000000000000000000", "1.000000000000000000", "s", "e", "2025-09-01",
    ]  # fmt: skip


def test_a_metadata_column_has_a_name_for_sql_and_keeps_its_own(lake: Lake) -> None:
    landed = land(lake, stripe_csv(["gross", "payment_metadata[order_id]"], [("1", "42")]))
    assert landed.schema.names == ["gross", "payment_metadata_order_id"]
    kept = pq.read_schema(landed.uri)
    assert kept.field("payment_metadata_order_id").metadata[b"stripe_column"] == b"payment_metadata[order_id]"
    assert b"stripe_column" not in (kept.field("gross").metadata or {})


def test_what_is_said_of_a_landed_day_is_so(lake: Lake) -> None:
    landed = land(lake, in_chunks(_CSV, 1000))
    file = Path(landed.uri)
    assert (landed.rows, landed.csv_bytes) == (200, len(_CSV))
    assert landed.csv_sha256 == hashlib.sha256(_CSV).hexdigest()
    assert landed.parquet_bytes == file.stat().st_size
    assert landed.path == f"{TABLE}/date=2025-09-01/part-0.parquet"
    assert file == Path(lake.root) / landed.path
    assert lake.uri(TABLE, DAY) == landed.uri


def test_provenance_is_kept_in_the_file_and_read_without_its_rows(lake: Lake) -> None:
    facts = {"report_run_id": "frr_1", "timezone": "Europe/Berlin", "columns": '["gross"]', "day": "not this"}
    landed = land(lake, _CSV, facts=facts)
    assert lake.provenance(TABLE, DAY) == {
        "report_run_id": "frr_1",
        "timezone": "Europe/Berlin",
        "columns": '["gross"]',
        "report_type": "balance_change_from_activity.itemized.3",
        "day": "2025-09-01",
        "rows": "200",
        "csv_bytes": str(len(_CSV)),
        "csv_sha256": landed.csv_sha256,
        "csv_kept": "true",
        "pii": "keep",
        "new_columns": '["description", "gross", "created_utc", "payment_metadata[order_id]"]',
        "package_version": version("stripe-reports"),
    }
    stored = pq.read_metadata(landed.uri).metadata
    assert stored[b"stripe_reports.report_run_id"] == b"frr_1"


def test_provenance_of_a_day_that_is_not_landed_is_an_error(lake: Lake) -> None:
    with pytest.raises(
        LakeError, match=r"date=2025-09-01/part-0.parquet is not landed; materialize that day"
    ):
        lake.provenance(TABLE, DAY)


def test_the_file_is_compressed_with_statistics_and_row_groups_of_65536() -> None:
    rows = ((f"txn_{n}", "usd", f"{n}.00", "2025-09-01 00:00:00") for n in range(70_000))
    csv = stripe_csv(["balance_transaction_id", "currency", "gross", "created_utc"], rows)
    _, facts, parquet = converted(csv, block_bytes=100_000)
    metadata = pq.read_metadata(io.BytesIO(parquet))
    assert facts.rows == 70_000
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [65_536, 4_464]
    columns = {chunk.path_in_schema: chunk for chunk in map(metadata.row_group(0).column, range(4))}
    assert {chunk.compression for chunk in columns.values()} == {"ZSTD"}
    assert all(chunk.is_stats_set for chunk in columns.values())
    assert columns["currency"].has_dictionary_page
    assert not columns["balance_transaction_id"].has_dictionary_page
    assert "DELTA_BINARY_PACKED" in columns["created_utc"].encodings


def test_days_and_tables_are_those_that_are_landed(lake: Lake) -> None:
    assert (lake.tables(), lake.days(TABLE)) == ([], [])
    lake.claim(livemode=False, account=None)
    for day in (3, 1, 2):
        land(lake, _CSV, day=date(2025, 9, day))
    (Path(lake.root) / TABLE / "date=2025-09-31").mkdir()
    (Path(lake.root) / TABLE / "date=2025-09-31/part-0.parquet").touch()
    (Path(lake.root) / TABLE / "date=2025-09-04").mkdir()
    (Path(lake.root) / "notes").mkdir()
    assert lake.tables() == [TABLE]
    assert lake.days(TABLE) == [date(2025, 9, 1), date(2025, 9, 2), date(2025, 9, 3)]


@pytest.mark.parametrize("write", [str, lambda path: f"file://{path}"])
def test_a_lake_is_opened_by_path_or_file_uri(tmp_path: Path, write: object) -> None:
    assert Lake.open(write(tmp_path / "x y")).root == str(tmp_path / "x y")  # type: ignore[operator]
    assert (tmp_path / "x y").is_dir()


def test_a_relative_path_is_fixed_when_the_lake_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lake = Lake.open("lake")
    monkeypatch.chdir("/")
    assert land(lake, _CSV).uri.startswith(f"{tmp_path}/lake/{TABLE}")
    assert lake.days(TABLE) == [DAY]


@pytest.mark.parametrize("uri", ["", "gs://bucket", "http://host/x", "s3://", "file://host/x"])
def test_what_is_no_place_for_a_lake_is_refused(uri: str) -> None:
    with pytest.raises(ConfigurationError):
        Lake.open(uri)


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LakeError, match=f"cannot use the directory {tmp_path}/file/lake: "):
        Lake.open(str(tmp_path / "file" / "lake"))
