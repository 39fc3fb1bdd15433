"""The notebook runs from its first cell to its last, and what it computes is what the tables say."""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import nbformat
import pyarrow as pa
import pytest
from nbclient import NotebookClient

from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.core_lake import days_of, land
from stripe_reports_tests.waiting import PATIENCE

_PATH = Path(__file__).parent.parent / "docs" / "notebook" / "first_look.ipynb"
_FIRST, _DAYS = date(2026, 9, 7), 4
_FIGURES = """
import json
print(json.dumps({
    "ending": {str(day): row.to_dict() for day, row in ending.iterrows()},
    "fees": of_all_days.to_dict("index"),
    "differences": sorted({str(each.normalize()) for each in payouts["difference"]}),
    "amounts": payouts.groupby("currency")["amount"].sum().to_dict(),
    "outcomes": outcomes.to_dict("list"),
    "worst": worst.loc["I9"].tolist(),
}, default=str))
"""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """What the demo lands, and outcomes of two identities."""
    lake = Lake.open(str(tmp_path_factory.mktemp("notebook") / ".stripe-reports-demo" / "lake"))
    days = days_of(_FIRST, _DAYS)
    with Sandbox(port=0, files_port=0, latency=0) as sandbox:
        land(lake, sandbox, days)
    for day in days:
        broken = "broken" if day == days[-1] else "holds"
        outcomes = {"identity": ["I9", "I9", "I10"], "outcome": ["holds", broken, "not_applicable"]}
        lake.derived.put("reconciliation", day, pa.table(outcomes), made_from="a test")
    return lake


@pytest.fixture(scope="module")
def cells(lake: Lake) -> list[Any]:
    """The cells, run below a folder that has the demo's lake, and one more that tells figures."""
    notebook = nbformat.read(_PATH, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(_FIGURES))
    folder = Path(lake.root).parent.parent
    (folder / "docs").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")}
    NotebookClient(
        notebook, timeout=int(PATIENCE), resources={"metadata": {"path": str(folder / "docs")}}
    ).execute(env=kept)
    return list(notebook.cells)


@pytest.fixture(scope="module")
def figures(cells: list[Any]) -> Mapping[str, Any]:
    (output,) = cells[-1].outputs
    found: Mapping[str, Any] = json.loads(output.text)
    return found


def test_it_is_kept_without_outputs() -> None:
    notebook = nbformat.read(_PATH, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert not re.search(r"/(home|root|tmp|work|Users)/|[A-Z]:\\\\", _PATH.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_it_says_what_to_install(cells: list[Any]) -> None:
    assert "pip install jupyterlab matplotlib" in cells[0].source


@pytest.mark.slow
def test_every_chart_is_drawn_and_nothing_is_warned_of(cells: list[Any]) -> None:
    outputs = [output for cell in cells[:-1] if cell.cell_type == "code" for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 4
    assert [output.text for output in outputs if output.output_type == "stream"] == []


@pytest.mark.slow
def test_balances_are_those_of_the_summary(lake: Lake, figures: Mapping[str, Any]) -> None:
    rows = lake.read_table("balance_summary_1").to_pylist()
    ending = [row for row in rows if row["category"] == "ending_balance"]
    assert len(ending) >= _DAYS
    for row in ending:
        assert Decimal(figures["ending"][str(row["date"])][row["currency"]]) == row["net_amount"]


@pytest.mark.slow
def test_fees_are_exact_sums_of_the_charges(lake: Lake, figures: Mapping[str, Any]) -> None:
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for row in lake.read_table("balance_change_from_activity_itemized_3").to_pylist():
        if row["reporting_category"] == "charge":
            added = Decimal(1), row["gross"], row["fee"]
            sums[row["currency"]] = [a + b for a, b in zip(sums[row["currency"]], added, strict=True)]
    assert sums.keys() == figures["fees"].keys()
    for currency, (charges, gross, fee) in sums.items():
        found = {name: Decimal(value) for name, value in figures["fees"][currency].items()}
        assert found == {
            "charges": charges,
            "gross": gross,
            "fee": fee,
            "basis_points": round(10_000 * fee / gross, 1),
        }


@pytest.mark.slow
def test_every_payout_is_the_sum_of_its_transactions(lake: Lake, figures: Mapping[str, Any]) -> None:
    contents = lake.read_table("payout_reconciliation_itemized_5").to_pylist()
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in contents:
        sums[row["currency"]] += row["net"]
    assert {name: Decimal(amount) for name, amount in figures["amounts"].items()} == dict(sums)
    assert figures["differences"] == ["0"]


@pytest.mark.slow
def test_outcomes_are_counted_and_the_worst_of_a_day_is_shown(figures: Mapping[str, Any]) -> None:
    rows = zip(*figures["outcomes"].values(), strict=True)
    assert sorted(map(tuple, rows)) == [
        ("I10", "not_applicable", _DAYS),
        ("I9", "broken", 1),
        ("I9", "holds", 2 * _DAYS - 1),
    ]
    assert figures["worst"] == [0] * (_DAYS - 1) + [3]


def test_the_lake_may_be_named_by_the_variable(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = nbformat.read(_PATH, as_version=4).cells[1].source
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STRIPE_REPORTS_LAKE", raising=False)
    with pytest.raises(FileNotFoundError, match="run `stripe-reports demo --days 30`, or set"):
        exec(source, {})
    monkeypatch.setenv("STRIPE_REPORTS_LAKE", lake.root)
    names: dict[str, Any] = {}
    exec(source, names)
    assert names["lake"].root == lake.root
