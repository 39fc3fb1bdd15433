"""A CSV that is damaged or does not fit lands nothing, and one line says where to look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_reports.errors import CsvError, DownloadError
from stripe_reports.lake import Lake
from stripe_reports_tests.lake.support import DAY, TABLE, column_of, in_chunks, land, stripe_csv, table_of


def _refused(csv: bytes, **options: Any) -> str:
    with pytest.raises(CsvError) as caught:
        table_of(csv, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith("nothing was landed")
    return message


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.text("a\n,\"", max_size=12), st.none() | st.just("1.50")), max_size=30),
    st.integers(0, 30),
    st.integers(1, 100),
)  # fmt: skip
def test_a_value_that_does_not_fit_is_found_by_the_line_on_which_it_starts(
    rows: list[tuple[str, str | None]], place: int, block_bytes: int
) -> None:
    place = min(place, len(rows))
    csv = stripe_csv(["description", "gross"], [*rows[:place], ("a\nb", "wrong"), *rows[place:]])
    line = csv[: csv.index(b'"wrong"')].count(b"\n") + 1
    message = _refused(csv, block_bytes=block_bytes)
    assert message.startswith(f"line {line}, column 'gross': 'wrong' is not a decimal number")


def test_the_first_value_that_does_not_fit_is_named_not_the_first_column() -> None:
    csv = stripe_csv(["gross", "fee"], [("1", "1"), ("1", "a"), ("b", "1")])
    assert _refused(csv).startswith("line 3, column 'fee': 'a'")
    csv = stripe_csv(["fee", "gross"], [("a", "b")])
    assert _refused(csv).startswith("line 2, column 'fee': 'a'")


def test_a_long_value_is_shortened_in_the_message() -> None:
    message = _refused(stripe_csv(["gross", "fee"], [("9" * 5000, "1")]))
    assert "9999… (5000 bytes) is not" in message
    assert len(message) < 300


def test_the_message_says_which_report_and_day(lake: Lake) -> None:
    with pytest.raises(
        CsvError, match=r"^balance_change_from_activity\.itemized\.3 2025-09-01: line 2, column"
    ):
        land(lake, stripe_csv(["gross", "fee"], [("x", "1")]))
    assert lake.tables() == []


@pytest.mark.parametrize("block_bytes", [8, 1 << 20])
@pytest.mark.parametrize(
    ("row", "fields"), [(b'"c"\n', "1 field "), (b'"c","1","2"\n', "3 fields "), (b'"c",,\n', "3 fields ")]
)
def test_a_row_with_too_few_or_too_many_fields_is_named_by_its_line(
    row: bytes, fields: str, block_bytes: int
) -> None:
    csv = stripe_csv(["description", "gross"], [("a\nb", "1"), ("c", None)]) + row + b'"d","2"\n'
    message = _refused(csv, block_bytes=block_bytes)
    assert message.startswith(f"the row on line 5 has {fields}where the header has 2")


def test_of_a_short_row_and_an_earlier_misfit_the_earlier_is_named() -> None:
    assert _refused(b'description,gross\n"a","x"\n"b"\n').startswith("line 2, column 'gross'")
    assert _refused(b'description,gross\n"b"\n"a","x"\n').startswith("the row on line 2 has 1 field ")


@pytest.mark.parametrize("block_bytes", [4, 1 << 20])
@pytest.mark.parametrize("empty", [b"\n", b"\r\n"])
@pytest.mark.parametrize("rest", [b"", b'"b","2"\n'])
def test_an_empty_line_is_no_row_of_nulls(empty: bytes, rest: bytes, block_bytes: int) -> None:
    csv = b'description,gross\n"a\n\na","1"\n,\n' + empty + rest
    assert _refused(csv, block_bytes=block_bytes).startswith("line 6 is empty")


def test_a_row_of_nulls_is_one() -> None:
    assert table_of(b'description,gross\n,\n"a\n\n",\n,\n').num_rows == 3


@pytest.mark.parametrize("block_bytes", [4, 1 << 20])
def test_text_that_is_not_utf8_is_refused(block_bytes: int) -> None:
    csv = b'description,gross\n"fine","1"\n"caf\xe9","1"\n'
    message = _refused(csv, block_bytes=block_bytes)
    assert message.startswith(r"line 3, column 'description': b'caf\xe9' is not text in UTF-8")
    assert "line 1" in _refused(b'descripti\xf6n\n"x"\n')


@pytest.mark.parametrize("size", [None, 4])
@pytest.mark.parametrize("block_bytes", [4, 1 << 20])
def test_a_file_that_ends_inside_quotes_is_refused(block_bytes: int, size: int | None) -> None:
    csv = b'description,gross\n"a","1"\n"b","2'
    size = size and len(csv)
    assert "ends inside a quoted field" in _refused(csv, block_bytes=block_bytes, size=size)


@pytest.mark.parametrize(
    "row",
    [b'""5,"1"\n', b'5"",""\n', b'"a","1"""5\n',
     b'"a"b,"1"\n', b'a"b,"1"\n', b'"a" ,"1"\n', b' "a","1"\n', b'"a""b"c,"1"\n', b'"a","1"2\n'],
)  # fmt: skip
def test_a_quote_that_neither_frames_a_field_nor_is_doubled_is_refused(row: bytes) -> None:
    message = _refused(b'description,gross\n"x\ny","1"\n' + row + b'"z""z","1"\n"a""b","1"\n')
    assert message.startswith("line 4: a quote neither frames a field nor is doubled inside one;")


