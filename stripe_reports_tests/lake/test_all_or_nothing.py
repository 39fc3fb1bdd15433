"""Whatever happens while a day is landed, a reader sees the old file or the new one, whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from stripe_reports.errors import CsvError, LakeError
from stripe_reports.lake import Lake
from stripe_reports.lake.storage import whole_object
from stripe_reports_tests.lake.support import DAY, TABLE, land, stripe_csv
from stripe_reports_tests.waiting import PATIENCE

_OLD = stripe_csv(["description", "gross"], [("old", "1.00")])


def _files(lake: Lake) -> dict[str, bytes]:
    root = Path(lake.root)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _large(rows: int = 110_000) -> Iterator[bytes]:
    """Enough that parts of the new file are on the disk before the stream ends."""
    yield b"description,gross\n"
    yield from map(_thousand_rows, range(rows // 1000))


@cache
def _thousand_rows(seed: int) -> bytes:
    noise = random.Random(seed)
    return b"".join(b'"%s","1.00"\n' % noise.randbytes(150).hex().encode() for _ in range(1000))


class _NetworkError(Exception):
    pass


@pytest.mark.parametrize(
    "error",
    [
        _NetworkError(),
        KeyboardInterrupt(),
        pytest.param(SystemExit(), marks=pytest.mark.slow),
        pytest.param(GeneratorExit(), marks=pytest.mark.slow),
    ],
    ids=repr,
)
@pytest.mark.parametrize("before", [True, False], ids=["replacing", "new"])
def test_what_the_stream_raises_comes_through_unchanged_and_nothing_has_changed(
    lake: Lake, error: BaseException, before: bool
) -> None:
    if before:
        land(lake, _OLD)
    files = _files(lake)

    def stream() -> Iterator[bytes]:
        yield from _large()
        raise error

    with pytest.raises(type(error)) as caught:
        land(lake, stream())
    assert caught.value is error
    assert _files(lake) == files
    assert lake.days(TABLE) == ([DAY] if before else [])


def test_an_error_in_the_last_row_removes_what_was_written_so_far(
    lake: Lake,
) -> None:
    land(lake, _OLD)
    files = _files(lake)
    names: list[str] = []

    def stream() -> Iterator[bytes]:
        yield from _large()
        names.extend(_files(lake))
        yield b'"last","not a number"\n'

    with pytest.raises(CsvError, match=r"line 110002, column 'gross'"):
        land(lake, stream())
    assert any("_unfinished/" in name for name in names), "the new file had been begun"
    assert _files(lake) == files
    assert lake.read_table(TABLE)["description"].to_pylist() == ["old"]


def test_a_day_is_replaced_in_one_step(lake: Lake) -> None:
    land(lake, _OLD, facts={"report_run_id": "old"})
    land(lake, stripe_csv(["gross"], []), facts={"report_run_id": "new"})
    assert lake.provenance(TABLE, DAY)["report_run_id"] == "new"
    assert lake.read_table(TABLE).num_rows == 0
    tables = [name for name in _files(lake) if not name.startswith("_csv/")]
    assert tables == [f"{TABLE}/date=2025-09-01/part-0.parquet"]


def test_a_reader_that_began_before_a_replacement_is_not_disturbed(lake: Lake) -> None:
    with Path(land(lake, _OLD).uri).open("rb") as reading:
        before = reading.read(4)
        land(lake, stripe_csv(["description", "gross"], [("new", "2.00")]))
        assert (before + reading.read()).endswith(b"PAR1")


def test_two_landings_of_one_day_leave_one_whole_file(lake: Lake) -> None:
    def stream() -> Iterator[bytes]:
        yield b"description,gross\n"
        land(lake, stripe_csv(["description", "gross"], [("inner", "1")]))
        yield b'"outer","1"\n'

    land(lake, stream())
    assert lake.read_table(TABLE)["description"].to_pylist() == ["outer"]


def test_a_store_that_refuses_is_one_line(lake: Lake) -> None:
    (Path(lake.root) / TABLE).write_text("a file where the table's folder should be")
    with pytest.raises(LakeError, match=r"3 2025-09-01: cannot write .*part-0\.parquet: ") as caught:
        land(lake, _OLD)
    assert "Debug source" not in str(caught.value)


@pytest.mark.parametrize("refused", range(3))
def test_a_store_that_fails_half_way_is_what_the_caller_hears_of(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    land(lake, _OLD)
    files = _files(lake)
    writes = iter(range(1000))
    write = whole_object.ObjectSink.write

    def fail(sink: whole_object.ObjectSink, data: object) -> int:
        if not sink._discarded and (number := next(writes)) >= refused:
            raise LakeError(f"the disk refuses write {number}")
        return write(sink, data)

    monkeypatch.setattr(whole_object.ObjectSink, "write", fail)
    with pytest.raises(LakeError, match=f"the disk refuses write {refused}$"):
        land(lake, _large())
    assert _files(lake) == files


def test_of_a_stream_and_a_store_that_both_fail_the_stream_is_heard(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    offline = False
    write = whole_object.ObjectSink.write

    def fail(sink: whole_object.ObjectSink, data: object) -> int:
        if offline and not sink._discarded:
            raise LakeError("the network is down")
        return write(sink, data)

    def stream() -> Iterator[bytes]:
        nonlocal offline
        yield from _large()
        while not sinks or not sinks[0].bytes_:
            time.sleep(0.01)
        offline = True
        raise _NetworkError

    sinks: list[whole_object.ObjectSink] = []
    init = whole_object.ObjectSink.__init__
    monkeypatch.setattr(
        whole_object.ObjectSink, "__init__", lambda sink, *args: (sinks.append(sink), init(sink, *args))[1]
    )
    monkeypatch.setattr(whole_object.ObjectSink, "write", fail)
    with pytest.raises(_NetworkError):
        land(lake, stream())
    assert _files(lake) == {}


def _stop_half_way(lake: Lake, signal_: signal.Signals) -> None:
    """Land in a process of its own, and send it a signal while a part of the new file is on the disk."""
    script = textwrap.dedent(
        f"""
        import signal, time
        from pathlib import Path
        from stripe_reports.lake import Lake
        from stripe_reports_tests.lake import support, test_all_or_nothing

        signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
        def stream():
            yield from test_all_or_nothing._large()
            while not list(Path({lake.root!r}).glob("_unfinished/*")):
                time.sleep(0.01)
            print("half", flush=True)
            for _ in range(60_000):
                time.sleep(0.01)  # not one long sleep: a signal just before it would wait for its end

        support.land(Lake.open({lake.root!r}), stream())
        """
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as landing:
        assert landing.stdout is not None
        assert landing.stdout.readline() == "half\n"
        os.kill(landing.pid, signal_)
        assert landing.wait(PATIENCE) != 0


def test_a_process_killed_while_landing_leaves_the_old_file_to_every_reader(lake: Lake) -> None:
    old = Path(land(lake, _OLD).uri).read_bytes()
    _stop_half_way(lake, signal.SIGKILL)
    assert Path(lake.uri(TABLE, DAY)).read_bytes() == old
    assert lake.days(TABLE) == [DAY]
    assert lake.read_table(TABLE)["description"].to_pylist() == ["old"]
    folder = Path(lake.uri(TABLE, DAY)).parent
    assert [path.name for path in folder.iterdir()] == ["part-0.parquet"], "other tools read all files here"
    land(lake, stripe_csv(["description"], [("next",)]))
    assert lake.read_table(TABLE)["description"].to_pylist() == ["next"]


def test_what_a_killed_process_left_is_removed_by_the_next_landing(lake: Lake) -> None:
    land(lake, _OLD)
    _stop_half_way(lake, signal.SIGKILL)
    left = _unfinished(lake)
    assert len(left) == 2, "a table and a CSV"
    land(lake, _OLD)
    assert _unfinished(lake) == []


def test_what_a_process_is_writing_stays(lake: Lake) -> None:
    seen: list[list[Path]] = []

    def stream() -> Iterator[bytes]:
        yield b"description,gross\n"
        seen.append(_unfinished(lake))
        subprocess.run([sys.executable, "-c", _LAND_ONCE, lake.root], check=True)
        seen.append(_unfinished(lake))
        yield b'"outer","1"\n'

    land(lake, stream())
    assert len(seen[0]) == 2
    assert seen[0] == seen[1]
    assert lake.read_table(TABLE)["description"].to_pylist() == ["outer"]


_LAND_ONCE = """
import sys
from stripe_reports.lake import Lake
from stripe_reports_tests.lake import support
support.land(Lake.open(sys.argv[1]), b'description,gross\\n"inner","1"\\n')
"""


def test_what_an_older_version_left_without_a_lock_is_removed_a_day_later(lake: Lake) -> None:
    land(lake, _OLD)
    old, young = (Path(lake.root, "_unfinished", name * 32) for name in "ab")
    for file in (old, young):
        file.write_bytes(b"PAR1")
    two_days_ago = time.time() - 2 * 86400
    os.utime(old, (two_days_ago, two_days_ago))
    land(lake, _OLD)
    assert _unfinished(lake) == [young], "its process may still be at it"


def _unfinished(lake: Lake) -> list[Path]:
    return sorted(Path(lake.root).glob("_unfinished/*"))


def test_an_interrupted_process_cleans_up(lake: Lake) -> None:
    land(lake, _OLD)
    files = _files(lake)
    _stop_half_way(lake, signal.SIGINT)
    assert _files(lake) == files


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux' /proc")
@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    script = textwrap.dedent(
        f"""
        import random
        from stripe_reports.lake import Lake
        from stripe_reports_tests.lake import support

        noise = random.Random(1)
        header = ["description", "gross", "created_utc", *(f"id_{{n}}" for n in range(16))]
        rows = [
            ("Payment", f"{{n}}.05", "2025-09-01 12:00:00", *(noise.randbytes(12).hex() for _ in range(16)))
            for n in range(10_000)
        ]
        csv = support.stripe_csv(header, rows)
        head, body = csv.split(b"\\n", 1)
        def stream():
            yield head + b"\\n"
            for _ in range(150 * 1024 * 1024 // len(body)):
                for start in range(0, len(body), 1 << 20):
                    yield body[start : start + (1 << 20)]

        landed = support.land(Lake.open({str(tmp_path)!r}), stream())
        # Not ru_maxrss: a process inherits that from the one that starts it.
        status = dict(line.split(":") for line in open("/proc/self/status"))
        print(landed.csv_bytes, int(status["VmHWM"].split()[0]) // 1024)
        """
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    csv_bytes, peak_mib = map(int, done.stdout.split())
    assert csv_bytes > 140 * 1024 * 1024
    assert peak_mib < 350


def test_landing_does_not_import_pandas_which_takes_longer_than_a_small_report(tmp_path: Path) -> None:
    code = f"""
import sys
from datetime import date
from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.lake import Csv, DayColumn, ExpectedColumns, Lake

lake, itemized = Lake.open({str(tmp_path)!r}), REPORT_TYPES["balance_change_from_activity.itemized.3"]
csv = b"description,gross,is_link,created_utc\\n" + b'"a","1.00","true","2025-09-01 12:00:00"\\n' * 10_000
later = b'"a","1.00",,"2025-09-02 12:00:00"\\n"a","","","2025-09-02 12:00:00"\\n'
lake.land(itemized, date(2025, 9, 1), [Csv([csv])], expected=ExpectedColumns(), facts={{}})
lake.land_days(
    itemized,
    [date(2025, 9, day) for day in (1, 2, 3)],
    Csv([csv, later, later]),
    day_column=DayColumn("created_utc", "UTC"),
    expected=ExpectedColumns(),
    facts={{}},
)
sys.exit("pandas" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("heavy", ["pandas", "pyarrow", "duckdb", "boto3", "dagster", "stripe"])
def test_importing_the_lake_is_cheap(heavy: str) -> None:
    code = f"import sys, stripe_reports.lake; sys.exit({heavy!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
