from __future__ import annotations

import platform

import pytest

from benchmarks.goals import BOUNDS, GOALS
from benchmarks.results import Checked, Measured, Results, render


def _page(checked: Checked | None = None, peers: dict[str, Checked] | None = None, **rows: Measured) -> str:
    sizes = {"small": "200 MB", "large": "2 GB"}
    results = Results(rows, sizes, "made-up rows", checked or Checked(3, 1_000_000, 165), peers or {})
    return render(results, bounds={"wall_small": "Arrow parses one block per core."})


def _cells(page: str, figure: str) -> list[str]:
    (line,) = (line for line in page.splitlines() if line.startswith(f"| {figure}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_goal_that_is_met_has_its_median_and_spread_and_no_bound() -> None:
    cells = _cells(_page(wall_small=Measured([0.71, 0.5, 0.6])), "the same with 200 MB")
    assert cells[1:] == ["≤ 0.7", "0.600 (0.500 to 0.710, n = 3)", "yes", ""]


def test_a_goal_that_is_missed_says_what_bounds_it() -> None:
    cells = _cells(_page(wall_small=Measured([0.9, 0.5, 0.8], "4 s")), "the same with 200 MB")
    bound = "Arrow parses one block per core."
    assert cells[1:] == ["≤ 0.7", "0.800 (0.500 to 0.900, n = 3); 4 s", "**no**", bound]


def test_what_is_for_information_is_neither_met_nor_missed() -> None:
    cells = _cells(_page(polars_large=Measured([9.0])), "polars against DuckDB, 2 GB")
    assert cells[1:] == ["–", "9.000 (n = 1)", "–", ""]


def test_a_fault_misses_the_goal_whatever_the_figure() -> None:
    cells = _cells(_page(loading=Measured([0.2], fault="imports pandas")), "loading the definitions")
    assert cells[1:4] == ["≤ 0.4 s", "0.20 s (n = 1); imports pandas", "**no**"]


def test_memory_is_in_mib() -> None:
    cells = _cells(_page(peak=Measured([270.6, 280.1])), "peak memory of the landing process, 2 GB")
    assert cells[1:4] == ["≤ 300 MiB", "275 MiB (271 to 280, n = 2)", "yes"]


def test_every_goal_has_a_place_for_its_bound() -> None:
    assert set(BOUNDS) == {key for key, goal in GOALS.items() if goal.limit is not None}


def test_only_what_was_measured_is_in_the_table_and_in_the_order_of_the_goals() -> None:
    rows = {key: Measured([1.0]) for key in reversed(GOALS)}
    lines = [line for line in _page(**rows).splitlines() if line.startswith("| ")]
    sizes = {"small": "200 MB", "large": "2 GB"}
    assert [line.split(" | ")[0][2:] for line in lines[1:]] == [
        goal.figure.format_map(sizes) for goal in GOALS.values()
    ]
    assert len([line for line in _page(peak=Measured([1.0])).splitlines() if line.startswith("| ")]) == 2


def test_agreement_is_counted() -> None:
    page = _page()
    assert "compared 3 landed files with their CSVs: 1,000,000 values" in page
    assert "**Both agree on all of them.**" in page


def test_differences_are_listed() -> None:
    checked = Checked()
    difference = {"fact": "sum", "column": "net", "found": "1 in CSV by polars, 2 in Parquet by polars"}
    checked.add(1, values=3, facts=1, differences=[difference])
    page = _page(checked, peers={"pandas": checked, "polars": Checked(1, 3, 165)})
    assert "agree on all" not in page
    assert "- sum (net): 1 in CSV by polars, 2 in Parquet by polars" in page
    assert "- pandas: `net` differs in sum" in page
    assert "- polars: the same in all 165 facts" in page


@pytest.mark.parametrize("private", [platform.node()])
def test_the_page_says_on_what_but_not_on_whose_machine(private: str) -> None:
    page = _page()
    assert platform.machine() in page
    assert f"Python {platform.python_version()}, pyarrow " in page
    assert private not in page
