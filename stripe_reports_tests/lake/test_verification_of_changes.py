"""A table or a CSV that was changed after landing is found, and the first difference is named."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stripe_reports.errors import CsvNotKeptError, LakeError, StripeReportsError
from stripe_reports.lake import Lake
from stripe_reports_tests.lake.support import DAY, TABLE, land, stripe_csv
from stripe_reports_tests.lake.tampering import (
    CSV,
    HEADER,
    LINES,
    ROW,
    ROWS,
    kept,
    proven,
    refuted,
    replace_kept,
    rewrite,
    verify,
    with_value,
)

_naive = datetime.fromisoformat
_D = str(DAY)


@pytest.fixture
def landed(lake: Lake) -> Lake:
    land(lake, CSV)
    return lake


# The table was changed


@pytest.mark.parametrize(
    ("column", "row", "value", "said", "has"),
    [
        ("gross", 0, Decimal("-0.11"), "'-0.10'", "-0.11"),
        ("gross", 2, Decimal("2.500000000000000001"), "'2.5'", "2.500000000000000001"),
        ("gross", 0, None, "'-0.10'", "null"),
        ("gross", 1, Decimal(0), "null", "0"),
        ("description", 1, "", "null", "''"),
        ("description", 2, None, "''", "null"),
        ("description", 0, "Größe", r"'Größe\n'", "'Größe'"),
        ("payment_metadata_order_id", 0, None, "''", "null"),
        ("payment_metadata_order_id", 2, "y", "'x'", "'y'"),
        ("created_utc", 0, _naive(f"{_D}T23:59:59.000001Z"), f"'{_D} 23:59:59'", f"{_D} 23:59:59.000001Z"),
        ("created_utc", 2, _naive(f"{_D}T13:05:01Z"), f"'{_D} 13:05'", f"{_D} 13:05:01.000000Z"),
        ("created", 2, _naive(f"{_D}T13:05:06"), f"'{_D}T13:05:06.000001'", f"{_D} 13:05:06.000000"),
        ("created", 0, _naive(f"{_D}T23:00"), "'2025-09-02'", f"{_D} 23:00:00.000000"),
        ("booked_date", 2, date(2025, 9, 2), "'2025-09-01 00:00:00'", "2025-09-02"),
        ("count", 0, 8, "'7'", "8"),
        ("card_present", 3, False, "'true'", "false"),
        ("card_present", 1, True, "null", "true"),
    ],
)
def test_one_value_that_was_changed_is_named(
    landed: Lake, column: str, row: int, value: Any, said: str, has: str
) -> None:
    rewrite(landed, with_value(column, row, value))
    header = column.replace("_order_id", "[order_id]")
    line = LINES[row] + (row in (0, 3) and column != "description")  # behind the newline in the first field
    assert refuted(landed) == (
        f"line {line}, column '{header}': the CSV says {said} and the table {has}; materialize that day again"
    )


def test_the_first_difference_is_named_not_the_first_column(landed: Lake) -> None:
    rewrite(landed, with_value("description", 3, "later"))
    rewrite(landed, with_value("count", 0, 8))
    rewrite(landed, with_value("card_present", 0, None))
    assert refuted(landed).startswith("line 3, column 'count'")


@pytest.mark.parametrize("rows_said", [4, None], ids=["footer kept", "footer changed too"])
@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ((0, 1, 2), "line 6 of the CSV, and what follows, is not in the table"),
        ((1, 2, 3), "line 2, column 'description': the CSV says 'Größe\\n' and the table null"),
        ((), "line 2 of the CSV, and what follows, is not in the table"),
        ((0, 1, 2, 3, 3), "the table has 1 more row than the CSV"),
        ((0, 1, 2, 3, 0, 1), "the table has 2 more rows than the CSV"),
        ((0, 1, 1, 2, 3), "line 5, column 'description': the CSV says '' and the table null"),
        ((0, 2, 1, 3), "line 4, column 'description': the CSV says null and the table ''"),
    ],
)
def test_rows_too_few_too_many_or_in_another_order_are_named(
    landed: Lake, rows: Sequence[int], says: str, rows_said: int | None
) -> None:
    rewrite(
        landed, lambda table: table.take(pa.array(rows, pa.int64())), {"rows": str(rows_said or len(rows))}
    )
    if rows_said and len(rows) != 4:
        says = f"the footer says 4 rows, and there are {len(rows)}"
    assert refuted(landed).startswith(says)


def test_two_values_swapped_between_rows_are_found_though_sums_are_the_same(landed: Lake) -> None:
    rewrite(landed, with_value("gross", 0, Decimal("2.5")))
    rewrite(landed, with_value("gross", 2, Decimal("-0.10")))
    assert refuted(landed).startswith("line 3, column 'gross'")


@pytest.mark.parametrize(
    ("column", "type_", "should_be"),
    [
        ("gross", pa.decimal128(38, 17), "decimal128(38, 18)"),
        ("gross", pa.float64(), "decimal128(38, 18)"),
        ("created_utc", pa.timestamp("us"), "timestamp[us, tz=UTC]"),
        ("created_utc", pa.timestamp("us", "Europe/Berlin"), "timestamp[us, tz=UTC]"),
        ("created", pa.timestamp("ms"), "timestamp[us]"),
        ("booked_date", pa.string(), "date32[day]"),
        ("count", pa.int32(), "int64"),
        ("card_present", pa.string(), "bool"),
        ("description", pa.binary(), "string"),
    ],
)
def test_a_column_of_another_type_is_named(
    landed: Lake, column: str, type_: pa.DataType, should_be: str
) -> None:
    def change(table: pa.Table) -> pa.Table:
        number = table.column_names.index(column)
        values = table.column(number).cast(type_, safe=False)
        return table.set_column(number, table.field(number).with_type(type_), values)

    rewrite(landed, change)
    assert refuted(landed).startswith(f"column '{column}' is {type_} and should be {should_be};")


def test_a_column_too_few_or_too_many_is_named(landed: Lake) -> None:
    rewrite(landed, lambda table: table.append_column("extra", pa.array([None] * 3 + ["x"])))
    assert refuted(landed).startswith(
        "line 6, column 'extra': the CSV has no such column and the table has 'x'"
    )
    rewrite(landed, lambda table: table.drop_columns(["extra", "count"]))
    assert refuted(landed).startswith("line 1: the table has no column for 'count' of the CSV")


def test_a_column_under_another_name_than_its_own_is_named(landed: Lake) -> None:
    def swap(table: pa.Table) -> pa.Table:
        fields = [
            field.with_metadata({"stripe_column": "net"}) if field.name == "gross" else field
            for field in table.schema
        ]
        return table.cast(pa.schema(fields))

    rewrite(landed, swap)
    assert refuted(landed).startswith("column 'gross' cannot be 'net' of the CSV")


def test_a_name_with_brackets_in_its_middle_keeps_them(lake: Lake) -> None:
    land(lake, stripe_csv(["a[b]c", "m[k]"], [("1", "2")]))
    assert proven(lake).values == 2


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"csv_bytes": "1"}, f"the footer says 1 bytes of CSV, and there are {len(CSV)}"),
        ({"day": "2025-09-02"}, f"the footer says that this is {TABLE} 2025-09-02"),
        ({"report_type": "balance.summary.1"}, "the footer says that this is balance_summary_1 2025-09-01"),
        ({"csv_sha256": None, "rows": None}, "the footer does not say csv_sha256, rows"),
        ({"report_run_id": "frr_1,frr_2"}, "the footer names 2 report run(s) and 1 CSV(s)"),
    ],
)
def test_a_footer_that_is_wrong_is_named(landed: Lake, facts: dict[str, str | None], says: str) -> None:
    rewrite(landed, lambda table: table, facts)
    assert refuted(landed).startswith(says)


def test_a_day_that_stands_in_for_another_is_found(landed: Lake) -> None:
    other = date(2025, 9, 2)
    land(landed, CSV, day=other)
    assert proven(landed, other)
    Path(landed.uri(TABLE, other)).write_bytes(Path(landed.uri(TABLE, DAY)).read_bytes())
    assert refuted(landed, other).startswith(f"the footer says that this is {TABLE} 2025-09-01")


def test_a_file_that_cannot_be_read_is_one_line(lake: Lake) -> None:
    rows = [(f"{number}" * 20,) for number in range(1000)]
    path = Path(land(lake, stripe_csv(["description"], rows)).uri)
    whole = path.read_bytes()
    for damaged in (whole[:200] + bytes(200) + whole[400:], whole[:-300]):
        path.write_bytes(damaged)
        error = verify(lake).error
        assert isinstance(error, StripeReportsError)
        assert str(error).startswith(f"{TABLE} {DAY}: ")
        assert "\n" not in str(error)


# The CSV was changed


def test_one_byte_of_a_csv_that_was_changed_is_named(landed: Lake) -> None:
    other = CSV.replace(b'"2.5"', b'"2.6"')
    replace_kept(landed, CSV, other)
    path = f"_csv/{hashlib.sha256(CSV).hexdigest()}.csv.zst"
    assert refuted(landed) == (
        f"{path} is not the CSV that was landed: its SHA-256 is {hashlib.sha256(other).hexdigest()};"
        " first difference: line 5, column 'gross': the CSV says '2.6' and the table 2.5;"
        " restore that file, or materialize that day again"
    )


@pytest.mark.parametrize(
    ("before", "after", "shows"),
    [
        (b'"2.5"', b'"2.50"', None),  # the same number
        (b'"-0.10"', b'"-0.1O"', "line 3, column 'gross': the CSV says '-0.1O'"),
        (b'"true"', b'"True"', "line 3, column 'card_present': the CSV says 'True' and the table true"),
        (b'"7"', b"7", None),  # the same text
        (
            f'"{_D} 00:00:00"'.encode(),
            f'"{_D} 00:00:01"'.encode(),
            "line 5, column 'booked_date': the CSV says",
        ),
        (b",,,,,,,\n", b'"",,,,,,,\n', "line 4, column 'description': the CSV says '' and the table null"),
        (b'"x"', b'"x', "the CSV ends inside a quoted field that starts on line 1 or later"),
        (b'"x"', b'"x"y', "line 5 of the CSV has a quote that neither frames"),
        (b'"x"', b'"x",""', "the row on line 5 of the CSV has 9 fields where the header has 8"),
        (b"gross", b"net", "line 1: the table has no column for 'net' of the CSV"),
        (b"gross", b"description", "line 1: the CSV has two columns of one name"),
    ],
)
def test_whatever_was_changed_in_a_csv_is_found(
    landed: Lake, before: bytes, after: bytes, shows: str | None
) -> None:
    replace_kept(landed, CSV, CSV.replace(before, after, 1))
    message = refuted(landed)
    assert "is not the CSV that was landed: its SHA-256 is " in message
    assert (f"; first difference: {shows}" if shows else "; restore that file") in message
    assert bool(shows) == ("first difference" in message)


def test_another_csv_under_that_name_is_found(landed: Lake) -> None:
    other = stripe_csv(HEADER, [*ROWS, ROW])
    land(landed, other, day=date(2025, 9, 2))
    kept(landed, CSV).write_bytes(kept(landed, other).read_bytes())
    assert "first difference: line 8 of the CSV, and what follows, is not in the table" in refuted(landed)
    kept(landed, CSV).write_bytes(b"")
    assert "first difference: the CSV is empty, without even a header" in refuted(landed)


def test_a_difference_on_the_first_line_of_a_long_csv_does_not_accuse_the_csv(lake: Lake) -> None:
    land(lake, stripe_csv(["description", "gross"], ((f"txn_{n}", "1.00") for n in range(200_000))))
    rewrite(lake, with_value("gross", 0, Decimal(2)))
    assert refuted(lake).startswith("line 2, column 'gross': the CSV says '1.00' and the table 2;")


def test_compressed_bytes_that_were_damaged_are_one_line(lake: Lake) -> None:
    csv = stripe_csv(["description"], [(hashlib.sha256(b"%d" % n).hexdigest(),) for n in range(20_000)])
    land(lake, csv)
    path = kept(lake, csv)
    whole = path.read_bytes()
    for damaged in (whole[:1000] + b"x" + whole[1001:], whole[: len(whole) // 2], whole[:4], b"nothing"):
        path.write_bytes(damaged)
        error = verify(lake).error
        assert isinstance(error, LakeError)
        assert not isinstance(error, CsvNotKeptError)
        assert path.name in str(error)
        assert "\n" not in str(error)
