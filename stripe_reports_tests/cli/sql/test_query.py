"""A query reads the tables of a lake that it names, and nothing else."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from stripe_reports.cli.sql import printing, writing
from stripe_reports.cli.sql import query as query_module
from stripe_reports.cli.sql.query import QueryError, run_query
from stripe_reports.errors import LakeError
from stripe_reports.lake import Lake
from stripe_reports.lake.storage import object_files
from stripe_reports_tests.cli.sql.conftest import DAYS, HEADER, OTHER, Run
from stripe_reports_tests.lake.support import TABLE, land, stripe_csv


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


def test_a_lake_without_tables_is_an_error(tmp_path: Path) -> None:
    empty = Lake.open(str(tmp_path))
    for ask in (printing.list_tables, lambda lake: writing.write_csv(lake, "SELECT 1")):
        with pytest.raises(LakeError, match="has no table yet; materialize a day first"):
            ask(empty)


def test_only_the_days_and_tables_that_are_asked_for_are_read(lake: Lake, opened: list[str]) -> None:
    def rows(reader: pa.RecordBatchReader) -> int:
        return sum(batch.num_rows for batch in reader)

    assert run_query(lake, f"FROM {TABLE.upper()} WHERE date > '2030-01-01'", rows) == 0
    footers = Counter(opened)
    assert {path.partition("/")[0] for path in footers} == {TABLE}, "a table that is not named is not opened"
    opened.clear()
    assert run_query(lake, f"FROM {TABLE} WHERE date BETWEEN '2025-09-02' AND '2025-09-03'", rows) == 4
    read = Counter(opened) - footers
    assert {path.split("/")[1] for path in read} == {"date=2025-09-02", "date=2025-09-03"}


def test_statements_about_the_tables_work_as_in_duckdb(csv: Run) -> None:
    assert csv("SHOW TABLES").split() == ['"name"', f'"{TABLE}"', f'"{OTHER}"']
    assert '"gross","DECIMAL(38,18)"' in csv(f"DESCRIBE {TABLE}")
    made = csv(f"CREATE TEMP TABLE t AS FROM {OTHER}; SELECT sum(count) FROM t")
    assert made.splitlines()[1] == '"1234"'


@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO '{root}/x.csv'",
        f"COPY {TABLE} TO '{{root}}/{TABLE}/date=2025-09-01/part-0.parquet' (FORMAT parquet)",
        f"FROM '{{root}}/{TABLE}/date=2025-09-01/part-0.parquet'",
        "ATTACH '{root}/x.db'",
        "SET enable_external_access = true",
        "SET temp_directory = '{root}'",
        "RESET lock_configuration",
        "EXPORT DATABASE '{root}/x'",
        "FROM read_text('/etc/hostname')",
        "FROM glob('{root}/*')",
        "COPY (SELECT 1) TO '/dev/stderr'",
        "INSTALL httpfs",
    ],
)
def test_a_query_reaches_no_file(lake: Lake, query: str) -> None:
    before = sorted(Path(lake.root).rglob("*"))
    with pytest.raises(QueryError, match=r"Permission Error|configuration has been locked"):
        run_query(lake, query.format(root=lake.root), lambda reader: reader.read_all())
    assert sorted(Path(lake.root).rglob("*")) == before


def test_a_query_reaches_no_variable_of_the_program(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_module, "variable", pa.table({"a": [1]}), raising=False)
    with pytest.raises(LakeError, match="has no table 'variable'"):
        run_query(lake, "FROM variable", lambda reader: reader.read_all())


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (
            f"SELECT\n  nope FROM {TABLE}",
            ['Binder Error: Referenced column "nope" not found in FROM clause!'],
        ),
        ("SELEC 1", ['Parser Error: syntax error at or near "SELEC"', "LINE 1: SELEC 1", "        ^"]),
        ("FROM daily_activty", [f"has no table 'daily_activty'; did you mean '{OTHER}'?"]),
        (f"FROM {TABLE}, daily_activty", [f"has no table 'daily_activty'; did you mean '{OTHER}'?"]),
        ("-- nothing", ["the query has no statement"]),
    ],
)
def test_a_mistake_is_one_line_and_the_place_in_the_query(lake: Lake, query: str, says: list[str]) -> None:
    with pytest.raises((QueryError, LakeError)) as caught:
        run_query(lake, query, lambda reader: reader.read_all())
    lines = str(caught.value).splitlines()
    assert len(lines) == len(says)
    assert all(part in line for part, line in zip(says, lines, strict=True))


_PRODUCT = "SELECT sum({0} * {0}) FROM (SELECT 100 * gross AS net FROM {1} WHERE currency = 'usd')"


def test_a_product_of_two_amounts_that_overflows_says_how_to_write_it(lake: Lake, csv: Run) -> None:
    with pytest.raises(QueryError) as caught:
        csv(_PRODUCT.format("net", TABLE))
    message = str(caught.value)
    assert message.startswith("an amount has 18 decimals, and a product of two of them more digits")
    assert "\n" not in message
    for cast, total in (("net::double", "412500.0"), ("net::decimal(18, 4)", "412500")):
        assert cast in message
        assert csv(_PRODUCT.format(cast, TABLE)).splitlines()[1] == f'"{total}"'


def test_columns_that_are_one_for_sql_are_an_error_and_never_the_wrong_one(tmp_path: Path) -> None:
    lake = Lake.open(str(tmp_path))
    land(lake, stripe_csv(["m[k]"], [("1",)]), day=DAYS[0])
    land(lake, stripe_csv(["m[K]"], [("2",)]), day=DAYS[1])
    with pytest.raises(
        LakeError, match=rf"{TABLE} has the columns 'm_K' and 'm_k', which are the same for SQL"
    ):
        run_query(lake, f"SELECT * FROM {TABLE}", lambda reader: reader.read_all())
    for day in DAYS[:2]:
        land(lake, stripe_csv(["m[k]", "m[K]"], [("1", "2")]), day=day)
    rows = run_query(lake, f"SELECT * EXCLUDE (date) FROM {TABLE}", lambda reader: reader.read_all())
    assert rows.to_pylist() == [{"m_k": "1", "m_K_831124a6": "2"}] * 2


def test_a_damaged_file_is_an_error_that_names_its_table(lake: Lake, tmp_path: Path) -> None:
    damaged = Lake.open(str(tmp_path / "damaged"))
    path = Path(land(damaged, stripe_csv(HEADER, [("usd", "1", "x")])).uri)
    path.write_bytes(b"PAR1" + b"\xff" * 60 + path.read_bytes()[64:])
    with pytest.raises(
        LakeError, match=f"cannot read {damaged.root}/{TABLE}: .*; stripe-reports verify"
    ) as caught:
        run_query(damaged, f"FROM {TABLE}", lambda reader: reader.read_all())
    assert "\n" not in str(caught.value)


def test_a_lake_in_a_bucket_is_asked_without_any_extension(bucket: str) -> None:
    lake = Lake.open(f"s3://{bucket}/some/prefix")
    for day in DAYS[:2]:
        land(lake, stripe_csv(HEADER, [("usd", "1.5", "x")]), day=day)
    query = f"SELECT count(*) AS n, sum(gross) AS gross FROM {TABLE}"
    table = run_query(lake, query, lambda reader: reader.read_all())
    assert table.to_pylist() == [{"n": 2, "gross": Decimal(3)}]
