"""Days that are replaced while others read them: a reader gets one whole version, or an error."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from threading import Event
from typing import Any

import pyarrow.dataset as ds
import pytest

from stripe_reports.errors import LakeError, ReplacedError
from stripe_reports.lake import Lake
from stripe_reports.lake.proving import verification
from stripe_reports.lake.reading.day_file import read_provenance
from stripe_reports.lake.storage.store import Store
from stripe_reports_tests.lake.support import DAY, TABLE, land, stripe_csv


def _csv(version: int, rows: int = 900) -> bytes:
    """More than 64 KiB of Parquet, of another size in each version; all rows say which it is."""
    noise = random.Random(version)
    return stripe_csv(
        ["description", "currency", "gross"],
        ((f"{version} {noise.randbytes(100).hex()}", "usd", f"{version}") for _ in range(rows + version)),
    )


@pytest.fixture(params=["disk", "bucket"])
def lake(request: pytest.FixtureRequest) -> Lake:
    if request.param == "bucket":
        return Lake.open(f"s3://{request.getfixturevalue('bucket')}/lake")
    return Lake.open(str(request.getfixturevalue("tmp_path")))


@contextmanager
def _replacing(lake: Lake) -> Iterator[Callable[[], int]]:
    """Lands the day anew all the time, in another thread; the function says how often so far."""
    stopped, done = Event(), [0]

    def replace() -> None:
        while not stopped.is_set():
            land(lake, _csv(done[0] % 7))
            done[0] += 1

    with ThreadPoolExecutor(1) as thread:
        replacing = thread.submit(replace)
        try:
            yield lambda: done[0]
        finally:
            stopped.set()
        replacing.result()


def _agree(table: Any) -> bool:
    versions = {text.split()[0] for text in table["description"].to_pylist()}
    return len(versions) == 1 and table.num_rows == 900 + int(versions.pop())


_READS: dict[str, Callable[[Lake], bool]] = {
    "read_table": lambda lake: _agree(lake.read_table(TABLE)),
    "read_pandas": lambda lake: len(lake.read_pandas(TABLE)) >= 900,
    "totals": lambda lake: lake.totals(TABLE, DAY)["usd"]["gross"] in {n * (900 + n) for n in range(7)},
    "landed": lambda lake: lake.landed(TABLE, DAY) is not None,
    "provenance": lambda lake: int(lake.provenance(TABLE, DAY)["rows"]) >= 900,
    "verify": lambda lake: [day.error for day in lake.verify(TABLE)] == [None],
}


def test_readers_get_one_whole_version_while_a_day_is_replaced(lake: Lake) -> None:
    landed = land(lake, _csv(0))
    assert landed.parquet_bytes > 1 << 16
    with _replacing(lake) as replaced:
        rounds = 0
        while rounds < 4 or replaced() < 8:
            for name, read in _READS.items():
                assert read(lake), name
            rounds += 1


def test_a_file_that_is_replaced_between_two_reads_of_it_is_not_mixed(lake: Lake) -> None:
    land(lake, _csv(0, rows=3000))
    with lake.open_file(TABLE, DAY) as file:
        land(lake, _csv(1, rows=3000))
        if lake.root.startswith("s3://"):  # a bucket does not hold what is replaced
            with pytest.raises(ReplacedError, match=f"{lake.uri(TABLE, DAY)} was replaced while it was read"):
                file.read()
        else:
            table = file.read()
            assert {text.split()[0] for text in table["description"].to_pylist()} == {"0"}


@pytest.mark.parametrize("scanned", [False, True], ids=["opened", "scanned once"])
def test_a_dataset_does_not_mix_days_from_before_and_after(lake: Lake, scanned: bool) -> None:
    for day in (DAY, DAY + timedelta(days=1)):
        land(lake, _csv(0), day=day)
    dataset = lake.dataset(TABLE)
    if scanned:
        dataset.to_table()
    land(lake, _csv(1))
    with pytest.raises(ReplacedError, match=r"part-0\.parquet was replaced while it was read; read it again"):
        dataset.to_table()
    assert dataset.to_table(filter=ds.field("date") > DAY).num_rows == 900, "of the days that stayed"
    assert lake.read_table(TABLE).num_rows == 1801


def test_verify_does_not_take_a_replacement_for_damage(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    days = [DAY, DAY + timedelta(days=1)]
    for day in days:
        land(lake, _csv(0), day=day)
    replaced: list[date] = []

    def replaced_after(store: Store, root: str, table: str, day: date) -> dict[str, str]:
        facts = read_provenance(store, root, table, day)
        if day not in replaced:
            replaced.append(day)
            land(lake, _csv(1), day=day)
        return facts

    monkeypatch.setattr(verification, "read_provenance", replaced_after)
    assert [(day.error, day.rows) for day in lake.verify(TABLE)] == [(None, 901)] * 2


def test_a_day_that_is_replaced_again_and_again_is_one_line(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(lake, _csv(0))
    dataset = Lake.dataset

    def replaced_after(self: Lake, *args: Any) -> Any:
        opened = dataset(self, *args)
        land(self, _csv(1))
        return opened

    monkeypatch.setattr(Lake, "dataset", replaced_after)
    if lake.root.startswith("s3://"):  # the same bytes are the same object there
        assert lake.read_table(TABLE).num_rows == 901
        return
    with pytest.raises(LakeError, match="was replaced while it was read; read it again"):
        lake.read_table(TABLE)
