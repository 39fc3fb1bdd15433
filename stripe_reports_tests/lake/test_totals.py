"""What a day's amounts add up to is exact, whatever their size, and by currency."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_reports.catalog import REPORT_TYPES, ReportType, line_columns
from stripe_reports.errors import LakeError
from stripe_reports.lake import Lake
from stripe_reports.lake.reading import totals
from stripe_reports.lake.writing import table_writer
from stripe_reports_tests.lake.support import DAY, TABLE, land, stripe_csv

_Totals = Mapping[str, Mapping[str, Decimal]]
_LARGEST = "9" * 20 + "." + "9" * 18


def _totals(lake: Lake, header: Sequence[str], rows: Sequence[Sequence[str | None]]) -> _Totals:
    land(lake, stripe_csv(header, rows))
    return lake.totals(TABLE, DAY)


def _text(units: int, places: int) -> str:
    return f"{'-' * (units < 0)}{abs(units) // 10**places}.{abs(units) % 10**places:0{places}}"


_AMOUNT = st.one_of(
    st.none(),
    st.integers(1 - 10**38, 10**38 - 1).map(lambda units: _text(units, 18)),
    st.integers(-(10**6), 10**6).map(lambda units: _text(units, 2)),
    st.sampled_from([_LARGEST, f"-{_LARGEST}"]),
)
_CURRENCY = st.sampled_from(["usd", "eur", "jpy", "", None])
_CATEGORY = st.sampled_from(["charge", "total", "Total", "subtotal", "", None])


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(_CURRENCY, _CATEGORY, _AMOUNT, _AMOUNT), max_size=40),
    st.integers(1, 50),
    st.integers(1, 50),
)
def test_totals_are_the_sums_of_the_texts(
    rows: list[tuple[str | None, str | None, str | None, str | None]], batch_rows: int, group_rows: int
) -> None:
    sums: dict[str, list[Fraction]] = {}  # which are exact, and know no context
    for currency, category, *amounts in rows:
        if category != "total":
            own = sums.setdefault(currency or "", [Fraction(0), Fraction(0)])
            for number, amount in enumerate(amounts):
                own[number] += Fraction(amount or 0)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(totals, "_BATCH_ROWS", batch_rows)
        patch.setattr(table_writer, "ROW_GROUP_ROWS", group_rows)
        said = _totals(Lake.open(folder), ["currency", "reporting_category", "gross", "net"], rows)
    assert list(said) == sorted(sums)
    assert {
        currency: [Fraction(own["gross"]), Fraction(own["net"])] for currency, own in said.items()
    } == sums


def test_sums_that_arrow_would_wrap_around_are_right(lake: Lake) -> None:
    said = _totals(lake, ["currency", "gross"], [("usd", _LARGEST)] * 3)
    assert said["usd"]["gross"] == Decimal("299999999999999999999.999999999999999997")
    assert pc.sum(lake.read_table(TABLE)["gross"]).as_py() < 0, "else nothing need be widened any more"


def test_sums_of_row_groups_are_added_with_all_their_digits(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 38 digits, of which Python would keep 28.
    monkeypatch.setattr(table_writer, "ROW_GROUP_ROWS", 1)
    said = _totals(
        lake, ["currency", "net"], [("usd", "99999999999999999999"), ("usd", "0." + "0" * 17 + "1")]
    )
    assert pq.read_metadata(lake.uri(TABLE, DAY)).num_row_groups == 2
    assert str(said["usd"]["net"]) == "99999999999999999999.000000000000000001"


def test_sums_are_by_currency_and_sorted(lake: Lake) -> None:
    rows = [
        ("usd", "1.50", "-0.1"),
        ("eur", "2", None),
        ("usd", "-1", "0.3"),
        (None, "7", "8"),
        ("", "1", "1"),
    ]
    said = _totals(lake, ["currency", "gross", "fee"], rows)
    assert list(said) == ["", "eur", "usd"]
    assert said == {
        "usd": {"gross": Decimal("0.50"), "fee": Decimal("0.2")},
        "eur": {"gross": Decimal(2), "fee": Decimal(0)},
        "": {"gross": Decimal(8), "fee": Decimal(9)},
    }


def test_the_amounts_that_the_table_has_are_summed_and_nothing_else(lake: Lake) -> None:
    amounts = ["amount", "net_amount", "net", "fee", "gross"]
    others = ["count", "customer_facing_amount", "description"]
    said = _totals(lake, ["currency", *amounts, *others], [("usd", *"12345", "8", "9", "x")])
    assert said == {"usd": {name: Decimal(number) for number, name in enumerate(amounts, 1)}}


def test_an_amount_that_is_no_decimal_in_the_table_is_left_out(lake: Lake) -> None:
    header = ["currency", "gross_amount", "net_amount"]  # the first is text, as the catalog does not know it
    assert _totals(lake, header, [("usd", "1", "2")]) == {"usd": {"net_amount": Decimal(2)}}
    assert _totals(lake, header[:2], [("usd", "1")]) == {}


def test_total_rows_of_a_summary_are_left_out(lake: Lake) -> None:
    rows = [
        ("charge", "usd", "10", "9.5"),
        ("refund", "usd", "-2", "-2"),
        ("total", "usd", "8", "7.5"),
        (None, "usd", "0.25", None),
        ("total", "eur", "0", "0"),
    ]
    said = _totals(lake, ["reporting_category", "currency", "gross", "net"], rows)
    assert said == {"usd": {"gross": Decimal("8.25"), "net": Decimal("7.5")}}


def test_without_a_reporting_category_all_rows_count(lake: Lake) -> None:
    rows = [("total", "usd", "1"), ("total", "usd", "2")]
    assert _totals(lake, ["description", "currency", "net"], rows) == {"usd": {"net": Decimal(3)}}


def test_lines_that_are_not_parts_of_one_whole_are_not_added_up(lake: Lake) -> None:
    rows = [
        ("starting_balance", "eur", "4777.68"),
        ("activity", "eur", "-1904.42"),
        ("ending_balance", "eur", "2873.26"),
        ("starting_balance", "jpy", "471.00"),
        ("ending_balance", "jpy", "471.00"),
        ("payouts", None, "0.00"),
        ("payouts", "eur", "-1.00"),
        ("payouts", "eur", "-2.00"),
    ]
    assert _totals(lake, ["category", "currency", "net_amount"], rows) == {
        "": {"payouts": Decimal(0)},
        "eur": {
            "starting_balance": Decimal("4777.68"),
            "activity": Decimal("-1904.42"),
            "ending_balance": Decimal("2873.26"),
            "payouts": Decimal(-3),
        },
        "jpy": {"starting_balance": Decimal(471), "ending_balance": Decimal(471)},
    }


def test_journal_entries_are_shown_by_their_accounts(lake: Lake) -> None:
    rows = [("Cash", "Revenue", "usd", "5"), ("Cash", "Revenue", "usd", "2"), (None, "Cash", "usd", "1")]
    assert _totals(lake, ["debit", "credit", "currency", "amount"], rows) == {
        "usd": {"Cash - Revenue": Decimal(7), "none - Cash": Decimal(1)}
    }


def test_no_more_lines_are_shown_than_a_person_reads(lake: Lake) -> None:
    rows = [(f"category {number}", "usd", "1") for number in range(501)]
    assert _totals(lake, ["category", "currency", "net_amount"], rows) == {}
    assert len(_totals(lake, ["category", "currency", "net_amount"], rows[1:])["usd"]) == 500


_AMOUNTS = {"gross", "fee", "net", "gross_amount", "fee_amount", "net_amount", "amount"}
_LINES = {
    "balance.summary.1": ("category",),
    "balance.summary.2": ("category",),
    "connected_account_balance.summary.1": ("category",),
    "activity.itemized.2": ("balance_transaction_component",),
    "activity.itemized.3": ("balance_transaction_component",),
    **{
        f"revenue_recognition.debit_credit_{by}.1": ("debit", "credit")
        for by in ("by_customer", "by_invoice", "by_invoice_line_item", "by_price", "by_product", "summary")
    },
}
_WHOLE = (
    *("activity.summary", "all_fees", "balance_change_from_activity", "ending_balance_reconciliation"),
    *("payout_reconciliation", "payouts"),
)
"""Families whose rows of a currency are parts of one whole: activity, fees, balance, payouts."""


@pytest.mark.parametrize("report_type", REPORT_TYPES.values(), ids=str)
def test_of_each_report_type_it_is_decided_what_is_added_up(report_type: ReportType) -> None:
    has_totals = "currency" in report_type.columns and _AMOUNTS & set(report_type.columns)
    family = report_type.id.removeprefix("connected_account_")
    if not has_totals:
        assert report_type.id not in _LINES
    elif line_columns(report_type.columns):
        assert line_columns(report_type.columns) == _LINES[report_type.id]
    else:
        assert family.startswith(_WHOLE), "decide whether its rows are parts of one whole"


@pytest.mark.parametrize(
    ("header", "row"),
    [(["gross", "net"], ("1", "2")), (["currency", "description"], ("usd", "x"))],
    ids=["no currency", "no amount"],
)
def test_where_there_is_nothing_to_sum_there_are_no_totals(
    lake: Lake, header: list[str], row: tuple[str, str]
) -> None:
    assert _totals(lake, header, [row]) == {}


def test_a_day_without_rows_has_no_totals(lake: Lake) -> None:
    assert _totals(lake, ["currency", "gross"], []) == {}


def test_only_the_columns_that_count_are_read(lake: Lake) -> None:
    noise = random.Random(1)
    rows = [(noise.randbytes(500).hex(), "usd", "1.5") for _ in range(1000)]
    assert _totals(lake, ["description", "currency", "net"], rows) == {"usd": {"net": Decimal(1500)}}
    path = Path(lake.uri(TABLE, DAY))
    column = pq.read_metadata(path).row_group(0).column(0)
    assert column.path_in_schema == "description"
    start = column.dictionary_page_offset or column.data_page_offset
    whole = path.read_bytes()
    path.write_bytes(
        whole[:start] + bytes(column.total_compressed_size) + whole[start + column.total_compressed_size :]
    )
    assert lake.totals(TABLE, DAY) == {"usd": {"net": Decimal(1500)}}


def test_a_file_of_many_row_groups_is_summed_one_after_another(lake: Lake) -> None:
    rows = [(("usd", "eur")[n % 2], f"{n}.01") for n in range(140_000)]
    said = _totals(lake, ["currency", "gross"], rows)
    assert pq.read_metadata(lake.uri(TABLE, DAY)).num_row_groups == 3
    evens = sum(range(0, 140_000, 2))
    assert said == {"eur": {"gross": evens + 70_000 + Decimal(700)}, "usd": {"gross": evens + Decimal(700)}}


def test_a_day_that_is_not_landed_is_an_error_that_says_what_to_do(lake: Lake) -> None:
    with pytest.raises(LakeError, match=r"part-0.parquet is not landed; materialize that day first"):
        lake.totals(TABLE, DAY)


def test_rows_that_cannot_be_read_are_an_error_of_the_lake(lake: Lake) -> None:
    _totals(lake, ["currency", "gross"], [("usd", f"{n}") for n in range(1000)])
    path = Path(lake.uri(TABLE, DAY))
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + bytes(300) + whole[304:])
    with pytest.raises(LakeError, match=r"^cannot read \S+part-0.parquet: "):
        lake.totals(TABLE, DAY)
