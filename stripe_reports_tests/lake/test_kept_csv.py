"""Each CSV is kept beside the tables, byte for byte as it came; or nothing of it is."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_reports.errors import CsvError, CsvNotKeptError, DownloadError, LakeError
from stripe_reports.lake import Csv, ExpectedColumns, Lake
from stripe_reports_tests.lake.support import DAY, ITEMIZED, TABLE, in_chunks, land, stripe_csv

_CSV = stripe_csv(["description", "gross"], [("ü\n", "0.10"), (None, "-1")])


def _sha256(csv: bytes) -> str:
    return hashlib.sha256(csv).hexdigest()


def _path(lake: Lake, csv: bytes) -> Path:
    return Path(lake.root, "_csv", f"{_sha256(csv)}.csv.zst")


def _kept(lake: Lake) -> list[str]:
    return sorted(path.name for path in Path(lake.root).glob("_csv/*"))


def _large(megabytes: int = 5) -> bytes:
    """More than fits one frame, and hard to compress."""
    noise = random.Random(1)
    rows = ((noise.randbytes(500).hex(), "1.00") for _ in range(megabytes * 1000))
    return stripe_csv(["description", "gross"], rows)


def test_a_csv_is_kept_byte_for_byte_under_its_digest(lake: Lake) -> None:
    landed = land(lake, _CSV)
    assert _kept(lake) == [f"{_sha256(_CSV)}.csv.zst"]
    provenance = lake.provenance(TABLE, DAY)
    assert (provenance["csv_sha256"], provenance["csv_kept"]) == (landed.csv_sha256, "true")
    assert b"".join(lake.kept_csv(landed.csv_sha256)) == _CSV
    assert lake.tables() == [TABLE]


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 3 << 20), st.sampled_from([b"\n", b"\r\n"]))
def test_whatever_the_chunks_and_line_ends_are(
    tmp_path_factory: pytest.TempPathFactory, size: int, line_end: bytes
) -> None:
    lake = Lake.open(str(tmp_path_factory.getbasetemp() / "lake"))
    csv = b"\xef\xbb\xbf" + _large(1).replace(b"\n", line_end).removesuffix(line_end)
    landed = land(lake, in_chunks(csv, max(size, len(csv) // 1000)))
    assert b"".join(lake.kept_csv(landed.csv_sha256)) == csv


def test_many_frames_are_one_stream_to_every_reader(lake: Lake) -> None:
    csv = _large()
    land(lake, in_chunks(csv, 300_000))
    path = _path(lake, csv)
    assert path.read_bytes().count(b"\x28\xb5\x2f\xfd") >= 4, "several zstd frames"
    assert b"".join(lake.kept_csv(_sha256(csv))) == csv
    with pa.input_stream(str(path), compression="zstd") as stream:
        assert stream.read() == csv
    by_duckdb = duckdb.sql(f"SELECT description FROM read_csv('{path}', all_varchar = true)").fetchall()
    assert len(by_duckdb) == 5000
    assert by_duckdb[-1][0] == csv.split(b"\n")[-2].split(b'"')[1].decode()


def test_chunks_of_a_kept_csv_are_small(lake: Lake) -> None:
    csv = stripe_csv(["description"], [("a" * (3 << 20),)])
    land(lake, csv)
    assert max(map(len, lake.kept_csv(_sha256(csv)))) <= 256 << 10


def test_without_keeping_nothing_is_kept_and_the_provenance_says_so(tmp_path: Path) -> None:
    lake = Lake.open(str(tmp_path), keep_csv=False)
    land(lake, _CSV)
    assert not (tmp_path / "_csv").exists()
    assert lake.provenance(TABLE, DAY)["csv_kept"] == "false"
    assert lake.read_table(TABLE).num_rows == 2


def test_a_csv_that_is_landed_again_is_kept_once_and_an_older_one_stays(lake: Lake) -> None:
    other = stripe_csv(["description", "gross"], [("restated", "1")])
    for csv in (_CSV, _CSV, other):
        land(lake, csv)
    assert _kept(lake) == sorted(f"{_sha256(csv)}.csv.zst" for csv in (_CSV, other))


class _NetworkError(Exception):
    pass


def _broken() -> Iterator[bytes]:
    yield _large()
    raise _NetworkError


@pytest.mark.parametrize(
    ("chunks", "size", "error"),
    [
        ([b'description,gross\n"a","x"\n'], None, CsvError),
        ([_CSV], len(_CSV) + 1, DownloadError),
        ([b""], None, CsvError),
        (_broken(), None, _NetworkError),
    ],
    ids=["misfit", "truncated", "empty", "broken"],
)
def test_of_a_csv_that_does_not_land_nothing_is_kept(
    lake: Lake, chunks: Any, size: int | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        land(lake, chunks, size=size)
    assert _kept(lake) == []
    assert not list(Path(lake.root).glob("_unfinished/*"))


def test_the_csv_is_in_its_place_before_the_table_is(lake: Lake) -> None:
    seen: list[tuple[bool, bool]] = []

    def csvs() -> Iterator[Csv]:
        yield Csv([_CSV])
        seen.append((_path(lake, _CSV).exists(), bool(lake.days(TABLE))))  # before the table is complete

    lake.land(ITEMIZED, DAY, csvs(), expected=ExpectedColumns(), facts={})
    assert seen == [(True, False)]


def test_each_of_several_csvs_is_kept(lake: Lake) -> None:
    csvs = [stripe_csv(["gross"], [(f"{number}",)]) for number in range(3)]
    landed = lake.land(ITEMIZED, DAY, [Csv([csv]) for csv in csvs], expected=ExpectedColumns(), facts={})
    assert [b"".join(lake.kept_csv(sha256)) for sha256 in landed.csv_sha256.split(",")] == csvs
    assert len(_kept(lake)) == 3


def test_without_any_csv_none_is_kept(lake: Lake) -> None:
    lake.land(ITEMIZED, DAY, [], expected=ExpectedColumns(["gross"]), facts={})
    assert _kept(lake) == []


def test_a_process_that_is_killed_half_way_leaves_nothing_among_the_kept(lake: Lake) -> None:
    script = textwrap.dedent(
        f"""
        import time
        from stripe_reports.lake import Lake
        from stripe_reports_tests.lake import support, test_kept_csv

        def stream():
            yield from support.in_chunks(test_kept_csv._large(), 300_000)
            print("half", flush=True)
            time.sleep(60)

        support.land(Lake.open({lake.root!r}), stream())
        """
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as landing:
        assert landing.stdout is not None
        assert landing.stdout.readline() == "half\n"
        os.kill(landing.pid, signal.SIGKILL)
    assert list(Path(lake.root).glob("_unfinished/*")), "it had been begun"
    assert _kept(lake) == []
    assert lake.tables() == []


def test_a_csv_that_is_not_there_is_one_line(lake: Lake) -> None:
    land(lake, _CSV)
    _path(lake, _CSV).unlink()
    with pytest.raises(CsvNotKeptError, match=r"_csv/\w{64}\.csv\.zst is not there: .* materialize its day"):
        next(lake.kept_csv(_sha256(_CSV)))


@pytest.mark.parametrize(
    "damage", [lambda _: b"no zstd", lambda whole: whole[: 1 << 18], lambda whole: whole[:-1]]
)
def test_a_csv_that_cannot_be_read_is_one_line(lake: Lake, damage: Callable[[bytes], bytes]) -> None:
    csv = _large(1)
    land(lake, csv)
    path = _path(lake, csv)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(LakeError, match=rf"^cannot read {path}: [^\n]+$"):
        list(lake.kept_csv(_sha256(csv)))


def test_in_a_bucket_it_is_staged_and_then_has_its_place(bucket: str, s3: Any) -> None:
    lake = Lake.open(f"s3://{bucket}/lake")
    large = _large(20)  # more than one part of an upload
    keys: list[str] = []

    def stream() -> Iterator[bytes]:
        yield from in_chunks(large, 1 << 20)
        keys.extend(_keys(s3, bucket))

    landed = land(lake, stream())
    assert not any("_csv/" in key for key in keys), "not before it is whole"
    assert set(_keys(s3, bucket)) == {f"lake/_csv/{_sha256(large)}.csv.zst", f"lake/{landed.path}"}
    assert b"".join(lake.kept_csv(landed.csv_sha256)) == large


def test_in_a_bucket_a_failure_leaves_neither_object_nor_upload(bucket: str, s3: Any) -> None:
    lake = Lake.open(f"s3://{bucket}/lake")

    def stream() -> Iterator[bytes]:
        yield from in_chunks(_large(20), 1 << 20)
        yield b'"last","x"\n'

    with pytest.raises(CsvError):
        land(lake, stream())
    assert _keys(s3, bucket) == []
    assert s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_in_a_bucket_without_keeping_there_is_the_table_only(bucket: str, s3: Any) -> None:
    landed = land(Lake.open(f"s3://{bucket}", keep_csv=False), _CSV)
    assert _keys(s3, bucket) == [landed.path]


def _keys(s3: Any, bucket: str) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
