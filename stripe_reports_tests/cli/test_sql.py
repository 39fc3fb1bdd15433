"""`stripe-reports sql`: the tables of a lake in SQL, shown or written, exact and whole."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from stripe_reports.cli import cli
from stripe_reports.cli.sql import printing, writing
from stripe_reports.cli.sql import query as query_module
from stripe_reports.cli.sql.query import QueryError, run_query
from stripe_reports.errors import ConfigurationError, LakeError
from stripe_reports.lake import Lake, object_files
from stripe_reports_tests.lake.support import TABLE, land, stripe_csv
from stripe_reports_tests.waiting import PATIENCE, until

_COMMAND = str(Path(sys.executable).with_name("stripe-reports"))
_DAYS = [date(2025, 9, 1) + timedelta(days=number) for number in range(5)]
_HEADER = ["currency", "gross", "description"]
_OTHER = "daily_activity"

Run = Callable[[str], str]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Five days of two rows, and a table of one day."""
    lake = Lake.open(str(tmp_path_factory.mktemp("sql") / "lake"))
    for number, day in enumerate(_DAYS):
        rows = [("usd", f"{number}.5", 'a "b", c'), ("jpy", "0.000000000000000001", "" if number else None)]
        land(lake, stripe_csv(_HEADER, rows), day=day)
    lake.derived.put(_OTHER, _DAYS[0], pa.table({"count": [1234]}), made_from="a test")
    return lake


