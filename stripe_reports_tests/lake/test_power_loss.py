"""What was reported as landed or written is there after a power loss; what was not is whole or absent."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stripe_reports.errors import LakeError
from stripe_reports.lake import Csv, DayColumn, ExpectedColumns, Lake
from stripe_reports_tests.lake.power_loss import Disk, Tree, write_tree
from stripe_reports_tests.lake.support import DAY, ITEMIZED, TABLE, land, stripe_csv

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads open files in Linux' /proc")

_DAYS = [DAY + timedelta(days=n) for n in range(5)]


def _csv(text: str) -> bytes:
    rows = [(f"{text} {day}", f"{day} 12:00:00", "1.00") for day in _DAYS[:4]]
    return stripe_csv(["description", "created_utc", "gross"], rows)


def _land(lake: Lake, text: str = "new") -> None:
    land(lake, _csv(text))


def _land_days(lake: Lake, text: str = "new") -> None:
    column = DayColumn("created_utc", "UTC")
    lake.land_days(
        ITEMIZED, _DAYS, Csv([_csv(text)]), day_column=column, expected=ExpectedColumns(), facts={}
    )


def _derive(lake: Lake, text: str = "new") -> None:
    lake.derived.put("derived", DAY, pa.table({"text": [text]}), made_from="a")


_WRITES: dict[str, Callable[[Lake], Any]] = {
    "land": _land,
    "land_days": _land_days,
    "claim": lambda lake: lake.claim(livemode=True, account="acct_1"),
    "claim, and the account later": lambda lake: [
        lake.claim(livemode=True, account=account) for account in (None, "acct_1")
    ],
    "document": lambda lake: lake.documents.put("closed/2026-10", "close.json", b"{}"),
    "inbox": lambda lake: lake.inbox.put("failed", "evt_1", b"{}"),
    "derived": _derive,
}


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    (tmp_path / "disk").mkdir()
    return Disk(tmp_path / "disk", monkeypatch)


@pytest.mark.parametrize("write", _WRITES.values(), ids=_WRITES)
def test_all_that_was_written_survives_a_power_loss(disk: Disk, write: Callable[[Lake], Any]) -> None:
    lake = Lake.open(str(disk.folder / "new" / "folders" / "lake"))
    write(lake)
    assert disk.there()
    assert disk.left() == disk.there()
    write(lake)
    assert disk.left() == disk.there()


def test_folders_that_another_process_has_just_made_are_synced_too(disk: Disk) -> None:
    lake = Lake.open(str(disk.folder / "lake"))
    for folder in (f"{TABLE}/date={DAY}", "_csv"):
        (Path(lake.root) / folder).mkdir(parents=True)
    _land(lake)
    assert disk.left() == disk.there()


def test_folders_that_were_removed_and_made_anew_are_synced_again(disk: Disk) -> None:
    lake = Lake.open(str(disk.folder / "lake"))
    for text in ("first", "second"):
        _land(lake, text)
        path = f"lake/{TABLE}/date={DAY}/part-0.parquet"
        assert disk.left()[path] == Path(lake.uri(TABLE, DAY)).read_bytes()
        Path(lake.uri(TABLE, DAY)).unlink()
        Path(lake.uri(TABLE, DAY)).parent.rmdir()
        (Path(lake.root) / TABLE).rmdir()


def test_landings_at_the_same_time_survive(disk: Disk) -> None:
    lake = Lake.open(str(disk.folder / "lake"))
    days = [DAY + timedelta(days=n) for n in range(12)]

    def is_left(day: date) -> bool:
        landed = land(lake, stripe_csv(["description"], [(str(day),)]), day=day)
        left = disk.left()
        return left.get(f"lake/{landed.path}") == Path(landed.uri).read_bytes()

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(is_left, days))


@pytest.mark.parametrize("land_again", [_land, _land_days], ids=["land", "land_days"])
@pytest.mark.parametrize("before", ["nothing", "old"])
def test_a_power_loss_at_any_moment_leaves_each_day_old_or_new_and_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, land_again: Callable[..., None], before: str
) -> None:
    (tmp_path / "disk").mkdir()
    lake = Lake.open(str(tmp_path / "disk" / "lake"))
    if before != "nothing":
        land_again(lake, before)
    days = set(lake.days(TABLE))
    disk = Disk(tmp_path / "disk", monkeypatch)
    land_again(lake)
    monkeypatch.undo()
    images = _distinct(disk)
    assert len(images) >= 3
    for number, image in enumerate(images):
        left = Lake.open(str(write_tree(image, tmp_path / f"left {number}") / "lake"))
        assert set(left.days(TABLE)) >= days
        assert [day.error for day in left.verify(TABLE)] == [None] * len(left.days(TABLE))


def test_a_power_loss_while_claiming_leaves_a_whole_marker_or_none(disk: Disk) -> None:
    Lake.open(str(disk.folder)).claim(livemode=True, account="acct_1")
    for image in _distinct(disk):
        assert {json.loads(body)["account"] for body in image.values()} <= {"acct_1"}


def _distinct(disk: Disk) -> list[Tree]:
    """What may be left, each once."""
    found: list[Tree] = []
    for image in (image for moment in disk.moments for image in moment):
        if image not in found:
            found.append(image)
    return found


_MARKER, _ACCOUNT = "_stripe_reports.json", "_stripe_reports_account.json"


@pytest.mark.parametrize("name", [_MARKER, _ACCOUNT])
def test_a_marker_that_a_power_loss_has_emptied_is_absent(lake: Lake, name: str) -> None:
    lake.claim(livemode=True, account=None)
    (Path(lake.root) / name).write_bytes(b"")
    lake.claim(livemode=True, account="acct_1")
    assert "acct_1" in (Path(lake.root) / name).read_text()
    with pytest.raises(LakeError, match="belongs to account acct_1 and this is account acct_2"):
        lake.claim(livemode=True, account="acct_2")


def test_in_a_bucket_an_empty_marker_is_absent(bucket: str, s3: Any) -> None:
    s3.put_object(Bucket=bucket, Key=f"lake/{_MARKER}", Body=b"")
    lake = Lake.open(f"s3://{bucket}/lake")
    lake.claim(livemode=True, account="acct_1")
    with pytest.raises(LakeError, match="belongs to account acct_1"):
        lake.claim(livemode=True, account="acct_2")


def test_of_many_who_find_an_empty_marker_one_wins(lake: Lake) -> None:
    for _ in range(20):
        (Path(lake.root) / _MARKER).write_bytes(b"")

        def claims(account: str) -> bool:
            try:
                lake.claim(livemode=False, account=account)
            except LakeError:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(claims, (f"acct_{n}" for n in range(8)))) == 1
