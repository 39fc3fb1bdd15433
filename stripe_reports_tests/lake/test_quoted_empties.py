"""`""` is no value of an amount, an instant, a number or a boolean: it is null there, and is counted."""

from __future__ import annotations

import json
from datetime import date

import pytest

from stripe_reports.errors import CsvError, LakeError
from stripe_reports.lake import Csv, DayColumn, ExpectedColumns, Lake
from stripe_reports_tests.lake.support import DAY, ITEMIZED, TABLE, column_of, land, stripe_csv, table_of
from stripe_reports_tests.lake.tampering import proven, refuted, rewrite, with_value

_TYPED = ["gross", "created", "created_utc", "booked_date", "count", "card_present"]
_VALUES = ["1.50", "2025-09-01 10:00:00", "2025-09-01 10:00:00", "2025-09-01", "7", "true"]


@pytest.mark.parametrize(("column", "value"), [*zip(_TYPED, _VALUES, strict=True)])
@pytest.mark.parametrize("block_bytes", [8, 1 << 20])
def test_in_a_typed_column_it_is_null(column: str, value: str, block_bytes: int) -> None:
    nulls = column_of(column, ["", value, "", None], block_bytes=block_bytes)
    assert nulls == column_of(column, [None, value, None, None])
    assert column_of(column, ["", ""], block_bytes=block_bytes) == [None, None]


def test_in_a_text_it_stays_what_it_is() -> None:
    header = b"payout_id,balance_transaction_id,currency,fee,gross,description\n"
    row = table_of(header + b'"po_A1","txn_B2","usd","-0.40","",\n"po_A1","","usd",,"1",""\n').to_pydict()
    assert row["gross"][0] is None
    assert row["description"] == [None, ""]
    assert row["balance_transaction_id"] == ["txn_B2", ""]


def test_they_are_counted_by_column_and_the_second_reader_agrees(lake: Lake) -> None:
    header = ["description", "payment_metadata[a]", *_TYPED]
    rows = [
        ["", "", *_VALUES],
        ["", None, *[""] * 6],
        [None, None, "", *[None] * 5],
        ["x", "", "2", *[""] * 5],
    ]
    landed = land(lake, stripe_csv(header, rows))
    counts = {"gross": 2, **dict.fromkeys(_TYPED[1:], 2)}
    assert landed.quoted_empties == counts
    assert json.loads(lake.provenance(TABLE, DAY)["quoted_empties"]) == counts
    file = lake.landed(TABLE, DAY)
    assert file is not None
    assert file.table == landed
    assert proven(lake).values == 4 * 8


def test_a_value_in_their_place_is_no_proof(lake: Lake) -> None:
    land(lake, stripe_csv(["description", "count"], [("x", ""), ("y", "1")]))
    rewrite(lake, with_value("count", 0, 0))
    assert refuted(lake).startswith("line 2, column 'count': the CSV says '' and the table 0;")


def test_where_there_are_none_the_footer_is_silent(lake: Lake) -> None:
    assert land(lake, stripe_csv(["description", "gross"], [("", None)])).quoted_empties == {}
    assert "quoted_empties" not in lake.provenance(TABLE, DAY)


def test_those_of_several_csvs_are_added_up_and_each_of_several_days_has_those_of_its_csv(lake: Lake) -> None:
    csv = stripe_csv(["created_utc", "gross"], [("2025-09-01 10:00:00", ""), ("2025-09-02 10:00:00", "")])
    landed = lake.land(ITEMIZED, DAY, [Csv([csv]), Csv([csv])], expected=ExpectedColumns(), facts={})
    assert landed.quoted_empties == {"gross": 4}
    days = [date(2025, 9, 1), date(2025, 9, 2)]
    of_days = lake.land_days(
        ITEMIZED,
        days,
        Csv([csv]),
        day_column=DayColumn("created_utc", "UTC"),
        expected=ExpectedColumns(),
        facts={},
    )
    assert [of_days[day].quoted_empties for day in days] == [{"gross": 2}] * 2
    assert [proven(lake, day).rows for day in days] == [1, 1]


def test_a_value_that_does_not_fit_is_named_among_them() -> None:
    with pytest.raises(CsvError, match=r"^line 4, column 'gross': 'x' is not a decimal"):
        column_of("gross", ["", "", "x", ""])


@pytest.mark.parametrize("fact", ["many", "[1]", '{"gross": "2"}'])
def test_a_footer_that_does_not_count_is_damaged(lake: Lake, fact: str) -> None:
    land(lake, stripe_csv(["gross"], [("1",)]))
    rewrite(lake, lambda table: table, {"quoted_empties": fact})
    with pytest.raises(LakeError, match="as quoted empties; materialize that day again"):
        lake.landed(TABLE, DAY)
