"""A download that breaks goes on or begins again; what lands is what lands without a break, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from stripe_reports.catalog import REPORT_TYPES, newest_complete_day
from stripe_reports.errors import DownloadError
from stripe_reports.lake import Lake
from stripe_reports.landing import LandedDay, land_day
from stripe_reports_tests.landing.scripted_stripe import CONTENTS, CSV, RUNS, ScriptedStripe
from stripe_reports_tests.landing.support import quick
from stripe_reports_tests.scripted_server import Answer, Asked, stripe_error
from stripe_reports_tests.served_file import ServedFile

_DAY = newest_complete_day(datetime.now(UTC))
_BALANCE = REPORT_TYPES["balance.summary.1"]


def _csv(amounts: str) -> bytes:
    """A few hundred kilobytes, with line ends and quotes in fields."""
    header, _ = CSV.split(b"\n", 1)
    rows = (f'"activity","row {i}\n""quoted""","{amounts % i}","usd"\n' for i in range(1000, 9000))
    return b"\n".join([header, "".join(rows).encode()])


_LARGE = _csv("%d.25")
_SIZE = len(_LARGE)


def _land(stripe: ScriptedStripe, lake: Lake) -> LandedDay:
    return land_day(_BALANCE, _DAY, account=stripe.account, lake=lake, settings=quick())


def _files(lake: Lake) -> dict[str, bytes]:
    root = Path(lake.root)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _tables(lake: Lake) -> list[str]:
    return [name for name in _files(lake) if name.endswith(".parquet")]


def _ranges(stripe: ScriptedStripe) -> list[str | None]:
    return [asked.headers.get("Range") for asked in stripe.server.asked_for("GET", CONTENTS)]


@pytest.fixture
def unbroken(stripe: ScriptedStripe, tmp_path: Path) -> dict[str, bytes]:
    """The files of a lake where the large CSV landed in one go."""
    lake = Lake.open(str(tmp_path / "unbroken"))
    stripe.has(ServedFile(_LARGE), size=_SIZE)
    assert _land(stripe, lake).table.rows == 8000
    stripe.server.forget()
    return _files(lake)


@pytest.mark.parametrize(
    "cuts",
    [(0,), (1,), (_SIZE - 1,), (_SIZE,), (1 << 18, 1), (3, 0, 100_000, 1, 1, 77_777)],
    ids=["0", "1", "size - 1", "size", "two", "many"],
)
def test_a_download_that_went_on_lands_the_same_files_byte_for_byte(
    stripe: ScriptedStripe, lake: Lake, unbroken: dict[str, bytes], cuts: Sequence[int]
) -> None:
    file = ServedFile(_LARGE, cuts)
    stripe.has(file, size=_SIZE)
    _land(stripe, lake)
    assert _files(lake) == unbroken
    began, broke = [sent.start for sent in file.sent], [sent.stop for sent in file.sent]
    assert began == [0, *broke[:-1]], "no byte was sent twice"
    assert len(stripe.server.asked_for("POST", RUNS)) == 1, "the run is not made again"


def test_where_ranges_are_ignored_the_download_begins_again(
    stripe: ScriptedStripe, lake: Lake, unbroken: dict[str, bytes]
) -> None:
    stripe.has(ServedFile(_LARGE, [5000, None, 300_000], knows_ranges=False), size=_SIZE)
    _land(stripe, lake)
    assert _files(lake) == unbroken
    assert _ranges(stripe) == [None, "bytes=5000-", None, "bytes=300000-", None]
    assert len(stripe.server.asked_for("POST", RUNS)) == 1, "the run is not made again"


def test_where_ranges_alone_are_in_trouble_the_download_begins_again(
    stripe: ScriptedStripe, lake: Lake, unbroken: dict[str, bytes]
) -> None:
    file = ServedFile(_LARGE, [5000])

    def serve(asked: Asked) -> Answer:
        return Answer(status=501) if "Range" in asked.headers else file(asked)

    stripe.has(serve, size=_SIZE)
    _land(stripe, lake)
    assert _files(lake) == unbroken
    assert _ranges(stripe) == [None] + ["bytes=5000-"] * 7 + [None]


@pytest.mark.parametrize("heeds_if_range", [True, False])
def test_a_file_that_changes_on_the_way_lands_as_it_is_now(
    stripe: ScriptedStripe, lake: Lake, heeds_if_range: bool
) -> None:
    new = ServedFile(_csv("%d.75"), etag='"two"', heeds_if_range=heeds_if_range)
    stripe.has(ServedFile(_LARGE, [300_000], etag='"one"'), new, size=_SIZE)
    _land(stripe, lake)
    amounts = lake.read_table(_BALANCE.table)["net_amount"].to_pylist()
    assert amounts == [Decimal(i) + Decimal("0.75") for i in range(1000, 9000)]
    assert _ranges(stripe) == [None, "bytes=300000-", None]


@pytest.mark.parametrize("first", [299_999, 300_001, 0])
def test_a_part_that_is_another_than_was_asked_for_never_lands(
    stripe: ScriptedStripe, lake: Lake, first: int
) -> None:
    range_ = {"Content-Range": f"bytes {first}-{_SIZE - 1}/{_SIZE}"}

    def serve(asked: Asked) -> Answer:
        other = Answer(_LARGE[first:], 206, range_)
        return other if "Range" in asked.headers else Answer(_LARGE, cut=300_000)

    stripe.has(serve, size=_SIZE)
    with pytest.raises(DownloadError, match=f"Content-Range 'bytes {first}-"):
        _land(stripe, lake)
    assert _tables(lake) == []
    assert _ranges(stripe) == [None, "bytes=300000-"] * 6, "bounded attempts"


@pytest.mark.parametrize(
    "first",
    [
        Answer(stripe_error("not yet"), 404),
        Answer(stripe_error("too fast"), 429, {"Retry-After": "1"}),
        Answer(b"", 502),
        Answer(reset=True),
        Answer(CSV, cut=0),
    ],
    ids=["late", "too fast", "502", "reset", "cut"],
)
def test_a_download_that_does_not_begin_is_asked_for_again(
    stripe: ScriptedStripe, lake: Lake, first: Answer
) -> None:
    stripe.has(first, Answer(CSV))
    assert _land(stripe, lake).table.rows == 1
    assert _ranges(stripe) == [None, None]
    assert len(stripe.server.asked_for("POST", RUNS)) == 1, "the run is not made again"


@pytest.mark.parametrize(
    ("contents", "requests"),
    [
        (Answer(CSV[:40]), 8),
        (ServedFile(CSV[:40]), 8),
        (Answer(CSV + b"x"), 8),
        (Answer(CSV, cut=0), 8),
        (Answer(status=500), 8),
        (Answer(reset=True), 8),
    ],
    ids=["short", "short, with ranges", "long", "nothing", "500", "reset"],
)
def test_what_never_comes_as_stripe_says_never_lands(
    stripe: ScriptedStripe, lake: Lake, contents: Answer, requests: int
) -> None:
    stripe.has(contents)
    with pytest.raises(DownloadError, match=rf"^balance\.summary\.1 {_DAY} \(report run frr_1\): ") as failed:
        _land(stripe, lake)
    assert str(len(CSV)) in str(failed.value)
    assert "\n" not in str(failed.value)
    assert len(stripe.server.asked_for("GET", CONTENTS)) == requests, "bounded attempts"
    assert _tables(lake) == []
