"""`daily_activity`: what moved on each day, exactly."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stripe_reports.errors import LakeError
from stripe_reports.lake import Lake
from stripe_reports.orchestration.books.downstream.daily_activity import activity_by_category
from stripe_reports_tests.close.landed_month import (
    ACTIVITY,
    DAYS,
    copied,
    landed_month,
)
from stripe_reports_tests.orchestration.conftest import failure
from stripe_reports_tests.orchestration.downstream_support import (
    DAY,
    EXACT,
    MONEY,
    READS,
    materialize_downstream,
    total,
)
from stripe_reports_tests.orchestration.support import facts

_DAYS = DAYS[:14]


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Do not change it."""
    return landed_month(tmp_path_factory.mktemp("days") / "lake", _DAYS)


@pytest.fixture
def lake(month: Lake, tmp_path: Path) -> Lake:
    return copied(month, tmp_path / "lake")


def test_a_run_over_days_makes_each_days_activity_with_its_own_facts(
    lake: Lake, instance: dg.DagsterInstance
) -> None:
    days = _DAYS[:7]
    result = materialize_downstream(lake, instance, "daily_activity", days)
    assert result.success
    told = facts(result)
    for day in days:
        rows = lake.read_table(ACTIVITY, [day]).to_pylist()
        expected = {
            key: (len(own), *(total(row[name] for row in own) for name in ("gross", "fee", "net")))
            for key in {(row["currency"], row["reporting_category"]) for row in rows}
            for own in [[row for row in rows if (row["currency"], row["reporting_category"]) == key]]
        }
        made = lake.read_table("daily_activity", [day]).to_pylist()
        keys = [(row["currency"], row["reporting_category"]) for row in made]
        assert keys == sorted(expected)
        amounts = [tuple(row[name] for name in ("count", "gross", "fee", "net")) for row in made]
        assert dict(zip(keys, amounts, strict=True)) == expected
        about = told["daily_activity", str(day)]
        assert about["dagster/partition_row_count"] == len(made)
        assert about["dagster/uri"] == lake.uri("daily_activity", day)
        assert about["transactions"] == len(rows)
        usd = total(row["net"] for row in rows if row["currency"] == "usd")
        assert about.get("net_usd_minor_units", 0) == usd * 100
    assert len(told) == len(days)


def test_its_file_says_of_which_csv_it_is_made(lake: Lake, instance: dg.DagsterInstance) -> None:
    day = _DAYS[2]
    assert materialize_downstream(lake, instance, "daily_activity", [day]).success
    made_from = lake.provenance("daily_activity", day)["made_from"]
    assert json.loads(made_from) == {ACTIVITY: lake.provenance(ACTIVITY, day)["csv_sha256"]}


def test_amounts_are_decimals_and_a_quiet_day_is_an_empty_table(lake: Lake) -> None:
    nothing = lake.read_table(ACTIVITY, [_DAYS[0]]).slice(0, 0)
    lake.derived.put(ACTIVITY, DAY, nothing.drop_columns(["date"]), made_from="test")
    empty, busy = (activity_by_category(lake, READS, day) for day in (DAY, _DAYS[0]))
    assert empty.num_rows == 0
    assert empty.schema == busy.schema
    assert {str(busy.schema.field(name).type) for name in ("gross", "fee", "net")} == {"decimal128(38, 18)"}


_ANY_AMOUNT = st.decimals(
    min_value=Decimal(-(10**20) + 1), max_value=Decimal(10**20 - 1), places=18, allow_nan=False
).map(lambda amount: amount.quantize(Decimal("1e-18"), context=EXACT))


@given(
    st.lists(
        st.tuples(st.sampled_from(["usd", "jpy", None]), st.sampled_from(["charge", "", None]), _ANY_AMOUNT),
        min_size=1,
        max_size=40,
    )
)
@example([("usd", "charge", Decimal(9 * 10**19))] * 3)  # past 128 bits
@settings(max_examples=60, deadline=None)
def test_sums_are_those_of_pythons_decimals_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str | None, str | None, Decimal]]
) -> None:
    lake = Lake.open(str(tmp_path_factory.getbasetemp() / "sums"))
    small = Decimal("1e-18")
    made = [
        {
            "currency": cur,
            "reporting_category": cat,
            "gross": amount,
            "fee": small,
            "net": small.copy_negate(),
        }
        for cur, cat, amount in rows
    ]
    types = [pa.string(), pa.string(), MONEY, MONEY, MONEY]
    names = list(made[0])
    arrays = [pa.array([row[n] for row in made], type_) for n, type_ in zip(names, types, strict=True)]
    lake.derived.put(ACTIVITY, DAY, pa.table(arrays, names=names), made_from="test")
    groups = {(cur, cat) for cur, cat, _ in rows}
    expected = {group: total(amount for cur, cat, amount in rows if (cur, cat) == group) for group in groups}
    if any(abs(total) >= 10**20 for total in expected.values()):
        with pytest.raises(LakeError, match="a sum does not fit its column"):
            activity_by_category(lake, READS, DAY)
        return
    found = activity_by_category(lake, READS, DAY).to_pylist()
    assert {(row["currency"], row["reporting_category"]): row["gross"] for row in found} == expected
    assert sum(row["count"] for row in found) == len(rows)
    assert all(row["fee"] == row["count"] * small == -row["net"] for row in found)


def test_a_day_that_has_not_landed_ends_the_run_and_the_days_before_it_are_recorded(
    lake: Lake, instance: dg.DagsterInstance
) -> None:
    Path(lake.uri(ACTIVITY, _DAYS[2])).unlink()
    result = materialize_downstream(lake, instance, "daily_activity", _DAYS[:4])
    assert not result.success
    assert str(_DAYS[2]) in failure(result)
    assert "\n" not in failure(result)
    assert set(facts(result)) == {("daily_activity", str(day)) for day in _DAYS[:2]}
