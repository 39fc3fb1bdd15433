"""What lands is exactly what the second reader takes, and all else is one plain error."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stripe_reports.catalog import column_type
from stripe_reports.errors import CsvError, StripeReportsError
from stripe_reports.lake import Csv, DayColumn, ExpectedColumns, Lake
from stripe_reports.lake.proving import comparison
from stripe_reports.lake.proving.csv_reader import read_csv
from stripe_reports_tests.lake.support import DAY, ITEMIZED, TABLE, in_chunks, land

_DAYS = [date(2025, 9, 1), date(2025, 9, 2)]
_NAMES = ["description", "gross", "created", "created_utc", "booked_date", "count", "card_present",
          "payment_metadata[k]", 'a"b', "é\x00", "n\nl"]  # fmt: skip
_TEXTS = [
    *("", "", "5", "-0.10", "1e5", "x", "é", "\ufeff", "\x00", '"', ",", "\n", "\r", "\r\n", "true", "false"),
    *("2025-09-01", "2025-09-01 10:00:00", "2025-09-01T10:00", "2025-09-02 10", "2025-09-01 10:00:60"),
    *("0000-01-01", "0001-01-01", "9999-12-31 23:59:59", "9223372036854775808", "1" * 21),
]
_DAMAGE = [
    b"",
    b"\xff",
    b"\x00",
    b'"',
    b'""',
    b",",
    b"\n",
    b"\r",
    b"\xc3",
    b"\xef\xbb\xbf",
    b'""5',
    b'5"',
    b'"\n"',
]


@st.composite
def csvs(draw: st.DrawFn) -> bytes:
    """Nearly a CSV: names of every type, bare and quoted values, and often something wrong in one place."""
    names = draw(
        st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4, unique=draw(st.integers(0, 9)) > 0)
    )
    width = st.just(len(names)) if draw(st.integers(0, 4)) else st.integers(0, 5)
    text = st.sampled_from(_TEXTS if draw(st.booleans()) else _TEXTS[:4])
    rows = [names, *(draw(st.lists(text, min_size=n, max_size=n)) for n in draw(st.lists(width, max_size=4)))]
    fields = [[_field(text, bare=draw(st.booleans())) for text in row] for row in rows]
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    csv = (end.join(",".join(row) for row in fields) + draw(st.sampled_from([end, "", end + end]))).encode()
    if draw(st.booleans()):
        return csv
    place = draw(st.integers(0, len(csv)))
    return csv[:place] + draw(st.sampled_from(_DAMAGE)) + csv[place + draw(st.integers(0, 1)) :]


def _field(text: str, *, bare: bool) -> str:
    return text if bare and not set('",\r\n') & set(text) else '"' + text.replace('"', '""') + '"'


def _error(landing: Callable[[], object]) -> StripeReportsError | None:
    """The one kind of exception that a landing may raise."""
    try:
        landing()
    except StripeReportsError as error:
        return error
    return None


def _the_second_reader_takes(csv: bytes) -> bool:
    try:
        names, blocks = read_csv([csv])
        rows = list(blocks)
    except CsvError:
        return False
    if not all(names) or len(set(names)) < len(names):
        return False
    return all(
        comparison._UNFIT not in map(comparison._Known(read).__getitem__, block.column(number))
        for number, name in enumerate(names)
        if (read := comparison._READINGS[comparison._TYPES[column_type(str(name))]][0])
        for block in rows
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake.open(str(tmp_path_factory.mktemp("lake")))


@example(b's,e\n5"\n",\n', 1 << 20)
@example(b'gross,e\n""5,x\n', 1 << 20)
@example(b'de"s"c,e\n5,x\n', 1 << 20)
@example(b"created,e\n0000-01-01,x\n", 1 << 20)
@example(b'count\n""\n', 1 << 20)
@example(b"gross\n\n\n1", 1)
@example(b"\xef\xbb\xbfdescription\n\xef\xbb\xbf\n", 1)
@example(b'description\n"\xff","x"\n', 1)
@settings(deadline=None, max_examples=200)
@given(csvs(), st.sampled_from([1, 7, 1 << 20]))
def test_a_csv_lands_if_and_only_if_the_second_reader_takes_it_and_then_it_is_proven(
    kept: Lake, csv: bytes, chunk: int
) -> None:
    error = _error(lambda: land(kept, in_chunks(csv, chunk)))
    assert (error is None) is _the_second_reader_takes(csv), error
    if error is None:
        assert [day.error for day in kept.verify(TABLE, [DAY])] == [None]
    else:
        assert isinstance(error, CsvError)
        assert str(error).startswith(ITEMIZED.id)
        assert "\n" not in str(error)


@settings(deadline=None, max_examples=100)
@given(
    csvs(),
    st.sampled_from(["created", "created_utc", "booked_date", "description"]),
    st.sampled_from(["UTC", "America/New_York", "Asia/Tokyo"]),
    st.sets(st.sampled_from(_NAMES), max_size=3),
    st.booleans(),
)
def test_days_land_and_are_proven_or_there_is_one_error_of_ours(
    kept: Lake, csv: bytes, column: str, timezone: str, expected: set[str], optional: bool
) -> None:
    names = ExpectedColumns(sorted(expected), frozenset(expected if optional else ()))
    day_column = DayColumn(column, timezone)
    error = _error(
        lambda: kept.land_days(ITEMIZED, _DAYS, Csv([csv]), day_column=day_column, expected=names, facts={})
    )
    if error is None:
        assert [day.error for day in kept.verify(TABLE, _DAYS)] == [None, None]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(csvs(), max_size=3), st.sampled_from(["payout_id", "created", "gross"]), st.sampled_from(_TEXTS)
)
def test_several_csvs_with_a_constant_land_or_there_is_one_error_of_ours(
    kept: Lake, each: list[bytes], constant: str, text: str
) -> None:
    expected = ExpectedColumns(constant=[constant])
    sources = [Csv([csv], None, {constant: text}) for csv in each]
    error = _error(lambda: kept.land(ITEMIZED, DAY, sources, expected=expected, facts={}))
    assert error is None or "\n" not in str(error)
