"""`payout_statements`: each payout with what it paid out, tied to its amount."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from stripe_reports import ReportLakeResource
from stripe_reports.lake import Lake
from stripe_reports.orchestration.books.downstream.payout_statements import statements
from stripe_reports.reconcile.families import Family
from stripe_reports_tests.close.landed_month import (
    DAYS,
    PAID,
    PAYOUTS,
    TABLES,
    copied,
    landed_month,
)
from stripe_reports_tests.core_lake import Rows, a_cent_off, rewrite
from stripe_reports_tests.orchestration.downstream_support import (
    DAY,
    READS,
    REPORTS,
    SUMMARY,
    activity,
    materialize_downstream,
    put,
)
from stripe_reports_tests.orchestration.support import facts, range_tags

_DAYS = DAYS[:14]


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Do not change it."""
    return landed_month(tmp_path_factory.mktemp("days") / "lake", _DAYS)


@pytest.fixture
def lake(month: Lake, tmp_path: Path) -> Lake:
    return copied(month, tmp_path / "lake")


def _payout(id_: str, net: str, *, category: str = "payout") -> dict[str, Any]:
    amounts = {name: Decimal(net) for name in ("gross", "net")} | {"fee": Decimal(0)}
    return {
        "payout_id": id_,
        "effective_at_utc": pa.scalar(0, pa.timestamp("us", tz="UTC")).as_py(),
        "currency": "usd",
        "reporting_category": category,
        **amounts,
    }


def _paid(id_: str, category: str, gross: str, fee: str = "0") -> dict[str, Any]:
    return {"automatic_payout_id": id_, **activity(category, gross, fee)}


def _statements(tmp_path: Path, payouts: Rows, paid: Rows, count: int | None = None) -> Rows:
    lake = Lake.open(str(tmp_path))
    put(lake, PAYOUTS, payouts)
    put(lake, PAID, paid)
    reads = dict(READS)
    if count is None:
        del reads[Family.PAID_SUMMARY]
    else:
        lines = [("charge", count), ("total", count)]
        put(
            lake,
            SUMMARY,
            [{"reporting_category": name, "currency": "usd", "count": times} for name, times in lines],
        )
    found: Rows = statements(lake, reads, DAY).to_pylist()
    return found


def _brief(rows: Rows) -> list[tuple[Any, ...]]:
    names = ("payout_id", "reporting_category", "count", "net", "tied", "residual", "reason")
    return [tuple(row[name] for name in names) for row in rows]


def test_each_payout_stands_with_its_transactions_by_category(tmp_path: Path) -> None:
    paid = [_paid("po_1", "charge", "10", "1"), _paid("po_1", "charge", "5"), _paid("po_1", "refund", "-4")]
    rows = _statements(tmp_path, [_payout("po_1", "10")], paid)
    assert _brief(rows) == [
        ("po_1", "charge", 2, 14, True, 0, ""),
        ("po_1", "refund", 1, -4, True, 0, ""),
    ]
    assert {(row["amount"], row["fee"]) for row in rows} == {(10, 1), (10, 0)}


def test_a_payout_that_does_not_add_up_is_there_with_its_residual(tmp_path: Path) -> None:
    rows = _statements(tmp_path, [_payout("po_1", "10")], [_paid("po_1", "charge", "9.99")])
    reason = "its transactions come to -0.01 more than its amount"
    assert _brief(rows) == [("po_1", "charge", 1, Decimal("9.99"), False, Decimal("-0.01"), reason)]


def test_a_manual_payout_has_no_transactions_and_says_so(tmp_path: Path) -> None:
    payouts, paid = [_payout("po_1", "10"), _payout("po_2", "3")], [_paid("po_1", "charge", "10")]
    rows = _statements(tmp_path, payouts, paid, count=1)
    said = ("po_2", None, 0, 0, None, None, "no transactions: a manual or instant payout")
    assert _brief(rows)[1] == said


def test_a_payout_whose_transactions_are_lost_is_not_taken_for_a_manual_one(tmp_path: Path) -> None:
    payouts, paid = [_payout("po_1", "10"), _payout("po_2", "3")], [_paid("po_1", "charge", "10")]
    rows = _statements(tmp_path, payouts, paid, count=3)
    reason = "it has no transactions, and 2 of the currency are lost by the report's summary"
    assert _brief(rows)[1] == ("po_2", None, 0, 0, False, -3, reason)


