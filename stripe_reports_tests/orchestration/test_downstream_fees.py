"""`daily_fees`: what payments cost."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import dagster as dg
import pytest

from stripe_reports.lake import Lake
from stripe_reports.orchestration.books.downstream.daily_fees import effective_cost_bps, fees_by_currency
from stripe_reports_tests.close.landed_month import (
    ACTIVITY,
)
from stripe_reports_tests.orchestration.downstream_support import (
    DAY,
    READS,
    activity,
    materialize_downstream,
    put,
)
from stripe_reports_tests.orchestration.support import facts


def test_fees_are_told_apart_and_held_against_the_volume_of_payments(tmp_path: Path) -> None:
    lake = Lake.open(str(tmp_path))
    rows = [
        activity("charge", "100", "3.20"),
        activity("charge", "60", "2"),
        activity("partial_capture_reversal", "-10", "0"),
        activity("charge_failure", "-50", "-1.75"),
        activity("refund", "-20"),
        activity("refund_failure", "5"),
        activity("dispute", "-30", "15"),
        activity("fee", "-1.25"),
        activity("network_cost", "-0.005991"),
        activity("tax", "-0.30"),
        activity("other_adjustment", "7"),
        activity("refund", "-4", currency="jpy"),
    ]
    put(lake, ACTIVITY, rows)
    jpy, usd = fees_by_currency(lake, READS, DAY).to_pylist()
    assert {name: str(value.normalize()) for name, value in usd.items() if isinstance(value, Decimal)} == {
        "payments_volume": "1E+2",
        "refunds": "-15",
        "payment_fees": "3.45",
        "other_transaction_fees": "15",
        "own_fees": "1.255991",
        "total_fees": "19.705991",
        "taxes": "0.3",
        "effective_cost_bps": "1970.5991",
    }
    assert usd["payments"] == 2
    assert (jpy["payments_volume"], jpy["refunds"], jpy["effective_cost_bps"]) == (0, -4, None)


@pytest.mark.parametrize(
    ("fees", "volume", "bps"),
    [
        (29, 1000, "290"),
        (1, 3, "3333.3333"),
        (2, 3, "6666.6667"),
        (1, 2 * 10**8, "0"),  # 0.00005 lies between two even neighbours
        (3, 2 * 10**8, "0.0002"),
        (-3, 2 * 10**8, "-0.0002"),
        (10**38, 3, "333333333333333333333333333333333333333333.3333"),
        (0, 5, "0"),
        (5, 0, None),
        (5, -1, None),
    ],
)
def test_basis_points_are_exact_until_they_are_rounded_half_to_even(
    fees: int, volume: int, bps: str | None
) -> None:
    assert effective_cost_bps(fees, volume) == (None if bps is None else Decimal(bps))


def test_the_ui_plots_basis_points_as_numbers_and_fees_in_minor_units(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    lake = Lake.open(str(tmp_path))
    rows = [activity("charge", "99.99", "3.20"), activity("fee", "-1.005", currency="kwd")]
    put(lake, ACTIVITY, [*rows, activity("charge", "3000", "87", currency="jpy")])
    result = materialize_downstream(lake, instance, "daily_fees", [DAY])
    assert result.success
    assert facts(result)
    for (_, day), about in facts(result).items():
        for row in lake.read_table("daily_fees", [date.fromisoformat(day)]).to_pylist():
            currency, bps = row["currency"], row["effective_cost_bps"]
            digits = {"jpy": 0, "kwd": 3}.get(currency, 2)
            assert about[f"total_fees_{currency}_minor_units"] == row["total_fees"] * 10**digits
            assert about.get(f"effective_cost_bps_{currency}") == (None if bps is None else float(bps))