@pytest.mark.parametrize("block_bytes", [1, 5, 20, 50, 1000, 1 << 20])
@pytest.mark.parametrize(
    "csv",
    [
        # A bare field that ends with a quote makes every later field look like its outside, and back.
        b"description,gross\n" + b'ab","1"\n"c\nd","2"\ne","3"\n' * 20,
        b"description\n" + b'ab"\n"c\nd"\ne"\n' * 5,
        b'description,gross\n5"\n",\n',
        b'description,gross\n""5,\n',
        b'description,gross\n"",""5""\n',
        b'description,gross\n5"\n',
    ],
)
def test_quotes_that_mislead_the_search_for_row_ends_are_refused_where_they_begin(
    csv: bytes, block_bytes: int
) -> None:
    assert _refused(csv, block_bytes=block_bytes).startswith("line 2: a quote neither frames a field")


def test_a_row_that_ends_with_a_bare_carriage_return_is_refused() -> None:
    assert _refused(b"description,gross\na,1\rb,2\n").startswith("line 2: a carriage return")
    assert _refused(b'description,gross\na,"1"\r"b",2\n').startswith("line 2: a carriage return")


@pytest.mark.parametrize("header", [b'de"s"c', b'"a"b', b' "a"', b'""5', b"a\rb", b'"a"\r', b'x,"a\r\n"b'])
def test_a_name_in_the_header_has_its_quotes_where_a_value_has_them(header: bytes) -> None:
    assert re.match(r"the header on line \d is damaged", _refused(header + b",gross\n1,2\n"))


def test_a_header_may_be_quoted_and_hold_what_a_value_may() -> None:
    names = ['a"b', "a,b", "a\r\nb", "\x00", "é"]
    assert table_of(stripe_csv(names, [list("12345")])).column_names == names


def test_a_header_of_more_columns_than_any_report_has_is_refused() -> None:
    header = ",".join(f"c{number}" for number in range(10_001)).encode()
    assert "more than 10000 columns" in _refused(header + b"\n")


def test_a_row_of_too_few_fields_that_is_not_utf8_is_named_without_a_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    message = _refused(b'description,gross\n"caf\xe9","1","2"\n')
    assert message.startswith("line 2 is not text in UTF-8")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("block_bytes", [4, 1 << 20])
