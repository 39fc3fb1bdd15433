"""What the lake relies on, or guards against, in pyarrow and obstore: an upgrade fails here, by name."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import obstore
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore
from pyarrow import csv as arrow_csv

_DECIMAL = pa.decimal128(38, 18)


def _read(data: bytes, *names: str, type_: pa.DataType | None = None, **parse_options: Any) -> pa.Table:
    return arrow_csv.read_csv(
        pa.BufferReader(data),
        read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names),
        parse_options=arrow_csv.ParseOptions(
            newlines_in_values=True, ignore_empty_lines=False, **parse_options
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, type_ or pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def test_pyarrow_tells_a_bare_nothing_from_an_empty_text() -> None:
    assert _read(b'"",\n', "a", "b").to_pylist() == [{"a": "", "b": None}]


def test_pyarrow_reads_an_empty_line_as_a_row_of_nulls() -> None:
    assert _read(b"\n", "a").to_pylist() == [{"a": None}]
    assert _read(b"\n", "a", "b").to_pylist() == [{"a": None, "b": None}]


def test_pyarrow_accepts_a_field_that_does_not_end() -> None:
    assert _read(b'"x","never ends\n', "a", "b").to_pylist() == [{"a": "x", "b": "never ends\n"}]


def test_pyarrow_drops_a_quote_in_the_middle_of_a_field() -> None:
    assert _read(b'"a"b\n', "a").to_pylist() == [{"a": "ab"}]


def test_pyarrow_ends_a_row_at_a_bare_carriage_return() -> None:
    assert _read(b"a\rb\n", "a").num_rows == 2


def test_pyarrow_drops_a_byte_order_mark_at_the_start_of_what_it_is_given() -> None:
    assert _read("\ufeffa\n\ufeffb\n".encode(), "a").column("a").to_pylist() == ["a", "\ufeffb"]


def test_pyarrow_trims_numbers_in_csv_but_not_in_a_cast() -> None:
    assert _read(b'" 1"\n', "a", type_=_DECIMAL).column("a").to_pylist() == [Decimal(1)]
    with pytest.raises(pa.ArrowInvalid):
        pa.array([" 1"]).cast(_DECIMAL)


def test_pyarrow_refuses_text_that_is_not_utf8() -> None:
    with pytest.raises(pa.ArrowInvalid, match="invalid UTF8"):
        _read(b'"\xff"\n', "a")
    with pytest.raises(pa.ArrowInvalid, match="UTF8"):
        pa.array([b"\xff"]).cast(pa.string())


def test_pyarrow_names_the_row_with_the_wrong_number_of_fields() -> None:
    seen = []

    def skip(row: Any) -> str:
        seen.append((row.number, row.expected_columns, row.actual_columns))
        return "skip"

    table = _read(b'"1","2"\n"line\nline"\n"3","4"\n', "a", "b", invalid_row_handler=skip)
    assert (seen, table.num_rows) == ([(2, 2, 1)], 2)


def test_pyarrow_silently_garbles_a_decimal_of_too_many_digits() -> None:
    # Why the lake looks at the text first. Once this fails, pyarrow has learned to refuse.
    garbled = pa.array(["12345678901234567890123456789012345678"]).cast(_DECIMAL)[0].as_py()
    assert garbled == Decimal("99881319256748086134.008227939051110400")


def test_pyarrow_refuses_digits_beyond_the_scale() -> None:
    with pytest.raises(pa.ArrowInvalid, match="data loss"):
        pa.array(["0.0000000000000000001"]).cast(_DECIMAL)


@pytest.mark.parametrize("text", ["NaN", "inf", "", "-", "1_0", "١", "1.2.3"])
def test_pyarrow_refuses_what_is_no_decimal(text: str) -> None:
    with pytest.raises(pa.ArrowInvalid):
        pa.array([text]).cast(_DECIMAL)


def test_pyarrow_reads_exponents_and_hexadecimal_integers() -> None:
    # Two more reasons to look at the text first.
    assert pa.array(["1e5"]).cast(_DECIMAL)[0].as_py() == 100000
    assert pa.array(["0x10"]).cast(pa.int64())[0].as_py() == 16


def test_the_dollar_of_arrows_regular_expressions_is_the_end_of_the_text() -> None:
    assert pc.match_substring_regex(pa.array(["1\n", "1"]), r"^[0-9]$").to_pylist() == [False, True]


@pytest.mark.parametrize(
    "text",
    ["2025-09-01 00:00:00Z", "2025-09-01 00:00:00+02:00", "2025-09-01 00:00:00.1234567", " 2025-09-01",
     "2025-09-01 ", "2025-02-29", "2025-09-01 24:00:00", "2025-9-1", ""],
)  # fmt: skip
def test_pyarrow_refuses_timestamps_with_an_offset_or_beyond_microseconds(text: str) -> None:
    with pytest.raises(pa.ArrowInvalid):
        pa.array([text]).cast(pa.timestamp("us"))


def test_pyarrow_drops_the_time_of_day_when_a_timestamp_becomes_a_date() -> None:
    instant = pa.array(["2025-09-01 23:59:00"]).cast(pa.timestamp("us"))
    assert str(instant.cast(pa.date32())[0]) == "2025-09-01"


def test_obstore_leaves_nothing_behind_when_an_exception_ends_a_write(tmp_path: Path) -> None:
    def write_and_fail() -> None:
        with obstore.open_writer(LocalStore(tmp_path), "a", buffer_size=1024, max_concurrency=1) as file:
            for _ in range(100):
                file.write(b"x" * 1024)
            assert [path.name for path in tmp_path.iterdir()] == ["a#1"]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_fail()
    assert list(tmp_path.iterdir()) == []


def test_obstore_does_not_list_files_that_are_being_written(tmp_path: Path) -> None:
    (tmp_path / "a#1").touch()
    (tmp_path / "b").touch()
    assert [entry["path"] for page in obstore.list(LocalStore(tmp_path)) for entry in page] == ["b"]


def test_obstore_creates_only_what_is_not_there(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    obstore.put(store, "a", b"first", mode="create")
    with pytest.raises(AlreadyExistsError):
        obstore.put(store, "a", b"second", mode="create")
    assert (tmp_path / "a").read_bytes() == b"first"
    with pytest.raises(FileNotFoundError):
        obstore.get(store, "b")
