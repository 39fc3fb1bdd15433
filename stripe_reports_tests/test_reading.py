"""`stripe_reports.read`: days of a table, as pyarrow, pandas, DuckDB and polars take them."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from stripe_reports import Lake, read
from stripe_reports.errors import ConfigurationError, DayError, LakeError
from stripe_reports.lake import object_files
from stripe_reports_tests.lake.support import ITEMIZED, TABLE, land, stripe_csv
from stripe_reports_tests.waiting import PATIENCE

_DAYS = [date(2025, 9, 1) + timedelta(days=number) for number in range(30)]
_TINY = "0.000000000000000001"
_HEADER = ["currency", "gross", "description"]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Thirty days of two rows: of day n, gross n and the smallest amount there is."""
    lake = Lake.open(str(tmp_path_factory.mktemp("reading") / "lake"))
    for number, day in enumerate(_DAYS):
        land(lake, stripe_csv(_HEADER, [("usd", str(number), ""), ("jpy", _TINY, None)]), day=day)
    lake.derived.put("daily_activity", _DAYS[0], pa.table({"count": [1]}), made_from="a test")
    return lake


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that Arrow opens."""
    paths: list[str] = []
    open_file = object_files.ObjectFileHandler.open_input_file

    def noted(self: object_files.ObjectFileHandler, path: str) -> pa.NativeFile:
        paths.append(path)
        return open_file(self, path)

    monkeypatch.setattr(object_files.ObjectFileHandler, "open_input_file", noted)
    return paths


def test_both_ends_are_included_and_the_rows_come_in_the_order_of_days(lake: Lake) -> None:
    rows = read(TABLE, "2025-09-02", date(2025, 9, 4), lake=lake)
    assert isinstance(rows, ds.Dataset)
    assert rows.to_table().column("date").to_pylist() == [day for day in _DAYS[1:4] for _ in range(2)]


def test_without_an_end_all_landed_days_are_read(lake: Lake) -> None:
    assert read(TABLE, lake=lake).count_rows() == 60
    assert read(TABLE, "2025-09-30", lake=lake).count_rows() == 2
    assert read(TABLE, end="2025-09-03", lake=lake).count_rows() == 6


def test_a_timestamp_is_taken_as_its_day(lake: Lake) -> None:
    assert read(TABLE, datetime(2025, 9, 30, 7), pd.Timestamp("2025-09-30"), lake=lake).count_rows() == 2  # noqa: DTZ001


def test_the_report_types_id_is_a_name_of_its_table(lake: Lake) -> None:
    assert read(ITEMIZED.id, lake=lake).schema == read(TABLE, lake=lake).schema


def test_a_derived_table_is_read_like_any_other(lake: Lake) -> None:
    assert read("daily_activity", lake=lake).to_table().to_pylist() == [{"count": 1, "date": _DAYS[0]}]


def test_pandas_columns_are_all_arrows_and_sums_of_decimals_are_exact(lake: Lake) -> None:
    frame = read(TABLE, lake=lake).to_pandas()
    assert all(isinstance(dtype, pd.ArrowDtype) for dtype in frame.dtypes)
    assert frame["gross"].sum() == Decimal("435.000000000000000030")
    by_currency = frame.groupby("currency")["gross"].sum()
    assert by_currency.to_dict() == {"usd": Decimal(435), "jpy": 30 * Decimal(_TINY)}
    assert set(frame["description"].fillna("null")) == {"", "null"}, "nothing and an empty text differ"


def test_pandas_gets_the_columns_and_rows_that_it_asks_for(lake: Lake) -> None:
    frame = read(TABLE, lake=lake).to_pandas(["gross"], ds.field("currency") == "jpy")
    assert (list(frame.columns), len(frame)) == (["gross"], 30)


def test_duckdb_takes_it_by_its_name_and_reads_the_files_of_the_filtered_days_only(
    lake: Lake, opened: list[str]
) -> None:
    rows = read(TABLE, lake=lake)
    opened.clear()
    query = (
        "SELECT sum(gross) FROM rows WHERE date BETWEEN '2025-09-05' AND '2025-09-06' AND currency = 'usd'"
    )
    assert duckdb.sql(query).fetchall() == [(Decimal(9),)]
    assert {path.split("/")[1] for path in opened} == {"date=2025-09-05", "date=2025-09-06"}
    assert rows.schema is not None


def test_polars_takes_it_lazily_and_as_a_frame(lake: Lake) -> None:
    rows = read(TABLE, lake=lake)
    lazy = pl.scan_pyarrow_dataset(rows).filter(pl.col("date") == date(2025, 9, 5)).select("gross").collect()
    assert lazy["gross"].to_list() == [Decimal(4), Decimal(_TINY)]
    assert pl.DataFrame(rows).equals(pl.from_arrow(rows.to_table()))


def test_whatever_takes_an_arrow_stream_takes_it(lake: Lake) -> None:
    assert pa.table(read(TABLE, "2025-09-30", lake=lake)).column("gross").to_pylist()[0] == 29


def test_duckdb_never_waits_for_a_thread_that_waits_for_it(lake: Lake) -> None:
    code = f"""
