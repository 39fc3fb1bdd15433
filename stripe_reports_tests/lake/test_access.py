"""Who reaches what: files are their owner's only, and no name leads out of the lake."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stripe_reports.errors import LakeError
from stripe_reports.lake import Csv, DayColumn, ExpectedColumns, Lake
from stripe_reports_tests.lake.support import DAY, ITEMIZED, TABLE, land, stripe_csv


@pytest.fixture
def careless() -> Iterator[None]:
    """Whatever a process does not forbid is allowed to everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.skipif(sys.platform == "win32", reason="has other rights")
@pytest.mark.usefixtures("careless")
def test_new_files_and_folders_are_their_owners_only(tmp_path: Path) -> None:
    lake = Lake.open(str(tmp_path / "new" / "lake"))
    lake.claim(livemode=True, account=None)
    lake.claim(livemode=True, account="acct_1")
    csv = stripe_csv(["description", "created_utc"], [("jenny@example.com", f"{DAY} 12:00:00")])
    land(lake, csv)
    days, column = [DAY, DAY + timedelta(days=1)], DayColumn("created_utc", "UTC")
    lake.land_days(ITEMIZED, days, Csv([csv]), day_column=column, expected=ExpectedColumns(), facts={})
    lake.inbox.put("failed", "evt_1", b"{}")
    lake.documents.put("closed/2026-10", "close.json", b"{}")
    lake.derived.put("derived", DAY, pa.table({"a": [1]}), made_from="b")
    paths = [tmp_path / "new", *(tmp_path / "new").rglob("*")]
    rights = {str(path.relative_to(tmp_path)): path.stat().st_mode & 0o777 for path in paths}
    assert len(rights) > 15
    assert rights == {name: 0o700 if (tmp_path / name).is_dir() else 0o600 for name in rights}


_TABLE_READS: dict[str, Callable[[Lake, str], Any]] = {
    "days": lambda lake, name: lake.days(name),
    "uri": lambda lake, name: lake.uri(name, DAY),
    "landed": lambda lake, name: lake.landed(name, DAY),
    "provenance": lambda lake, name: lake.provenance(name, DAY),
    "totals": lambda lake, name: lake.totals(name, DAY),
    "dataset": lambda lake, name: lake.dataset(name, [DAY]),
    "read_table": lambda lake, name: lake.read_table(name),
    "verify": lambda lake, name: list(lake.verify(name)),
    "derived": lambda lake, name: lake.derived.put(name, DAY, pa.table({"a": [1]}), made_from="b"),
    "copy": lambda lake, name: lake.replaced.copy(name, DAY),
}


@pytest.mark.parametrize("name", ["..", "../x", "", ".", "a/../b", "/etc", "a/b", "_csv", "a\\b", "a\n", "ä"])
@pytest.mark.parametrize("read", _TABLE_READS.values(), ids=_TABLE_READS)
def test_a_name_that_is_no_tables_is_one_line(
    lake: Lake, read: Callable[[Lake, str], Any], name: str
) -> None:
    with pytest.raises(LakeError, match=r"is not a table name; use letters, digits, _ and -") as error:
        read(lake, name)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("sha256", ["..", "../x", "", "A" * 64, "a" * 63, f"../{'a' * 64}", "a" * 64 + "\n"])
def test_what_is_no_digest_is_one_line(lake: Lake, sha256: str) -> None:
    with pytest.raises(LakeError, match="is not the SHA-256 of a CSV"):
        next(lake.kept_csv(sha256))
    assert not lake.has_csv(sha256)


def test_a_folder_that_is_no_table_is_none(lake: Lake) -> None:
    land(lake, b"description\n")
    (Path(lake.root) / "lost+found" / f"date={DAY}").mkdir(parents=True)
    (Path(lake.root) / "lost+found" / f"date={DAY}" / "part-0.parquet").touch()
    assert lake.tables() == [TABLE]
