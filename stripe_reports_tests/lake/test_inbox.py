"""The inbox: what is put is there, whole, until it is removed; on a disk and in a bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stripe_reports.errors import LakeError
from stripe_reports.lake import Lake
from stripe_reports.lake.documents.inbox import Inbox

_BODY = b'{"id": "evt_1"}\n\x00\xff'


def _keeps_until_removed(inbox: Inbox) -> None:
    assert (inbox.names("failed"), inbox.read("failed", "evt_1")) == ([], None)
    inbox.put("failed", "evt_2", b"")
    inbox.put("failed", "evt_1", _BODY)
    inbox.put("report_type_updated", "balance.summary.1", b"a")
    inbox.put("report_type_updated", "balance.summary.1", b"bc")
    assert inbox.names("failed") == ["evt_1", "evt_2"]
    assert (inbox.read("failed", "evt_1"), inbox.read("failed", "evt_2")) == (_BODY, b"")
    assert inbox.names("report_type_updated") == ["balance.summary.1"]
    assert inbox.read("report_type_updated", "balance.summary.1") == b"bc"
    inbox.remove("failed", ["evt_1", "evt_that_is_not_there"])
    assert inbox.names("failed") == ["evt_2"]
    assert inbox.read("failed", "evt_1") is None


def test_on_a_disk_it_keeps_until_removed(lake: Lake, tmp_path: Path) -> None:
    _keeps_until_removed(lake.inbox)
    left = tmp_path / "lake" / "_inbox" / "report_type_updated" / "balance.summary.1.json"
    assert left.read_bytes() == b"bc"
    assert lake.tables() == []


def test_in_a_bucket_it_keeps_until_removed(bucket: str, s3: Any) -> None:
    lake = Lake.open(f"s3://{bucket}/some/prefix")
    _keeps_until_removed(lake.inbox)
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == [
        "some/prefix/_inbox/failed/evt_2.json",
        "some/prefix/_inbox/report_type_updated/balance.summary.1.json",
    ]
    assert lake.tables() == []


def test_a_bucket_that_is_not_there_is_one_line(aws: str) -> None:
    inbox = Lake.open("s3://no-such-bucket/lake").inbox
    with pytest.raises(
        LakeError, match=r"cannot write s3://no-such-bucket/lake/_inbox/failed/evt_1.json: NoSu"
    ):
        inbox.put("failed", "evt_1", _BODY)
    with pytest.raises(LakeError, match=r"cannot list s3://no-such-bucket/lake/_inbox/failed: NoSuchBucket"):
        inbox.names("failed")


def test_files_that_nobody_put_there_are_no_names(lake: Lake, tmp_path: Path) -> None:
    lake.inbox.put("failed", "evt_1", _BODY)
    folder = tmp_path / "lake" / "_inbox" / "failed"
    for other in ("evt_2.txt", ".json", ".hidden.json", "below/evt_3.json"):
        (folder / other).parent.mkdir(exist_ok=True)
        (folder / other).write_bytes(b"")
    assert lake.inbox.names("failed") == ["evt_1"]


@pytest.mark.parametrize("name", ["", ".", "..", ".x", "../x", "a/b", "a\\b", "a b", "ä", "a\n", "x" * 201])
def test_a_name_that_could_lead_elsewhere_is_refused(lake: Lake, name: str, tmp_path: Path) -> None:
    for refused in (
        lambda: lake.inbox.put("failed", name, _BODY),
        lambda: lake.inbox.put(name, "evt_1", _BODY),
        lambda: lake.inbox.read("failed", name),
        lambda: lake.inbox.remove("failed", ["evt_1", name]),
        lambda: lake.inbox.names(name),
    ):
        with pytest.raises(LakeError, match="is not a name for the lake's inbox"):
            refused()
    assert list((tmp_path / "lake").iterdir()) == []


def test_what_cannot_be_written_changes_nothing(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "lake" / "_inbox").write_bytes(b"a file where a folder should be")
    with pytest.raises(LakeError, match="cannot write"):
        lake.inbox.put("failed", "evt_1", _BODY)
    (tmp_path / "lake" / "_inbox").unlink()
    assert lake.inbox.names("failed") == []