@pytest.fixture
def shown(lake: Lake, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(query: str) -> str:
        printing.print_rows(lake, query, most=3)
        return capsys.readouterr().out

    return run


@pytest.fixture
def csv(lake: Lake, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(query: str) -> str:
        writing.write_csv(lake, query)
        return capsys.readouterr().out

    return run


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


def _run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_COMMAND, "sql", *arguments],
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_without_a_query_the_tables_are_listed(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    printing.list_tables(lake)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [TABLE, "5", "10", "4", "2025-09-01", "2025-09-05"] in lines
    assert [_OTHER, "1", "1", "2", "2025-09-01", "2025-09-01"] in lines


def test_a_lake_without_tables_is_an_error(tmp_path: Path) -> None:
    empty = Lake.open(str(tmp_path))
    for ask in (printing.list_tables, lambda lake: writing.write_csv(lake, "SELECT 1")):
        with pytest.raises(LakeError, match="has no table yet; materialize a day first"):
            ask(empty)


def test_a_result_is_shown_with_exact_amounts_in_the_digits_of_their_currency(shown: Run) -> None:
    lines = shown(f"SELECT date, gross FROM {TABLE} WHERE currency = 'usd' ORDER BY ALL LIMIT 2").splitlines()
    assert lines[0].split() == ["date", "gross"]
    assert lines[2:] == ["2025-09-01    0.5", "2025-09-02    1.5"]
    assert shown(f"SELECT sum(gross) AS s FROM {TABLE}").split()[-1] == "12.500000000000000005"
    assert shown("SELECT 1500::DECIMAL(38, 18) AS yen").split()[-1] == "1500"
    by_currency = (
        "SELECT * FROM (VALUES ('jpy', 471::DECIMAL(38, 18)), ('kwd', 1.5), ('usd', -2)) t(currency, a)"
    )
    assert shown(f"{by_currency} ORDER BY ALL").splitlines()[2:] == [
        "jpy         471",
        "kwd       1.500",
        "usd       -2.00",
    ]


def test_no_more_rows_are_shown_than_asked_for_and_it_is_said_how_many_there_are(
    lake: Lake, shown: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown("FROM range(200003)").splitlines()
    assert [line.strip() for line in lines[2:5]] == ["0", "1", "2"]
    assert lines[5] == "… and 200,000 more rows; --rows 0 shows all, --csv writes all"
    assert "more" not in shown("FROM range(3)")
    printing.print_rows(lake, "FROM range(1000)", most=0)
    assert len(capsys.readouterr().out.splitlines()) == 1002


def test_null_and_the_empty_text_are_shown_as_what_they_are(shown: Run) -> None:
    out = shown(
        f"SELECT 'x' AS a, description AS b FROM {TABLE} WHERE currency = 'jpy' ORDER BY date LIMIT 2"
    )
    assert [line.rstrip() for line in out.splitlines()[2:]] == ["x  NULL", "x"]


def test_what_a_terminal_would_act_on_is_shown_instead(shown: Run) -> None:
    assert r"\x1b[31m[b]\n" in shown(r"SELECT concat(chr(27), '[31m[b]', chr(10)) AS text")


def test_a_wide_result_is_whole_where_it_goes_to_a_file(shown: Run) -> None:
    out = shown(f"SELECT {', '.join(f'{number} AS column_{number}' for number in range(30))}")
    assert len(out.splitlines()) == 3
    assert "column_29" in out


def test_a_wide_result_has_a_line_for_each_value_in_a_narrow_terminal(
    shown: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"TTY_COMPATIBLE": "1", "NO_COLOR": "1", "COLUMNS": "50"}.items():
        monkeypatch.setenv(name, value)
    out = shown(f"SELECT *, 'x' AS another_column_with_a_long_name FROM {TABLE} ORDER BY ALL LIMIT 2")
    lines = [line.split() for line in re.sub(r"\x1b\[\d*m", "", out).splitlines()]
    assert lines[:2] == [["row", "1"], ["currency", "jpy"]]
    assert [line for line in lines if line[:1] == ["row"]] == [["row", "1"], ["row", "2"]]


def test_csv_is_as_stripe_writes_it(csv: Run) -> None:
    out = csv(f"SELECT date, currency, gross, description FROM {TABLE} ORDER BY date, currency LIMIT 3")
    assert out.splitlines() == [
        '"date","currency","gross","description"',
        '"2025-09-01","jpy","0.000000000000000001",',
        '"2025-09-01","usd","0.5","a ""b"", c"',
        '"2025-09-02","jpy","0.000000000000000001",""',
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("-12.50::DECIMAL(38, 18)", '"-12.5"'),
        ("100::DECIMAL(38, 18)", '"100"'),
        ("0::DECIMAL(38, 18)", '"0"'),
        ("100::HUGEINT", '"100"'),
        ("1e-7::DECIMAL(38, 18)", '"0.0000001"'),
        ("TIMESTAMP '2025-09-01 12:00:00'", '"2025-09-01 12:00:00"'),
        ("TIMESTAMPTZ '2025-09-01 12:00:00+02'", '"2025-09-01 10:00:00+00"'),
        ("true", '"true"'),
        ("NULL", ""),
    ],
)
def test_values_in_csv_are_exact_and_of_utc(csv: Run, value: str, text: str) -> None:
    assert csv(f"SELECT 1 AS a, {value} AS b").splitlines()[1] == f'"1",{text}'


def test_many_rows_keep_their_order_in_csv(csv: Run) -> None:
    lines = csv("SELECT range AS n FROM range(200000) ORDER BY n DESC").splitlines()[1:]
    assert lines == [f'"{number}"' for number in reversed(range(200_000))]


def test_columns_of_one_name_are_told_apart(csv: Run) -> None:
    assert csv('SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS "b""c"').splitlines()[0] == '"a","a_1","a_1_1","b""c"'


def test_in_json_decimals_are_texts_and_whole_numbers_are_numbers(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    query = f"SELECT date, sum(gross) AS gross, sum(1) AS n, list(gross ORDER BY gross) AS each FROM {TABLE}"
    writing.write_json(lake, f"{query} WHERE date >= '2025-09-04' GROUP BY ALL ORDER BY ALL")
    found = json.loads(capsys.readouterr().out)
    tiny = "0.000000000000000001"
    first = {"date": "2025-09-04", "gross": "3.500000000000000001", "n": 2, "each": [tiny, "3.5"]}
    assert found[0] == first
    assert len(found) == 2
    writing.write_json(lake, "SELECT NULL AS a, '' AS b, 0::DECIMAL(9, 2) AS c, 'ü' AS d")
    assert capsys.readouterr().out == '[\n{"a": null, "b": "", "c": "0", "d": "ü"}\n]\n'
    writing.write_json(lake, "SELECT 1 WHERE false")
    assert json.loads(capsys.readouterr().out) == []


def test_json_has_no_form_of_infinity(lake: Lake) -> None:
    with pytest.raises(QueryError, match="JSON has no numbers for infinity"):
        writing.write_json(lake, "SELECT 'inf'::DOUBLE AS x")


def test_parquet_has_the_types_of_the_result(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "result.parquet"
    writing.write_parquet(lake, f"SELECT date, gross FROM {TABLE} WHERE currency = 'usd' ORDER BY 1", file)
    table = pq.read_table(file)
    assert table.schema.types == [pa.date32(), pa.decimal128(38, 18)]
    assert table["gross"].to_pylist() == [Decimal(f"{number}.5") for number in range(5)]


def test_an_older_file_is_replaced_only_if_that_is_asked_for(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "result.parquet"
    file.write_text("older")
    with pytest.raises(ConfigurationError, match="already exists; write to another file, or replace it with"):
        writing.write_parquet(lake, "SELECT 1", file)
    with pytest.raises(QueryError, match="too late"):
        writing.write_parquet(lake, _FAILS_LATE, file, overwrite=True)
    assert file.read_text() == "older"
    writing.write_parquet(lake, "SELECT 1 AS a", file, overwrite=True)
    assert pq.read_table(file).to_pylist() == [{"a": 1}]
    with pytest.raises(ConfigurationError, match="is not a file that can be replaced"):
        writing.write_parquet(lake, "SELECT 1", Path(os.devnull), overwrite=True)


def test_no_result_is_written_into_a_lake(lake: Lake, tmp_path: Path) -> None:
    other = Lake.open(str(tmp_path / "other"))
    other.claim(livemode=False, account=None)
    day = Path(other.root) / TABLE / "date=2025-09-01"
    day.mkdir(parents=True)
    (tmp_path / "link").symlink_to(day)
    places = (Path(lake.uri(TABLE, _DAYS[0])), Path(lake.root) / "x", day / "x", tmp_path / "link" / "x")
    before = places[0].read_bytes()
    for place in places:
        with pytest.raises(ConfigurationError, match="is inside the lake"):
            writing.write_parquet(lake, "SELECT 1", place, overwrite=True)
    assert places[0].read_bytes() == before
    assert not list(day.iterdir())


_FAILS_LATE = "SELECT CASE WHEN range = 400000 THEN error('too late') ELSE range END AS n FROM range(500000)"


def test_nothing_is_written_of_a_query_that_fails_half_way(
    lake: Lake, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    for write in (writing.write_csv, writing.write_json):
        with pytest.raises(QueryError, match=r"^Invalid Input Error: too late$"):
            write(lake, _FAILS_LATE)
    assert capsysbinary.readouterr().out == b""
    with pytest.raises(QueryError, match="too late"):
        writing.write_parquet(lake, _FAILS_LATE, tmp_path / "new.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["no_such_folder/x.parquet", "a_file/x.parquet"])
def test_a_file_that_cannot_be_written_is_an_error(lake: Lake, tmp_path: Path, place: str) -> None:
    (tmp_path / "a_file").touch()
    with pytest.raises(ConfigurationError, match=rf"cannot write .*{place}: No"):
        writing.write_parquet(lake, "SELECT 1", tmp_path / place)


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
    assert csv("SHOW TABLES").split() == ['"name"', f'"{TABLE}"', f'"{_OTHER}"']
    assert '"gross","DECIMAL(38,18)"' in csv(f"DESCRIBE {TABLE}")
    made = csv(f"CREATE TEMP TABLE t AS FROM {_OTHER}; SELECT sum(count) FROM t")
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
        ("FROM daily_activty", [f"has no table 'daily_activty'; did you mean '{_OTHER}'?"]),
        (f"FROM {TABLE}, daily_activty", [f"has no table 'daily_activty'; did you mean '{_OTHER}'?"]),
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
    land(lake, stripe_csv(["m[k]"], [("1",)]), day=_DAYS[0])
    land(lake, stripe_csv(["m[K]"], [("2",)]), day=_DAYS[1])
    with pytest.raises(
        LakeError, match=rf"{TABLE} has the columns 'm_K' and 'm_k', which are the same for SQL"
    ):
        run_query(lake, f"SELECT * FROM {TABLE}", lambda reader: reader.read_all())
    for day in _DAYS[:2]:
        land(lake, stripe_csv(["m[k]", "m[K]"], [("1", "2")]), day=day)
    rows = run_query(lake, f"SELECT * EXCLUDE (date) FROM {TABLE}", lambda reader: reader.read_all())
    assert rows.to_pylist() == [{"m_k": "1", "m_K_831124a6": "2"}] * 2


def test_a_damaged_file_is_an_error_that_names_its_table(lake: Lake, tmp_path: Path) -> None:
    damaged = Lake.open(str(tmp_path / "damaged"))
    path = Path(land(damaged, stripe_csv(_HEADER, [("usd", "1", "x")])).uri)
    path.write_bytes(b"PAR1" + b"\xff" * 60 + path.read_bytes()[64:])
    with pytest.raises(
        LakeError, match=f"cannot read {damaged.root}/{TABLE}: .*; stripe-reports verify"
    ) as caught:
        run_query(damaged, f"FROM {TABLE}", lambda reader: reader.read_all())
    assert "\n" not in str(caught.value)


def test_a_lake_in_a_bucket_is_asked_without_any_extension(bucket: str) -> None:
    lake = Lake.open(f"s3://{bucket}/some/prefix")
    for day in _DAYS[:2]:
        land(lake, stripe_csv(_HEADER, [("usd", "1.5", "x")]), day=day)
    query = f"SELECT count(*) AS n, sum(gross) AS gross FROM {TABLE}"
    table = run_query(lake, query, lambda reader: reader.read_all())
    assert table.to_pylist() == [{"n": 2, "gross": Decimal(3)}]


def test_the_command_writes_csv_and_says_mistakes_in_one_line(lake: Lake) -> None:
    folder = Path(lake.root).parent  # ./lake
    done = _run(f"SELECT sum(count) AS n FROM {_OTHER}", "--csv", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, '"n"\n"1234"\n', "")
    done = _run("SELEC 1", cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == 'Error: Parser Error: syntax error at or near "SELEC"'
    assert len(done.stderr.splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["SELECT 1", "--csv", "--parquet", "x"], "--csv and --parquet exclude each other"),
        (["SELECT 1", "--csv", "--json"], "--csv and --json exclude each other"),
        (["SELECT 1", "--json", "--rows", "0"], "--json and --rows exclude each other"),
        (["SELECT 1", "--csv", "--overwrite"], "--overwrite is about the file of --parquet"),
        (["--json"], "--json needs a QUERY"),
        (["--rows", "3"], "--rows needs a QUERY"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments: list[str], says: str) -> None:
    done = CliRunner().invoke(cli, ["sql", *arguments])
    assert done.exit_code == 2
    assert says in done.output


def test_its_help_has_examples() -> None:
    assert "Examples:\n    stripe-reports sql\n" in CliRunner().invoke(cli, ["sql", "--help"]).output


def test_ctrl_c_ends_a_long_query_and_leaves_nothing(lake: Lake, tmp_path: Path) -> None:
    query = "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b"
    process = subprocess.Popen(
        [_COMMAND, "sql", query, "--lake", lake.root],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    try:
        until(lambda: list(tmp_path.iterdir()))
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []
