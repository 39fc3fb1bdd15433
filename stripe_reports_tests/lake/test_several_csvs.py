"""A day that is made of several CSVs, one for each payout, is one table, whole or not at all."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from stripe_reports.errors import CsvError, DownloadError
from stripe_reports.lake import Csv, ExpectedColumns, Lake, LandedTable
from stripe_reports_tests.lake.support import DAY, ITEMIZED, TABLE, stripe_csv

_EXPECTED = ExpectedColumns(["net", "currency"], constant=["payout_id"])


def _csv(payout: str, *rows: tuple[str, str], size: int | None = None) -> Csv:
    return Csv([stripe_csv(["net", "currency"], rows)], size, {"payout_id": payout})


def _land(lake: Lake, *csvs: Csv, expected: ExpectedColumns = _EXPECTED) -> LandedTable:
    return lake.land(ITEMIZED, DAY, csvs, expected=expected, facts={})


def test_rows_stand_one_csv_behind_the_other_each_with_its_constant(lake: Lake) -> None:
    landed = _land(lake, _csv("po_1", ("1.50", "usd"), ("2", "eur")), _csv("po_2", ("-3", "usd")))
    assert lake.read_table(TABLE, columns=["payout_id", "net", "currency"]).to_pylist() == [
        {"payout_id": "po_1", "net": Decimal("1.50"), "currency": "usd"},
        {"payout_id": "po_1", "net": Decimal(2), "currency": "eur"},
        {"payout_id": "po_2", "net": Decimal(-3), "currency": "usd"},
    ]
    assert landed.rows == 3
    assert len(landed.csv_sha256.split(",")) == 2
    assert lake.provenance(TABLE, DAY)["csv_sha256"] == landed.csv_sha256
    assert landed.new_columns == ()


def test_without_any_csv_it_is_an_empty_typed_table(lake: Lake) -> None:
    landed = _land(lake)
    table = lake.read_table(TABLE)
    assert (landed.rows, landed.csv_bytes, landed.csv_sha256) == (0, 0, "")
    assert table.column_names == ["payout_id", "net", "currency", "date"]
    assert str(table.schema.field("net").type) == "decimal128(38, 18)"


def test_a_csv_that_has_the_constant_column_itself_is_believed(lake: Lake) -> None:
    csv = Csv(
        [stripe_csv(["payout_id", "net", "currency"], [("po_9", "1", "usd")])], None, {"payout_id": "x"}
    )
    _land(lake, csv)
    assert lake.read_table(TABLE)["payout_id"].to_pylist() == ["po_9"]


def test_csvs_of_other_columns_do_not_become_one_table(lake: Lake) -> None:
    other = Csv([stripe_csv(["net", "currency", "new"], [("1", "usd", "x")])], None, {"payout_id": "po_2"})
    with pytest.raises(CsvError, match="different columns"):
        _land(lake, _csv("po_1", ("1", "usd")), other)
    assert lake.days(TABLE) == []


def test_one_csv_that_is_cut_leaves_nothing_of_the_others(lake: Lake) -> None:
    with pytest.raises(DownloadError):
        _land(lake, _csv("po_1", ("1", "usd")), _csv("po_2", ("1", "usd"), size=1000))
    assert lake.days(TABLE) == []
    assert not list(Path(lake.root).rglob("*.parquet*"))


def test_an_optional_column_that_is_missing_is_null(lake: Lake) -> None:
    expected = ExpectedColumns(["net", "fee"], optional=frozenset({"fee"}))
    _land(lake, Csv([stripe_csv(["net"], [("1",)])]), expected=expected)
    table = lake.read_table(TABLE)
    assert table["fee"].to_pylist() == [None]
    assert str(table.schema.field("fee").type) == "decimal128(38, 18)"


def test_a_column_that_is_missing_and_not_optional_is_named(lake: Lake) -> None:
    expected = ExpectedColumns(["net", "fee", "gross"], optional=frozenset({"fee"}))
    with pytest.raises(CsvError, match="lacks these columns: 'gross'"):
        _land(lake, Csv([stripe_csv(["net"], [("1",)])]), expected=expected)
