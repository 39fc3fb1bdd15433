"""What moved is added up exactly, whatever the amounts are."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from stripe_reports.catalog import units
from stripe_reports.close.month import Month
from stripe_reports.close.movements import BookedTables, read_movements
from stripe_reports.errors import CloseError
from stripe_reports.lake import Lake
from stripe_reports_tests.close.landed_month import ACTIVITY, BALANCE, DAYS, FIRST, PAYOUTS

_MONEY = pa.decimal128(38, 18)
_TABLES = BookedTables(BALANCE, ACTIVITY, PAYOUTS)


def _lake(root: Path, amounts: list[str], currency: str | None = "usd") -> Lake:
    """Each day has a charge of each amount, and nothing else."""
    lake = Lake.open(str(root))
    gross = pa.array([Decimal(amount) for amount in amounts], _MONEY)
    text = pa.array([currency] * len(amounts), pa.string())
    rows = pa.table(
        {
            "payout_id": text,
            "currency": text,
            "reporting_category": pa.array(["charge"] * len(amounts)),
            "gross": gross,
            "fee": pa.nulls(len(amounts), _MONEY),
            "net": gross,
        }
    )
    balance = pa.schema({"category": pa.string(), "currency": pa.string(), "net_amount": _MONEY})
    for day in DAYS:
        lake.derived.put(ACTIVITY, day, rows, made_from="test")
        lake.derived.put(PAYOUTS, day, rows.slice(0, 0), made_from="test")
        lake.derived.put(BALANCE, day, balance.empty_table(), made_from="test")
    return lake


def test_a_sum_may_be_larger_than_a_column_holds(tmp_path: Path) -> None:
    amounts = ["90000000000000000000.000000000000000001"] * 3
    movements = read_movements(_lake(tmp_path, amounts), Month(FIRST), _TABLES)
    assert len(movements.activity) == len(DAYS)
    for moved in movements.activity:
        assert moved.gross == moved.net == 3 * units(Decimal(amounts[0]))
        assert (moved.fee, moved.count) == (0, 3)


@pytest.mark.parametrize("currency", [None, "", "us d", " usd", "u$d"])
def test_what_has_no_currency_cannot_be_booked(tmp_path: Path, currency: str | None) -> None:
    lake = _lake(tmp_path, ["1"], currency)
    text = f"2025-02-01: a row of {ACTIVITY} has an amount in the currency {currency!r}"
    with pytest.raises(CloseError, match=re.escape(text)):
        read_movements(lake, Month(FIRST), _TABLES)


def test_a_row_without_a_currency_and_an_amount_is_nothing_to_book(tmp_path: Path) -> None:
    assert read_movements(_lake(tmp_path, ["0", "0"], None), Month(FIRST), _TABLES).activity == []


def test_case_makes_no_other_currency(tmp_path: Path) -> None:
    booked = read_movements(_lake(tmp_path, ["1.20", "2"], "USD"), Month(FIRST), _TABLES)
    assert booked == read_movements(_lake(tmp_path, ["1.20", "2"], "usd"), Month(FIRST), _TABLES)
    assert {moved.currency for moved in booked.activity} == {"usd"}