def test_a_reversal_has_no_transactions_and_its_payout_keeps_its_own(tmp_path: Path) -> None:
    payouts = [_payout("po_1", "10"), _payout("po_1", "-10", category="payout_reversal")]
    rows = _statements(tmp_path, payouts, [_paid("po_1", "charge", "10")])
    assert _brief(rows) == [
        ("po_1", "charge", 1, 10, True, 0, ""),
        ("po_1", None, 0, 0, None, None, "no transactions: a payout that came back"),
    ]


def test_a_payout_that_is_there_twice_is_not_tied(tmp_path: Path) -> None:
    payouts = [_payout("po_1", "10"), _payout("po_1", "10")]
    rows = _statements(tmp_path, payouts, [_paid("po_1", "charge", "10")])
    assert [row["tied"] for row in rows] == [False, False]


def test_transactions_whose_payout_is_not_there_are_not_hidden(tmp_path: Path) -> None:
    paid = [_paid("po_1", "charge", "10"), _paid("po_9", "charge", "2")]
    rows = _statements(tmp_path, [_payout("po_1", "10")], paid)
    assert rows[1]["amount"] is None
    assert _brief(rows)[1] == ("po_9", "charge", 1, 2, False, 2, "no payout of the day has this id")


def test_a_run_over_days_evaluates_the_check_of_each_and_names_what_is_not_tied(
    lake: Lake, instance: dg.DagsterInstance
) -> None:
    days = [day for day in _DAYS if lake.read_table(PAID, [day]).num_rows][:3]
    days = [day for day in _DAYS if days[0] <= day <= days[2]]
    broken = days[-1]
    rewrite(lake, PAID, broken, a_cent_off("net"))
    id_ = lake.read_table(PAID, [broken])["automatic_payout_id"][0].as_py()
    result = materialize_downstream(lake, instance, "payout_statements", days)
    assert result.success
    evaluations = {each.partition: each for each in result.get_asset_check_evaluations()}
    assert {day: each.passed for day, each in evaluations.items()} == {
        str(day): day != broken for day in days
    }
    assert evaluations[str(broken)].severity is dg.AssetCheckSeverity.ERROR
    told = evaluations[str(broken)].description or ""
    assert told.startswith(f"{id_}: its transactions come to 0.01")
    about = facts(result)["payout_statements", str(broken)]
    assert about["untied_payouts"] == 1
    assert about["statements"].records[0].data["payout_id"] == id_
    assert about["payouts"] == lake.read_table(PAYOUTS, [broken]).num_rows


def test_its_file_says_of_both_csvs_it_is_made(lake: Lake, instance: dg.DagsterInstance) -> None:
    assert materialize_downstream(lake, instance, "payout_statements", [_DAYS[3]]).success
    said = json.loads(lake.provenance("payout_statements", _DAYS[3])["made_from"])
    assert said == {table: lake.provenance(table, _DAYS[3])["csv_sha256"] for table in (PAYOUTS, PAID)}


def test_the_check_can_be_run_alone(lake: Lake, instance: dg.DagsterInstance) -> None:
    day = next(day for day in _DAYS if lake.read_table(PAID, [day]).num_rows)
    rewrite(lake, PAID, day, a_cent_off("net"))
    (asset,) = REPORTS.downstream("payout_statements", after_reconciliation=False)
    result = dg.materialize(
        [asset],
        selection=dg.AssetSelection.checks(dg.AssetCheckKey(asset.key, "tied")),
        tags=range_tags([day]),
        instance=instance,
        resources={"report_lake": ReportLakeResource(uri=lake.root)},
    )
    assert [each.passed for each in result.get_asset_check_evaluations()] == [False]
    assert lake.days("payout_statements") == []


@pytest.mark.parametrize("name", ["daily_activity", "daily_fees", "payout_statements"])
def test_a_day_on_which_nothing_happened_is_an_empty_table(
    lake: Lake, instance: dg.DagsterInstance, name: str
) -> None:
    for table in TABLES:
        rewrite(lake, table, _DAYS[3], lambda rows: [])
    assert materialize_downstream(lake, instance, name, [_DAYS[3]]).success
    assert lake.read_table(name, [_DAYS[3]]).num_rows == 0


def test_case_unties_no_payout(tmp_path: Path) -> None:
    paid = [{**_paid("po_1", "charge", "10"), "currency": "USD"}]
    (row,) = _statements(tmp_path, [_payout("po_1", "10")], paid)
    assert (row["currency"], row["tied"], row["reason"]) == ("usd", True, "")
