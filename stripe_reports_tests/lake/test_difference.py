"""Two tables are compared row by row: exactly, whatever the order of their rows."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_reports.catalog import REPORT_TYPES, column_type
from stripe_reports.errors import LakeError
from stripe_reports.lake.parsing.schema import ARROW_TYPES
from stripe_reports.lake.reading.difference import Difference, difference

_ACTIVITY = "balance_change_from_activity.itemized.3"
_PAYOUTS = "payouts.itemized.3"
_FEES = "all_fees.incurred_at.itemized.2"
_SUMMARY = "payouts.summary.1"
_TAX = "tax.transactions.itemized.2"

Row = Mapping[str, Any]


def _file(rows: Sequence[Row], columns: Sequence[str], **write: Any) -> pq.ParquetFile:
    schema = pa.schema([(name, ARROW_TYPES[column_type(name)]) for name in columns])
    table = pa.Table.from_pylist([{name: row.get(name) for name in columns} for row in rows], schema=schema)
    memory = io.BytesIO()
    pq.write_table(table, memory, **write)
    return pq.ParquetFile(memory)


def _compare(report_type: str, before: Sequence[Row], after: Sequence[Row], *columns: str) -> Difference:
    names = columns or tuple(dict.fromkeys(name for row in (*before, *after) for name in row))
    return difference(REPORT_TYPES[report_type], _file(before, names), _file(after, names))


def _transaction(number: int, **others: Any) -> Row:
    return {
        "balance_transaction_id": f"txn_{number}",
        "currency": "usd",
        "net": Decimal("1.50"),
        "automatic_payout_id": None,
        "customer_email": "",
        "created_utc": datetime(2025, 9, 1, number, tzinfo=UTC),
        "is_link": None,
        **others,
    }


_ROWS = [_transaction(number) for number in range(1, 5)]


def test_the_same_rows_are_unchanged() -> None:
    found = _compare(_ACTIVITY, _ROWS, _ROWS)
    assert found.unchanged
    assert not found.amounts_changed
    assert (found.rows_added, found.rows_removed, found.rows_changed, found.changed_columns) == (0, 0, 0, {})
    assert found.key == (), "no row had to be found again"


def test_the_order_of_rows_does_not_count() -> None:
    found = _compare(_ACTIVITY, _ROWS, _ROWS[::-1])
    assert found.unchanged
    assert found.key == ("balance_transaction_id",)


def test_a_row_with_other_texts_is_one_changed_row_and_counts_in_each_of_its_columns() -> None:
    after = [_ROWS[3], _transaction(1, automatic_payout_id="po_1", customer_email="a@b"), *_ROWS[1:3]]
    found = _compare(_ACTIVITY, _ROWS, [*after[:-1], _transaction(3, automatic_payout_id="po_1")])
    assert (found.rows_added, found.rows_removed, found.rows_changed) == (0, 0, 2)
    assert found.changed_columns == {"automatic_payout_id": 2, "customer_email": 1}
    assert not found.unchanged
    assert not found.amounts_changed


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("customer_email", (None, "")),
        ("customer_email", ("", None)),
        ("automatic_payout_id", ("po_1", None)),
        ("net", (None, Decimal(0))),
        ("net", (Decimal("0.000000000000000001"), Decimal(0))),
        ("is_link", (None, False)),
        ("created_utc", (None, datetime(1970, 1, 1, tzinfo=UTC))),
    ],
)
def test_null_and_the_least_of_differences_are_differences(column: str, values: tuple[Any, Any]) -> None:
    before, after = ([_transaction(1, **{column: value}), _ROWS[2]] for value in values)
    found = _compare(_ACTIVITY, before, after)
    assert (found.rows_changed, found.changed_columns) == (1, {column: 1})
    assert found.amounts_changed == (column == "net")


def test_rows_that_come_and_go_are_added_and_removed_and_the_days_sums_may_have_moved() -> None:
    found = _compare(_ACTIVITY, _ROWS[:3], [_ROWS[3], _transaction(2, customer_email="x"), _transaction(9)])
    assert (found.rows_added, found.rows_removed, found.rows_changed) == (2, 2, 1)
    assert found.changed_columns == {"customer_email": 1}
    assert found.amounts_changed


def test_rows_that_come_and_go_without_amounts_change_none() -> None:
    rows = [{"payout_id": f"po_{number}", "description": "x"} for number in range(3)]
    found = _compare(_PAYOUTS, rows, rows[1:])
    assert (found.key, found.rows_removed, found.amounts_changed) == (("payout_id",), 1, False)


@pytest.mark.parametrize(("before", "after"), [(_ROWS, []), ([], _ROWS), ([], [])])
def test_a_table_without_rows_is_a_table(before: Sequence[Row], after: Sequence[Row]) -> None:
    found = _compare(_ACTIVITY, before, after, *_ROWS[0])
    assert (found.rows_added, found.rows_removed, found.rows_changed) == (len(after), len(before), 0)
    assert found.amounts_changed == bool(before or after)


def test_a_payout_that_comes_back_is_found_by_its_balance_transaction() -> None:
    before = [{"payout_id": "po_1", "balance_transaction_id": "txn_1", "payout_status": "paid"}]
    back = {"payout_id": "po_1", "balance_transaction_id": "txn_2", "payout_status": None}
    found = _compare(_PAYOUTS, before, [back, {**before[0], "payout_status": "failed"}])
    assert found.key == ("balance_transaction_id",)
    assert (found.rows_added, found.rows_changed, found.changed_columns) == (1, 1, {"payout_status": 1})


def test_without_that_column_it_is_found_by_its_id_and_its_category() -> None:
    before = [{"payout_id": "po_1", "reporting_category": "payout", "net": Decimal(-1)}]
    back = {"payout_id": "po_1", "reporting_category": "payout_reversal", "net": Decimal(1)}
    found = _compare(_PAYOUTS, before, [back, *before])
    assert found.key == ("payout_id", "reporting_category")
    assert (found.rows_added, found.rows_removed, found.rows_changed) == (1, 0, 0)


def test_an_id_that_is_null_somewhere_identifies_nothing() -> None:
    before = [{"balance_transaction_id": id_, "description": id_} for id_ in ("txn_1", None)]
    found = _compare(_ACTIVITY, before, [{**before[0], "description": "x"}, before[1]])
    assert (found.key, found.rows_added, found.rows_removed, found.rows_changed) == ((), 1, 1, 0)


@pytest.mark.parametrize("twice", [0, 1])
def test_an_id_that_two_rows_share_in_either_table_identifies_nothing(twice: int) -> None:
    tables = [[_ROWS[0], _ROWS[1]], [_ROWS[0], _ROWS[1]]]
    tables[twice] = [_ROWS[0], _ROWS[0]]
    found = _compare(_ACTIVITY, *tables)
    assert (found.key, found.rows_added, found.rows_removed) == ((), 1, 1)


def test_a_line_of_tax_is_found_by_its_jurisdiction_if_the_line_has_several() -> None:
    before = [
        {"id": "taxtxn_1", "line_item_id": line, "jurisdiction_level": level, "tax_rate": Decimal("0.08")}
        for line in ("li_1", None)
        for level in ("state", "county")
    ]
    after = [*before[:3], {**before[3], "tax_rate": Decimal("0.09")}]
    found = _compare(_TAX, before, after)
    assert found.key == ("id", "line_item_id", "jurisdiction_level")
    assert (found.rows_changed, found.changed_columns, found.amounts_changed) == (1, {"tax_rate": 1}, True)


def test_a_sum_is_found_by_all_that_it_is_about_where_null_is_a_value_too() -> None:
    sums = [
        {"reporting_category": "payout", "currency": currency, "count": 1, "net": Decimal(5)}
        for currency in ("usd", "", None)
    ]
    found = _compare(_SUMMARY, sums, [*sums[1:], {**sums[0], "count": 2, "net": Decimal(4)}])
    assert found.key == ("reporting_category", "currency")
    assert (found.rows_changed, found.changed_columns) == (1, {"count": 1, "net": 1})
    assert found.amounts_changed


def _fee(**others: Any) -> Row:
    return {
        "currency": "usd",
        "amount": Decimal("0.3"),
        "settled_via": None,
        "fee_description": "x",
        **others,
    }


def test_equal_lines_of_fees_are_genuine_and_counted() -> None:
    found = _compare(_FEES, [_fee(), _fee(), _fee(amount=Decimal(2))], [_fee(amount=Decimal(2)), _fee()])
    assert (found.key, found.rows_added, found.rows_removed, found.rows_changed) == ((), 0, 1, 0)
    assert found.amounts_changed


def test_a_fee_with_a_text_filled_in_later_is_another_row_with_the_same_amounts() -> None:
    found = _compare(_FEES, [_fee(), _fee()], [_fee(settled_via="invoice"), _fee()])
    assert (found.rows_added, found.rows_removed, found.amounts_changed) == (1, 1, False)


@pytest.mark.parametrize("other", [{"amount": Decimal("0.4")}, {"currency": "eur"}])
def test_a_fee_of_another_amount_or_currency_is_restated(other: Row) -> None:
    found = _compare(_FEES, [_fee(), _fee()], [_fee(), _fee(**other)])
    assert (found.rows_added, found.rows_removed, found.amounts_changed) == (1, 1, True)


def test_lines_are_told_apart_by_more_columns_than_a_number_of_64_bits_has_room_for() -> None:
    count = 1 << 16
    texts = ["incurred_by", "fee_description", "product", "feature_name"]
    rows = [{"amount": Decimal(n)} | dict.fromkeys(texts, f"{n}") for n in range(count)]
    after = [{**rows[0], "amount": Decimal(1)}, {**rows[1], "amount": Decimal(0)}, *rows[2:]]
    found = _compare(_FEES, rows, after)
    assert (found.rows_added, found.rows_removed) == (2, 2)
    assert not found.amounts_changed, "of all lines together they are the same"


def test_a_column_that_comes_or_goes_is_told_and_makes_no_row_a_changed_one() -> None:
    old, new = (
        ["balance_transaction_id", "net", "description"],
        ["balance_transaction_id", "net", "brand_new"],
    )
    before, after = _file(_ROWS, old), _file([{**row, "brand_new": "x"} for row in _ROWS], new)
    found = difference(REPORT_TYPES[_ACTIVITY], before, after)
    assert (found.columns_added, found.columns_removed) == (("brand_new",), ("description",))
    assert (found.rows_changed, found.amounts_changed, found.unchanged) == (0, False, False)


def test_a_column_of_another_type_is_another_column() -> None:
    memory = io.BytesIO()
    pq.write_table(pa.table({"balance_transaction_id": ["txn_1"], "net": ["1.50"]}), memory)
    after = _file(_ROWS[:1], ["balance_transaction_id", "net"])
    found = difference(REPORT_TYPES[_ACTIVITY], pq.ParquetFile(memory), after)
    assert (found.columns_added, found.columns_removed, found.rows_changed) == (("net",), ("net",), 0)


def test_tables_without_a_common_column_cannot_be_compared() -> None:
    with pytest.raises(LakeError, match="no column in common"):
        difference(REPORT_TYPES[_ACTIVITY], _file(_ROWS, ["net"]), _file(_ROWS, ["fee"]))


def test_tables_of_many_row_groups_and_other_orders_are_compared_whole() -> None:
    rows = [
        {"balance_transaction_id": f"txn_{n}", "net": Decimal(n), "description": f"d{n % 7}"}
        for n in range(140_000)
    ]
    after = [*rows[1:], {"balance_transaction_id": "txn_new", "net": Decimal(1), "description": ""}]
    for changed in (0, 70_000, 139_998):
        after[changed] = {**after[changed], "net": Decimal(-1)}
    random.Random(1).shuffle(after)
    names = list(rows[0])
    old, new = _file(rows, names, row_group_size=65_536), _file(after, names, row_group_size=50_000)
    found = difference(REPORT_TYPES[_ACTIVITY], old, new)
    assert (found.rows_added, found.rows_removed, found.rows_changed) == (1, 1, 3)
    assert found.changed_columns == {"net": 3}


_VALUES = st.fixed_dictionaries(
    {
        "net": st.none() | st.decimals(-2, 2, places=1),
        "currency": st.sampled_from(["usd", "", None]),
        "description": st.sampled_from(["a", "", None]),
    }
)
_TABLES = st.dictionaries(st.integers(0, 6), _VALUES, max_size=7)


def _rows(table: Mapping[int, Row]) -> list[Row]:
    return [{"balance_transaction_id": f"txn_{id_}", **values} for id_, values in table.items()]


@settings(max_examples=60, deadline=None)
@given(_TABLES, _TABLES)
def test_rows_with_an_id_are_compared_as_a_person_would(
    before: dict[int, Row], after: dict[int, Row]
) -> None:
    names = ["balance_transaction_id", "net", "currency", "description"]
    both = [id_ for id_ in after if id_ in before]
    counts = {name: sum(before[id_][name] != after[id_][name] for id_ in both) for name in names[1:]}
    found = _compare(_ACTIVITY, _rows(before), _rows(after), *names)
    assert found.rows_added == len(after.keys() - before.keys())
    assert found.rows_removed == len(before.keys() - after.keys())
    assert found.rows_changed == sum(before[id_] != after[id_] for id_ in both)
    assert found.changed_columns == {name: count for name, count in counts.items() if count}
    assert found.amounts_changed == (before.keys() != after.keys() or counts["net"] > 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(_VALUES, max_size=8), st.lists(_VALUES, max_size=8))
def test_rows_without_an_id_are_compared_as_a_person_would(before: list[Row], after: list[Row]) -> None:
    names = ["net", "currency", "description"]

    def without(rows: list[Row], others: list[Row], *columns: str) -> list[Any]:
        left = [tuple(row[name] for name in columns) for row in rows]
        for row in others:
            values = tuple(row[name] for name in columns)
            if values in left:
                left.remove(values)
        return left

    found = _compare(_FEES, before, after, *names)
    assert found.rows_added == len(without(after, before, *names))
    assert found.rows_removed == len(without(before, after, *names))
    amounts = ("net", "currency")
    assert found.amounts_changed == bool(without(after, before, *amounts) or without(before, after, *amounts))
