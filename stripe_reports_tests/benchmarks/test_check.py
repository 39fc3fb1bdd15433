from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from benchmarks.check import compare, main
from benchmarks.peers import land_with_duckdb
from stripe_reports.catalog import column_type

Change = Callable[[pa.Table], pa.Table]


@pytest.fixture(scope="module")
def landed(small_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Where it is must not count: the folder of a partition is no column.
    path = tmp_path_factory.mktemp("landed") / "date=2025-08-01" / "part-0.parquet"
    path.parent.mkdir()
    with small_csv.open() as file:
        header = file.readline().strip().replace('"', "").split(",")
    land_with_duckdb(small_csv, path, {name: column_type(name) for name in header})
    return path


def test_a_landed_file_agrees_with_its_csv(small_csv: Path, landed: Path) -> None:
    comparison = compare(small_csv, landed)
    assert comparison.differences == []
    assert comparison.values == 30 * pq.read_metadata(landed).num_rows
    assert comparison.facts > 100


def _with(column: str, change: Callable[[list[object]], None]) -> Change:
    def changed(table: pa.Table) -> pa.Table:
        values = table.column(column).to_pylist()
        change(values)
        field = table.schema.field(column)
        return table.set_column(table.schema.names.index(column), field, pa.array(values, field.type))

    return changed


def _a_cent_more(values: list[object]) -> None:
    amount = values[7]
    assert isinstance(amount, Decimal)
    values[7] = amount + Decimal("0.01")


def _null_to_empty(values: list[object]) -> None:
    values[values.index(None)] = ""


def _empty_to_null(values: list[object]) -> None:
    values[values.index("")] = None


def _two_swapped(values: list[object]) -> None:
    values[3], values[4] = "Order 1", "Order 2"


def _a_day_late(values: list[object]) -> None:
    values[-1] = values[0]


@pytest.mark.parametrize(
    ("change", "column", "fact"),
    [
        (_with("net", _a_cent_more), "net", "sum"),
        (_with("description", _null_to_empty), "description", "nulls"),
        (_with("description", _null_to_empty), "description", "empty texts"),
        (_with("description", _empty_to_null), "description", "nulls"),
        (_with("description", _two_swapped), "description", "hashes"),
        (_with("created_utc", _a_day_late), "created_utc", "last"),
        (lambda table: table.slice(1), "", "rows"),
        (lambda table: table.drop_columns(["net"]), "net", "type"),
        (lambda table: table.append_column("more", pa.nulls(len(table), pa.string())), "more", "type"),
        (
            lambda table: table.set_column(6, "gross", table.column("gross").cast(pa.float64())),
            "gross",
            "type",
        ),
    ],
)
def test_both_engines_find_what_was_changed(
    small_csv: Path, landed: Path, tmp_path: Path, change: Change, column: str, fact: str
) -> None:
    changed = tmp_path / "changed.parquet"
    pq.write_table(change(pq.ParquetFile(landed).read()), changed)
    differences = compare(small_csv, changed).differences
    found = [each.found for each in differences if (each.column, each.fact) == (column, fact)]
    assert [text.rpartition(" by ")[2] for text in found] == ["DuckDB", "polars"]
    if column:
        assert {each.column for each in differences} == {column}, "nothing else differs"


def test_the_command_ends_with_1_if_anything_differs(small_csv: Path, landed: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.parquet"
    pq.write_table(pq.ParquetFile(landed).read().slice(1), cut)
    same = CliRunner().invoke(main, [str(small_csv), str(landed), str(small_csv), str(landed)])
    assert same.exit_code == 0
    assert json.loads(same.stdout)["differences"] == []
    assert json.loads(same.stdout)["facts"] == 2 * compare(small_csv, landed).facts
    other = CliRunner().invoke(main, [str(small_csv), str(landed), str(small_csv), str(cut)])
    assert other.exit_code == 1
    assert "rows" in {each["fact"] for each in json.loads(other.stdout)["differences"]}
