"""What Stripe wrote is what a reader gets: the same number, text, instant, null. Never nearly."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stripe_reports.errors import CsvError
from stripe_reports.lake import Lake
from stripe_reports_tests.lake.support import (
    DAY,
    TABLE,
    column_of,
    converted,
    in_chunks,
    land,
    stripe_csv,
    table_of,
)


def _amount(sign: str, digits: str, decimals: str) -> str:
    return f"{sign}{digits}.{decimals}" if decimals else f"{sign}{digits}"


_AMOUNTS = st.builds(
    _amount,
    st.sampled_from(["", "-"]),
    st.text("0123456789", min_size=1, max_size=20),
    st.text("0123456789", max_size=18),
)
_TEXTS = st.text(max_size=30)
# Each example starts three threads: quick, but not always on a busy machine.
unhurried = settings(deadline=None)


def _naive(text: str) -> datetime:
    return datetime.fromisoformat(text)


@unhurried
@given(st.lists(st.none() | _AMOUNTS, min_size=1, max_size=30), st.integers(1, 200))
@example(["99999999999999999999.999999999999999999", "-99999999999999999999.999999999999999999"], 8)
@example(["20.000000000000000000", "0.005991", "0.000000000000000001", "-0.00", "00.10"], 8)
def test_an_amount_is_the_decimal_that_its_text_says_for_every_reader(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str | None], block_bytes: int
) -> None:
    file = tmp_path_factory.getbasetemp() / "amounts.parquet"
    csv = stripe_csv(["description", "gross"], (("x", text) for text in texts))
    table, _, parquet = converted(csv, block_bytes=block_bytes)
    with localcontext(prec=100):
        said = [None if text is None else Decimal(text) for text in texts]
        assert table.column("gross").to_pylist() == said
        in_pandas = table.to_pandas(types_mapper=pd.ArrowDtype)["gross"]
        assert [None if value is pd.NA else value for value in in_pandas] == said
        file.write_bytes(parquet)
        assert duckdb.sql(f"SELECT gross FROM '{file}'").fetchall() == [(value,) for value in said]


@pytest.mark.parametrize(
    "text",
    [" ", " 1.00", "1.00 ", "+1.00", "1,000.00", "1e5", "1E-2", "NaN", "inf", "-", ".", ".5", "5.",
     "0x10", "1_000", "١", "--1", "1.2.3", "1.00\n", "\t1",
     "100000000000000000000", "12345678901234567890123456789012345678",  # 21 and 38 digits before the point
     "0.0000000000000000001", "1.0000000000000000000"],  # 19 after it
)  # fmt: skip
def test_what_is_not_plainly_a_number_that_fits_is_no_amount(text: str) -> None:
    with pytest.raises(CsvError, match=r"line 3, column 'gross'.*is not a decimal number"):
        column_of("gross", ["1.00", text])


@unhurried
@given(st.lists(st.tuples(st.none() | _TEXTS, _TEXTS), max_size=20), st.integers(1, 300), st.integers(1, 300))
@example([("\x00", '"'), (None, ""), ("\r\n", "\r"), ("\ufeff", "😀,\n\n\"'\\"), (",", "\u2028")], 16, 5)
def test_text_comes_back_as_it_was_null_and_empty_apart(
    rows: list[tuple[str | None, str]], block_bytes: int, chunk: int
) -> None:
    csv = stripe_csv(["description", "customer_name"], rows)
    table, _, _ = converted(in_chunks(csv, chunk), block_bytes=block_bytes)
    assert list(zip(*table.to_pydict().values(), strict=True)) == rows


def test_text_may_come_from_every_plane_of_unicode() -> None:
    planes = [chr(plane << 16 | 0x41) for plane in range(17)]
    assert column_of("customer_name", planes, block_bytes=64) == planes


@unhurried
@given(st.lists(st.none() | _TEXTS, max_size=20), st.integers(1, 50))
@example([None, None, "", None], 8)
def test_a_null_in_a_csv_of_one_column_is_an_empty_line_and_stays_a_row(
    texts: list[str | None], block_bytes: int
) -> None:
    csv = stripe_csv(["description"], ([text] for text in texts))
    assert table_of(csv, block_bytes=block_bytes).column("description").to_pylist() == texts


@pytest.mark.slow
def test_a_field_of_20_megabytes_passes() -> None:
    long = 'line, "quoted"\n' * (20 * 1024 * 1024 // 15)
    assert column_of("description_long", ["short", long, "short"]) == ["short", long, "short"]


@unhurried
@given(st.datetimes(_naive("1970-01-01"), _naive("2100-01-01")))
def test_a_timestamp_is_the_instant_that_its_text_says(instant: datetime) -> None:
    text = instant.isoformat(sep=" ")  # with microseconds where there are some
    assert column_of("created", [text, None]) == [instant, None]
    assert column_of("created_utc", [text, None]) == [instant.replace(tzinfo=UTC), None]


def test_a_timestamp_may_lack_its_seconds_or_its_time_of_day() -> None:
    texts = ["2025-09-01", "2025-09-01 13:05", "2025-09-01T13:05:06"]
    assert column_of("created", texts) == [
        _naive("2025-09-01 00:00:00"),
        _naive("2025-09-01 13:05:00"),
        _naive("2025-09-01 13:05:06"),
    ]


@pytest.mark.parametrize(
    "text",
    ["0000-01-01", "2025-09-01 00:00:00Z", "2025-09-01 00:00:00+02:00", "2025-09-01 00:00:00.1234567",
     "2025-02-29 00:00:00", "2025-09-01 24:00:00", "01/09/2025", " 2025-09-01", "2025-09-01 ", "1756684800"],
)  # fmt: skip
@pytest.mark.parametrize("column", ["created", "created_utc", "booked_date"])
def test_what_is_not_plainly_an_instant_is_no_timestamp_and_no_date(column: str, text: str) -> None:
    with pytest.raises(CsvError, match=f"line 3, column '{column}'"):
        column_of(column, ["2025-09-01", text])


def test_a_date_may_carry_midnight_and_nothing_else() -> None:
    assert column_of("booked_date", ["2025-09-01", "2025-09-02 00:00:00", None]) == [
        date(2025, 9, 1),
        date(2025, 9, 2),
        None,
    ]
    with pytest.raises(CsvError, match=r"line 2, column 'booked_date': '2025-09-01 00:00:01' is not a date"):
        column_of("booked_date", ["2025-09-01 00:00:01"])


def test_a_boolean_is_true_or_false_in_lower_case() -> None:
    assert column_of("card_present", ["true", "false", None]) == [True, False, None]
    for text in ("True", "FALSE", "1", "0", "t", " true"):
        with pytest.raises(CsvError, match="is not true or false"):
            column_of("card_present", ["true", text])


@unhurried
@given(st.integers(-(2**63), 2**63 - 1))
def test_an_integer_may_have_64_bits(number: int) -> None:
    assert column_of("count", [str(number)]) == [number]


@pytest.mark.parametrize("text", ["1.0", "+1", " 1", "0x10", "1e3", str(2**63), str(-(2**63) - 1)])
def test_what_is_not_plainly_an_integer_is_none(text: str) -> None:
    with pytest.raises(CsvError, match=r"line 2, column 'count'.*64-bit integer"):
        column_of("count", [text])


def test_duckdb_pandas_and_pyarrow_read_the_same_row_from_a_landed_file(lake: Lake) -> None:
    header = ["description", "gross", "created_utc", "created", "booked_date", "count", "card_present"]
    row = ["Größe, \"x\"\n", "-1234567890.000000000000000001", "2025-09-01 23:59:59", "2025-09-02 01:59:59",
           "2025-09-01 00:00:00", "7", "true"]  # fmt: skip
    landed = land(lake, stripe_csv(header, [row, [None] * len(header)]))
    said = ["Größe, \"x\"\n", Decimal("-1234567890.000000000000000001"),
            datetime(2025, 9, 1, 23, 59, 59, tzinfo=UTC), _naive("2025-09-02 01:59:59"),
            date(2025, 9, 1), 7, True]  # fmt: skip
    by_arrow = lake.read_table(TABLE, columns=header).to_pylist()
    assert [list(line.values()) for line in by_arrow] == [said, [None] * len(header)]
    by_pandas = lake.read_pandas(TABLE, columns=header)
    assert all(dtype.__class__.__name__ == "ArrowDtype" for dtype in by_pandas.dtypes)
    assert by_pandas.iloc[0].tolist() == said
    assert by_pandas.iloc[1].isna().all()
    query = f"SELECT * EXCLUDE (created_utc, date), epoch(created_utc), typeof(gross) FROM '{landed.uri}'"
    by_duckdb = duckdb.connect().sql(query).fetchall()
    instant = datetime(2025, 9, 1, 23, 59, 59, tzinfo=UTC).timestamp()
    assert by_duckdb[0] == (*said[:2], *said[3:], instant, "DECIMAL(38,18)")
    assert set(by_duckdb[1][:-1]) == {None}


def test_sums_are_exact_for_every_reader(lake: Lake) -> None:
    amounts = [f"{n}.{n:02d}" for n in range(100)] + ["0.000000000000000001"] * 3
    land(lake, stripe_csv(["description", "gross"], [("x", text) for text in amounts]))
    total = sum(map(Decimal, amounts))
    assert lake.read_pandas(TABLE).gross.sum() == total
    assert duckdb.sql(f"SELECT sum(gross) FROM '{lake.uri(TABLE, DAY)}'").fetchall() == [(total,)]


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.data())
def test_rows_stay_in_the_order_of_the_file(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 300))
    rows = [(str(number), "a\nb" * data.draw(st.integers(0, 3))) for number in range(count)]
    csv = stripe_csv(["count", "description"], rows)
    assert table_of(csv, block_bytes=64).column("count").to_pylist() == list(range(count))


def test_types_follow_the_names_of_the_columns(tmp_path: Path) -> None:
    names = ["gross", "created", "created_utc", "booked_date", "count", "card_present", "never_seen"]
    schema = table_of(stripe_csv(names, [])).schema
    assert schema.types == [
        pa.decimal128(38, 18),
        pa.timestamp("us"),
        pa.timestamp("us", "UTC"),
        pa.date32(),
        pa.int64(),
        pa.bool_(),
        pa.string(),
    ]
