"""Results and tables as `stripe-reports sql` shows them on a terminal."""

from __future__ import annotations

import re

import pytest

from stripe_reports.cli.sql import printing
from stripe_reports.lake import Lake
from stripe_reports_tests.cli.sql.conftest import OTHER, Run
from stripe_reports_tests.lake.support import TABLE


def test_without_a_query_the_tables_are_listed(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    printing.list_tables(lake)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [TABLE, "5", "10", "4", "2025-09-01", "2025-09-05"] in lines
    assert [OTHER, "1", "1", "2", "2025-09-01", "2025-09-01"] in lines


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
