"""Landed days as one table: exactly the days asked for, united by the names of their columns."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stripe_reports.errors import LakeError
from stripe_reports.lake import Lake
from stripe_reports_tests.lake.support import TABLE, land, stripe_csv
from stripe_reports_tests.lake.tampering import rewrite

_DAYS = [date(2025, 9, day) for day in (1, 2, 3)]


@pytest.fixture
def three_days(lake: Lake) -> Lake:
    """Landed in another order than that of the days; the third has a column more and one less."""
    land(lake, stripe_csv(["fee", "gross", "new"], [("0.3", "3", "n")]), day=_DAYS[2], facts={"run": "c"})
    land(lake, stripe_csv(["gross", "net"], [("1", "1"), ("1.5", None)]), day=_DAYS[0], facts={"run": "a"})
    land(lake, stripe_csv(["gross", "net"], []), day=_DAYS[1], facts={"run": "b"})
    return lake


def test_all_landed_days_are_read_in_their_order(three_days: Lake) -> None:
    table = three_days.read_table(TABLE)
    assert table["gross"].to_pylist() == [Decimal("1"), Decimal("1.5"), Decimal("3")]
    assert table["date"].to_pylist() == [_DAYS[0], _DAYS[0], _DAYS[2]]
    assert table.schema.field("date").type == pa.date32()


def test_a_day_without_a_column_has_nulls_there(three_days: Lake) -> None:
    table = three_days.read_table(TABLE)
    assert table.column_names == ["fee", "gross", "new", "net", "date"]
    assert table["new"].to_pylist() == [None, None, "n"]
    assert table["net"].to_pylist() == [Decimal("1"), None, None]


def test_exactly_the_days_asked_for_are_read(three_days: Lake) -> None:
    assert three_days.read_table(TABLE, [_DAYS[2]])["gross"].to_pylist() == [Decimal("3")]
    assert three_days.read_table(TABLE, [_DAYS[1]]).num_rows == 0
    assert three_days.read_table(TABLE, [_DAYS[2], _DAYS[0], _DAYS[2]]).num_rows == 3
    assert len(three_days.dataset(TABLE, _DAYS[:2]).files) == 2


def test_a_day_that_is_not_landed_is_named_with_what_to_do(three_days: Lake) -> None:
    days = [date(2025, 8, 30) + timedelta(days=n) for n in range(10)]
    with pytest.raises(LakeError) as caught:
        three_days.dataset(TABLE, days)
    assert (
        f"lacks 7 of 10 days of {TABLE}: 2025-08-30, 2025-08-31, 2025-09-04, …; materialize them first"
        in str(caught.value)
    )


def test_a_table_without_days_and_no_days_asked_for_are_errors(three_days: Lake) -> None:
    with pytest.raises(LakeError, match=r"nothing to read of balance_summary_1: .* has no day of it"):
        three_days.dataset("balance_summary_1")
    with pytest.raises(LakeError, match="no day was asked for"):
        three_days.dataset(TABLE, [])


def test_provenance_of_a_day_is_not_said_of_the_whole(three_days: Lake) -> None:
    assert three_days.dataset(TABLE).schema.metadata is None
    assert three_days.read_table(TABLE).schema.metadata is None
    assert three_days.provenance(TABLE, _DAYS[1])["run"] == "b"


def test_a_column_that_changed_its_type_is_an_error_that_names_the_days(three_days: Lake) -> None:
    path = Path(three_days.uri(TABLE, _DAYS[0]))
    pq.write_table(pa.table({"gross": ["text"]}), path)
    with pytest.raises(
        LakeError, match=r"'gross' is string on 2025-09-01 and decimal128\(38, 18\) on 2025-09-03"
    ):
        three_days.dataset(TABLE)
    assert three_days.read_table(TABLE, _DAYS[1:]).num_rows == 1


def test_a_table_with_a_date_of_its_own_keeps_it(lake: Lake) -> None:
    land(lake, stripe_csv(["date", "gross"], [("2020-01-01 00:00:00", "1"), (None, "2")]))
    assert lake.read_table(TABLE)["date"].to_pylist() == [date(2020, 1, 1), None]


def test_a_metadata_columns_own_name_is_still_known_in_the_dataset(lake: Lake) -> None:
    land(lake, stripe_csv(["gross", "payment_metadata[k]"], [("1", "v")]))
    field = lake.dataset(TABLE).schema.field("payment_metadata_k")
    assert field.metadata == {b"stripe_column": b"payment_metadata[k]"}


def test_a_dataset_is_read_by_columns_and_filters_also_on_the_day(three_days: Lake) -> None:
    dataset = three_days.dataset(TABLE)
    assert dataset.to_table(columns=["net"], filter=pc.field("date") == _DAYS[0])["net"].to_pylist() == [
        1,
        None,
    ]
    assert dataset.count_rows(filter=pc.field("gross") > Decimal("1")) == 2
    assert three_days.read_table(TABLE, columns=["date", "gross"]).column_names == ["date", "gross"]


def test_duckdb_queries_a_dataset_with_exact_decimals(three_days: Lake) -> None:
    dataset = three_days.dataset(TABLE)  # noqa: F841  # DuckDB finds it by its name
    rows = duckdb.sql("SELECT typeof(sum(gross)), sum(gross), max(date) FROM dataset").fetchall()
    assert rows == [("DECIMAL(38,18)", Decimal("5.5"), _DAYS[2])]


def test_duckdb_reads_the_files_by_their_layout(three_days: Lake) -> None:
    files = f"read_parquet('{three_days.root}/{TABLE}/*/*.parquet', union_by_name=true)"
    rows = duckdb.sql(f"SELECT date, sum(gross) FROM {files} GROUP BY date ORDER BY date").fetchall()
    assert rows == [(_DAYS[0], Decimal("2.5")), (_DAYS[2], Decimal("3"))]


def test_pandas_gets_arrow_backed_columns_only(three_days: Lake) -> None:
    frame = three_days.read_pandas(TABLE)
    assert all(isinstance(dtype, pd.ArrowDtype) for dtype in frame.dtypes)
    assert frame.groupby("date").gross.sum().to_dict() == {_DAYS[0]: Decimal("2.5"), _DAYS[2]: Decimal("3")}
    assert list(three_days.read_pandas(TABLE, columns=["net"]).columns) == ["net"]


@pytest.mark.slow
def test_a_year_of_days_is_read(lake: Lake) -> None:
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(366)]
    for number, day in enumerate(days):
        land(lake, stripe_csv(["gross"], [(str(number),)]), day=day)
    table = lake.read_table(TABLE)
    assert table["date"].to_pylist() == days
    assert [int(value) for value in table["gross"].to_pylist()] == list(range(366))


def test_a_damaged_file_is_an_error_of_the_lake(lake: Lake) -> None:
    landed = land(lake, stripe_csv(["gross"], [("1",)]))
    Path(landed.uri).write_bytes(b"not Parquet")
    with pytest.raises(LakeError, match=r"cannot read .*part-0.parquet: Parquet magic bytes not found"):
        lake.read_table(TABLE)
    with pytest.raises(LakeError, match=r"cannot read .*part-0.parquet: Parquet magic bytes not found"):
        lake.provenance(TABLE, _DAYS[0])


def test_a_column_that_no_day_has_is_an_error_of_the_lake(three_days: Lake) -> None:
    with pytest.raises(LakeError, match=r"cannot read .*: No match for .*no_such_column"):
        three_days.read_table(TABLE, columns=["no_such_column"])


def test_a_quantity_has_fractions_and_a_day_that_landed_it_as_an_integer_heals(lake: Lake) -> None:
    csv = stripe_csv(["description", "quantity"], [("hours", "2.5"), ("seats", "3")])
    days = [date(2025, 9, 1), date(2025, 9, 2)]
    for day in days:
        land(lake, csv, day=day)
    assert lake.read_table(TABLE, days[:1])["quantity"].to_pylist() == [Decimal("2.5"), Decimal(3)]
    integers = pa.array([2, 3], pa.int64())
    rewrite(lake, lambda table: table.set_column(1, "quantity", integers), day=days[0])
    with pytest.raises(LakeError) as caught:
        lake.read_table(TABLE)
    assert str(caught.value) == (
        "column 'quantity' is int64 on 2025-09-01 and decimal128(38, 18) on 2025-09-02;"
        " materialize the older of them again, or read them apart"
    )
    land(lake, csv, day=days[0])
    assert lake.read_table(TABLE)["quantity"].to_pylist() == [Decimal("2.5"), Decimal(3)] * 2
