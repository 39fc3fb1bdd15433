"""`stripe-reports ddl`: DuckDB runs its statements; those of other engines are parsed in their dialects."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from stripe_reports.catalog import newest_complete_day
from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.cli.running import run
from stripe_reports_tests.core_lake import days_of, land
from stripe_reports_tests.lake.support import land as land_csv
from stripe_reports_tests.lake.support import stripe_csv

_NEWEST = newest_complete_day(datetime.now(UTC))
_CLASHING = "treasury_fees_administrative_facilitation_fee"
_ITEMIZED = "balance_change_from_activity_itemized_3"
_NOT_PARSED = "WITH PARTITION COLUMNS (`date` DATE)\n"
_OTHERS = {
    "athena": ("--location", "s3://finance-lake/stripe", "--schema", "stripe"),
    "bigquery": ("--location", "gs://finance-lake/stripe", "--schema", "finance.stripe"),
    "snowflake": ("--schema", "finance.stripe", "--stage", "finance.stripe.lake"),
    "spark": ("--location", "s3a://finance-lake/stripe"),
    "trino": ("--location", "s3://finance-lake/stripe", "--schema", "hive.stripe"),
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two days of a table with all types, and of one that has a column `date` of its own."""
    lake = Lake.open(str(tmp_path_factory.mktemp("it's a") / "lake"))
    with Sandbox(port=0, files_port=0, latency=0) as sandbox:
        select = "balance_change_from_activity.itemized.3, treasury_fees.administrative_facilitation_fee"
        days = days_of(_NEWEST - timedelta(days=1), 2)
        land(lake, sandbox, days, select=select)
    return lake


def _ddl(lake: Lake, engine: str, *more: str) -> str:
    done = run("ddl", "--engine", engine, "--lake", lake.root, *more)
    assert (done.code, done.err) == (0, ""), done.err
    return done.out


def test_duckdb_reads_the_same_rows_with_the_same_types(lake: Lake) -> None:
    statements = _ddl(lake, "duckdb")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(statements)
        for table in lake.tables():
            there = connection.sql(f"FROM {table} ORDER BY ALL").to_arrow_table()
            ours = lake.read_table(table)
            key = "report_date" if table == _CLASHING else "date"
            assert there.num_rows == ours.num_rows > 0
            columns = [name for name in there.schema.names if name != key]
            assert columns == [name for name in ours.schema.names if name != key]
            for name in columns:
                assert there.schema.field(name).type == ours.schema.field(name).type, name
            rows = dict(connection.sql(f"SELECT {key}, count(*) FROM {table} GROUP BY ALL").fetchall())
            assert all(
                rows.get(day, 0) == lake.read_table(table, [day]).num_rows for day in lake.days(table)
            ), "each row is on its day"
            connection.register("ours", ours.select(columns))
            for first, second in (("ours", table), (table, "ours")):
                names = ", ".join(f'"{name}"' for name in columns)
                more = f"SELECT {names} FROM {first} EXCEPT ALL SELECT {names} FROM {second}"
                assert connection.sql(more).fetchall() == []


@pytest.mark.parametrize("engine", _OTHERS)
def test_the_statements_are_of_the_engines_dialect(engine: str, lake: Lake) -> None:
    text = _ddl(lake, engine, *_OTHERS[engine])
    if engine == "bigquery":  # the parser lacks a clause that BigQuery documents
        assert text.count(_NOT_PARSED) == 1, "not in the table whose files have a date"
        text = text.replace(_NOT_PARSED, "")
    parsed = sqlglot.parse(text, dialect=engine)
    statements = [each for each in parsed if each is not None and not isinstance(each, exp.Semicolon)]
    created = [each for each in statements if isinstance(each, exp.Create)]
    others = [each.sql() for each in statements if not isinstance(each, exp.Create)]
    assert all(text.startswith("MSCK REPAIR") for text in others)
    assert bool(others) == (engine == "spark")
    names = {each.find(exp.Table).name.lower() for each in created}  # type: ignore[union-attr]
    assert {_ITEMIZED, _CLASHING} <= names
    (itemized,) = [each for each in created if each.find(exp.Table).name.lower() == _ITEMIZED]  # type: ignore[union-attr]
    types = {
        each.name.lower(): each.kind.sql(engine).upper()
        for each in itemized.find_all(exp.ColumnDef)
        if each.kind
    }
    decimal = {"bigquery": "BIGNUMERIC(38, 18)"}.get(engine, "DECIMAL(38, 18)")
    assert types["net"] == types["fee"] == decimal
    assert types["created_utc"].startswith("TIMESTAMP")


@pytest.mark.parametrize("engine", [*_OTHERS, "duckdb"])
def test_no_column_has_the_name_of_the_partition_key(engine: str, lake: Lake) -> None:
    text = _ddl(lake, engine, *_OTHERS.get(engine, ()), _CLASHING).lower()
    assert "report_date" in text
    assert "with partition columns" not in text
    assert "partitioned by (`date`" not in text


def test_a_projection_begins_with_the_first_landed_day_or_the_one_that_is_given(lake: Lake) -> None:
    given = _OTHERS["athena"]
    assert f"'{_NEWEST - timedelta(days=1)},NOW'" in _ddl(lake, "athena", *given, _ITEMIZED)
    assert "'2020-01-01,NOW'" in _ddl(lake, "athena", *given, _ITEMIZED, "--from", "2020-01-01")


def test_a_table_that_has_not_landed_has_the_columns_of_the_catalog(lake: Lake) -> None:
    text = _ddl(lake, "spark", "payouts_itemized_3")
    assert "`effective_at_utc` TIMESTAMP," in text
    assert "`effective_at` TIMESTAMP_NTZ," in text


def test_columns_with_odd_names_are_quoted(tmp_path: Path) -> None:
    lake = Lake.open(str(tmp_path / "lake"))
    land_csv(lake, stripe_csv(["net", "payment_metadata[a\"b`c'd]"], [("1.00", "x")]), day=date(2026, 11, 1))
    with duckdb.connect() as connection:
        connection.execute(_ddl(lake, "duckdb"))
        assert len(connection.sql(f"FROM {_ITEMIZED}").fetchall()) == 1
    for engine, more in _OTHERS.items():
        assert sqlglot.parse(_ddl(lake, engine, *more), dialect=engine)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("athena",), "athena does not read"),
        (("trino",), "trino does not read"),
        (("bigquery", "--location", "s3://b/x"), "name it with --connection"),
        (("spark", "balance_sumary_1"), "did you mean 'balance_summary_1'"),
        (("spark", "--schema", "a;drop table b"), "use letters, digits"),
        (("spark", "--from", "yesterday"), "'yesterday' is not a day"),
        (("oracle",), "is not one of"),
    ],
)
def test_what_makes_no_sense_is_one_line(arguments: tuple[str, ...], says: str, lake: Lake) -> None:
    done = run("ddl", "--engine", *arguments, "--lake", lake.root)
    assert done.code in (1, 2)
    assert done.out == ""
    assert says in done.err