def test_lines_may_end_with_carriage_return_and_newline(block_bytes: int) -> None:
    csv = stripe_csv(["description", "gross"], [("a\r\nb", "1.5"), (None, None)])
    windows = csv.replace(b'"\n', b'"\r\n').replace(b",\n", b",\r\n")
    assert windows.count(b"\r\n") == 4
    assert table_of(windows, block_bytes=block_bytes).equals(table_of(csv))


def test_a_byte_order_mark_before_the_header_is_tolerated_and_in_a_value_it_is_text() -> None:
    assert table_of(b'\xef\xbb\xbfdescription,gross\n"x","1"\n').column_names == ["description", "gross"]
    bare = "description,gross\n\ufeffa,1\n\ufeffb,2\n".encode()
    for block_bytes in (4, 1 << 20):
        assert table_of(bare, block_bytes=block_bytes)["description"].to_pylist() == ["\ufeffa", "\ufeffb"]


def test_zero_bytes_are_no_empty_table() -> None:
    assert "empty, without even a header" in _refused(b"")
    assert "empty, without even a header" in _refused(b"", size=0)


@pytest.mark.parametrize("csv", [b'"gross","created_utc"\n', b"gross,created_utc"])
def test_a_header_without_rows_is_an_empty_typed_table(csv: bytes) -> None:
    table = table_of(csv)
    assert table.num_rows == 0
    assert [str(type_) for type_ in table.schema.types] == ["decimal128(38, 18)", "timestamp[us, tz=UTC]"]


@pytest.mark.parametrize("csv", [b"\n", b"\n1,2\n", b"\r\n"])
def test_an_empty_first_line_is_no_header(csv: bytes) -> None:
    assert "line 1 is not a header" in _refused(csv)


def test_the_newline_of_the_last_row_may_be_missing() -> None:
    assert column_of("gross", ["1"]) == table_of(b"description,gross\nx,1")["gross"].to_pylist()


def test_two_columns_of_one_name_are_refused() -> None:
    assert "more than once: 'gross'" in _refused(b"gross,fee,gross\n")
    assert "no name for column 2" in _refused(b"gross,\n")


def test_missing_columns_are_named() -> None:
    message = _refused(b"gross,fee\n", expected=["net", "gross", "currency"])
    assert "lacks these columns: 'net', 'currency'" in message


def test_a_row_that_never_ends_is_given_up_in_bounded_memory() -> None:
    given_out = 0

    def endless() -> Iterator[bytes]:
        nonlocal given_out
        yield b'description,gross\n"'
        while True:
            given_out += 1
            yield b"x" * 1000

    message = _refused(endless(), block_bytes=4000, row_limit_bytes=20_000)  # type: ignore[arg-type]
    assert "the row on line 2 does not end within 20000 bytes" in message
    assert given_out < 50


@pytest.mark.parametrize("cut", [1, 10, 30, 31, 35])
@pytest.mark.parametrize("block_bytes", [4, 1 << 20])
def test_a_truncated_download_is_that_and_no_csv_error(lake: Lake, cut: int, block_bytes: int) -> None:
    csv = stripe_csv(["description", "gross"], [("a", "1"), ("b", "2")])
    with pytest.raises(DownloadError, match=f"truncated: {len(csv) - cut} of {len(csv)} bytes"):
        table_of(csv[:-cut], size=len(csv), block_bytes=block_bytes)
    with pytest.raises(DownloadError, match=r"3 2025-09-01: the download is truncated: 0 of 5 bytes"):
        land(lake, b"", size=5)


def test_more_bytes_than_there_should_be_are_a_download_error_too() -> None:
    csv = stripe_csv(["description", "gross"], [("a", "1")] * 10)
    with pytest.raises(DownloadError, match=r"should have 20 bytes, but at least \d+ arrived"):
        table_of(in_chunks(csv, 7), size=20)  # type: ignore[arg-type]


def test_the_right_number_of_bytes_is_landed(lake: Lake) -> None:
    csv = stripe_csv(["description", "gross"], [("a", "1")])
    assert land(lake, csv, size=len(csv)).csv_bytes == len(csv)
    assert lake.days(TABLE) == [DAY]
