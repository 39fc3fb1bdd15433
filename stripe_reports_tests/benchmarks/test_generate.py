from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import REPORT_TYPE
from benchmarks.generate import generate, join, main
from stripe_reports.catalog import REPORT_TYPES
from stripe_reports_tests.lake.support import stripe_csv


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_every_value_is_quoted_and_null_is_bare(small_csv: Path) -> None:
    text = small_csv.read_bytes()
    header, *rows = _rows(small_csv)
    # Written again, field by field, it is the same, except that this reader takes `""` and nothing for one.
    ours = stripe_csv(header, [[field or None for field in row] for row in rows])
    assert text.replace(b',"",', b",,") == ours
    assert text.count(b',"",') > 0, "some texts are empty"
    assert ours.count(b",,") > text.count(b',"",'), "and some are null"


def test_the_columns_are_those_of_the_report_type(small_csv: Path) -> None:
    header = _rows(small_csv)[0]
    assert len(header) == 30
    assert set(header) <= set(REPORT_TYPES[REPORT_TYPE].columns)


def test_texts_have_what_is_hard_to_parse(small_csv: Path) -> None:
    fields = [field for row in _rows(small_csv) for field in row]
    for hard in ("\n", '"', ",", "北京"):
        assert any(hard in field for field in fields), hard


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    generate(one, 0.2, days=2, seed=3)
    generate(same, 0.2, days=2, seed=3)
    generate(other, 0.2, days=2, seed=4)
    assert one.read_bytes() == same.read_bytes() != other.read_bytes()


@pytest.mark.parametrize("megabytes", [0.3, 25])  # one batch, and two
def test_rows_are_in_order_over_the_days_and_as_large_as_asked(tmp_path: Path, megabytes: float) -> None:
    path, sizes = tmp_path / "days.csv", list[int]()
    rows = generate(path, megabytes, first_day=date(2025, 8, 30), days=3, tell=sizes.append)
    created = [row[1] for row in _rows(path)[1:]]
    assert len(created) == rows
    assert created == sorted(created)
    assert {text[:10] for text in created} == {"2025-08-30", "2025-08-31", "2025-09-01"}
    assert path.stat().st_size == pytest.approx(megabytes * 1e6, rel=0.02)
    assert sizes[-1] == path.stat().st_size


def test_joined_files_have_one_header_and_all_rows(tmp_path: Path) -> None:
    parts = [tmp_path / "1.csv", tmp_path / "2.csv"]
    for seed, part in enumerate(parts):
        generate(part, 0.05, seed=seed)
    join(parts, tmp_path / "all.csv")
    first, second = map(_rows, parts)
    assert _rows(tmp_path / "all.csv") == first + second[1:]


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    done = CliRunner().invoke(main, [str(path), "--mb", "0.1", "--days", "2"])
    assert done.exit_code == 0
    assert done.stdout == f"{path}: {len(_rows(path)) - 1:,} rows, {path.stat().st_size:,} bytes\n"