import duckdb
from stripe_reports import read
for _ in range(40):
    rows = read({TABLE!r}, lake={lake.root!r})
    duckdb.sql("SELECT currency, sum(gross) FROM rows WHERE gross > 0 GROUP BY ALL").fetchall()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE, capture_output=True)


@pytest.fixture
def with_a_gap(tmp_path: Path) -> Lake:
    lake = Lake.open(str(tmp_path / "lake"))
    for day in (_DAYS[0], _DAYS[3]):
        land(lake, stripe_csv(["gross"], [("1",)]), day=day)
    return lake


def test_days_that_have_not_landed_are_named(with_a_gap: Lake) -> None:
    for start, end in ((None, None), (_DAYS[0], _DAYS[3])):
        with pytest.raises(LakeError, match=f"lacks 2 of 4 days of {TABLE}: 2025-09-02, 2025-09-03"):
            read(TABLE, start, end, lake=with_a_gap)
    with pytest.raises(LakeError, match=f"lacks 1 of 2 days of {TABLE}: 2025-09-05; materialize"):
        read(TABLE, _DAYS[3], _DAYS[4], lake=with_a_gap)


def test_days_that_have_not_landed_are_left_out_if_that_is_allowed(with_a_gap: Lake) -> None:
    rows = read(TABLE, "2025-08-01", "2025-09-30", lake=with_a_gap, allow_missing_days=True)
    assert rows.to_table()["date"].to_pylist() == [_DAYS[0], _DAYS[3]]
    with pytest.raises(LakeError, match=f"has no day of {TABLE} from 2025-09-02 to 2025-09-03"):
        read(TABLE, _DAYS[1], _DAYS[2], lake=with_a_gap, allow_missing_days=True)


def test_a_table_that_is_not_there_is_an_error_with_the_nearest_name(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="has no table 'daily_activty'; did you mean 'daily_activity'"):
        read("daily_activty", lake=lake)
    with pytest.raises(LakeError, match="has no table yet; materialize a day first"):
        read(TABLE, lake=str(tmp_path))


def test_days_that_make_no_sense_are_errors(lake: Lake) -> None:
    with pytest.raises(DayError, match="'soon' is not a day"):
        read(TABLE, "soon", lake=lake)
    with pytest.raises(LakeError, match="the first day, 2025-09-03, is after 2025-09-02"):
        read(TABLE, "2025-09-03", "2025-09-02", lake=lake)


def test_the_lake_is_named_by_a_uri_or_by_the_variable(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read(TABLE, lake=f"file://{lake.root}").count_rows() == 60
    monkeypatch.setenv("STRIPE_REPORTS_LAKE", lake.root)
    assert read(TABLE).count_rows() == 60
    monkeypatch.setenv("STRIPE_REPORTS_LAKE", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError, match=r"there is no lake at .*nowhere; name another with lake="):
        read(TABLE)
    assert not (tmp_path / "nowhere").exists(), "reading makes nothing"


def test_what_cannot_be_read_is_an_error_of_the_lake(with_a_gap: Lake) -> None:
    rows = read(TABLE, _DAYS[0], _DAYS[0], lake=with_a_gap)
    Path(with_a_gap.uri(TABLE, _DAYS[0])).unlink()
    with pytest.raises(LakeError, match=f"cannot read .*/lake/{TABLE}: "):
        rows.to_pandas()


def test_a_lake_in_a_bucket_is_read_too(bucket: str) -> None:
    uri = f"s3://{bucket}/some/prefix"
    land(Lake.open(uri), stripe_csv(["gross"], [("1.5",)]), day=_DAYS[0])
    rows = read(TABLE, lake=uri)
    assert rows.to_pandas()["gross"].tolist() == [Decimal("1.5")]
    assert duckdb.sql("SELECT sum(gross) FROM rows").fetchall() == [(Decimal("1.5"),)]
