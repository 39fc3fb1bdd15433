"""A file that is about to be replaced is kept aside, to be compared with what replaced it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stripe_reports.errors import LakeError
from stripe_reports.lake import Lake
from stripe_reports_tests.lake.support import DAY, ITEMIZED, TABLE, land, stripe_csv

_HEADER = ["balance_transaction_id", "net", "automatic_payout_id"]
_BEFORE = stripe_csv(_HEADER, [("txn_1", "1.00", None), ("txn_2", "2.00", None)])
_AFTER = stripe_csv(_HEADER, [("txn_2", "2.00", "po_1"), ("txn_1", "1.00", None)])


@pytest.fixture(params=["local", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    if request.param == "local":
        return Lake.open(str(tmp_path / "lake"))
    return Lake.open(f"s3://{request.getfixturevalue('bucket')}/some/prefix")


def test_a_copy_outlives_the_file_and_is_compared_with_the_new_one(lake: Lake) -> None:
    land(lake, _BEFORE)
    before = lake.replaced.copy(TABLE, DAY)
    assert before is not None
    with before:
        land(lake, _AFTER)
        found = lake.replaced.difference(ITEMIZED, DAY, before)
    assert (found.rows_changed, found.changed_columns) == (1, {"automatic_payout_id": 1})


def test_where_nothing_is_there_is_no_copy(lake: Lake) -> None:
    assert lake.replaced.copy(TABLE, DAY) is None


def test_a_copy_that_is_no_parquet_file_cannot_be_compared(tmp_path: Path) -> None:
    lake = Lake.open(str(tmp_path))
    path = Path(land(lake, _BEFORE).uri)
    whole = path.read_bytes()
    path.write_bytes(b"damaged")
    before = lake.replaced.copy(TABLE, DAY)
    assert before is not None
    path.write_bytes(whole)
    with before, pytest.raises(LakeError, match=rf"what was at {path} before: ") as raised:
        lake.replaced.difference(ITEMIZED, DAY, before)
    assert "\n" not in str(raised.value)


def test_a_copy_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    lake = Lake.open(str(tmp_path / "lake"))
    land(lake, _BEFORE)
    before = lake.replaced.copy(TABLE, DAY)
    assert before is not None
    assert before.fileno()
    assert list((tmp_path / "temporary").iterdir()) == [], "not even while it is open"
    before.close()
