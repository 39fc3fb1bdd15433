"""Several CSVs in one day, or several days in one CSV: each row is proven to be where it belongs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.catalog.report_type import unlisted_report_type
from stripe_reports.lake import Csv, DayColumn, ExpectedColumns, Lake
from stripe_reports.lake.proving import verification
from stripe_reports.lake.storage.kept_csv import read_kept_csv
from stripe_reports.lake.storage.store import Store
from stripe_reports_tests.lake.support import DAY, ITEMIZED, TABLE, land, stripe_csv
from stripe_reports_tests.lake.tampering import (
    proven,
    read_in_blocks,
    refuted,
    replace_kept,
    rewrite,
    with_value,
)

# Several CSVs in one day

_BY_PAYOUT = REPORT_TYPES["connected_account_payout_reconciliation.by_id.itemized.4"]
_PAYOUTS = [("po_1", "acct_1"), ("po_1", "acct_2"), ("po_3", "acct_1")]


def _payout_csv(number: int) -> bytes:
    return stripe_csv(["net", "currency"], [(f"{number}.{row}", "usd") for row in range(3)])


@pytest.fixture
def payouts(lake: Lake) -> Lake:
    _land_payouts(lake, _PAYOUTS)
    return lake


def _land_payouts(lake: Lake, payouts: Sequence[tuple[str, str]], runs: str = "frr_1,frr_2,frr_3") -> None:
    csvs = [
        Csv([_payout_csv(number)], None, {"payout_id": payout, "connected_account": account})
        for number, (payout, account) in enumerate(payouts)
    ]
    expected = ExpectedColumns(["net"], constant=["payout_id", "connected_account"])
    lake.land(_BY_PAYOUT, DAY, csvs, expected=expected, facts={"report_run_id": runs})


def test_several_csvs_are_proven_one_behind_the_other(payouts: Lake) -> None:
    verified = proven(payouts, table=_BY_PAYOUT.table)
    assert (verified.rows, verified.values) == (9, 36)
    assert verified.csv_bytes == 3 * len(_payout_csv(0))
    assert verified.csv_sha256.count(",") == 2


@pytest.mark.parametrize(
    ("column", "row", "value", "says"),
    [
        ("net", 4, Decimal("1.2"), "CSV 2 of 3, line 3, column 'net': the CSV says '1.1' and the table 1.2"),
        ("payout_id", 4, "po_2", "CSV 2 of 3, line 3, column 'payout_id': the table has 'po_2', and"),
        ("payout_id", 8, None, "CSV 3 of 3, line 4, column 'payout_id': the table has null, and"),
        ("connected_account", 1, "acct_2", "CSV 1 of 3, line 3, column 'connected_account': the table has"),
    ],
)
def test_a_change_in_a_table_of_several_csvs_is_named_with_its_csv(
    payouts: Lake, column: str, row: int, value: Any, says: str
) -> None:
    rewrite(payouts, with_value(column, row, value), table=_BY_PAYOUT.table)
    assert refuted(payouts, table=_BY_PAYOUT.table).startswith(says)


def test_the_csvs_in_another_order_are_found(payouts: Lake) -> None:
    digests = payouts.provenance(_BY_PAYOUT.table, DAY)["csv_sha256"].split(",")
    other = ",".join([digests[1], digests[0], digests[2]])
    rewrite(payouts, lambda table: table, {"csv_sha256": other}, table=_BY_PAYOUT.table)
    assert refuted(payouts, table=_BY_PAYOUT.table).startswith(
        "CSV 1 of 3, line 2, column 'net': the CSV says '1.0' and the table 0"
    )


def test_a_changed_csv_among_several_is_named(payouts: Lake) -> None:
    replace_kept(payouts, _payout_csv(1), _payout_csv(1).replace(b"usd", b"eur"))
    message = refuted(payouts, table=_BY_PAYOUT.table)
    assert message.startswith(f"CSV 2 of 3, _csv/{hashlib.sha256(_payout_csv(1)).hexdigest()}.csv.zst is not")
    assert "first difference: line 2, column 'currency': the CSV says 'eur' and the table 'usd'" in message


def test_two_csvs_about_one_payout_are_found(lake: Lake) -> None:
    _land_payouts(lake, [_PAYOUTS[0], _PAYOUTS[1], _PAYOUTS[0]])
    assert refuted(lake, table=_BY_PAYOUT.table).startswith(
        "CSV 3 of 3, its rows have the payout_id 'po_1' and connected_account 'acct_1' of another CSV"
    )


def test_rows_that_name_no_payout_are_found(payouts: Lake) -> None:
    def forget(table: pa.Table) -> pa.Table:
        values = [*table["payout_id"].to_pylist()[:6], None, None, None]
        return table.set_column(0, table.field(0), pa.array(values, pa.string()))

    rewrite(payouts, forget, table=_BY_PAYOUT.table)
    assert refuted(payouts, table=_BY_PAYOUT.table).startswith(
        "CSV 3 of 3, line 2, column 'payout_id': the table has null"
    )


def test_a_report_type_that_the_catalog_does_not_know_is_like_its_versions(lake: Lake) -> None:
    newer = unlisted_report_type("payout_reconciliation.by_id.itemized.9")
    csv = Csv([stripe_csv(["net"], [("1",)])], None, {"payout_id": "po_1"})
    lake.land(newer, DAY, [csv], expected=ExpectedColumns(["net"], constant=["payout_id"]), facts={})
    assert proven(lake, table=newer.table).values == 2
    other = Csv([stripe_csv(["net"], [("1",)])])
    unknown = unlisted_report_type("something.new.1")
    lake.land(unknown, DAY, [other], expected=ExpectedColumns(["net"]), facts={})
    assert proven(lake, table=unknown.table).values == 1


def test_as_many_report_runs_as_csvs_there_must_be(lake: Lake) -> None:
    _land_payouts(lake, _PAYOUTS, runs="frr_1,frr_2")
    assert "the footer names 2 report run(s) and 3 CSV(s)" in refuted(lake, table=_BY_PAYOUT.table)


def test_a_constant_column_is_no_excuse_in_a_report_that_has_none(lake: Lake) -> None:
    expected = ExpectedColumns(["gross", "payout_id"], optional=frozenset({"payout_id"}))
    lake.land(ITEMIZED, DAY, [Csv([stripe_csv(["gross"], [("1",)])])], expected=expected, facts={})
    rewrite(lake, with_value("payout_id", 0, "po_1"))
    assert "column 'payout_id': the CSV has no such column and the table has 'po_1'" in refuted(lake)


def test_a_day_without_any_payout_is_proven_to_be_empty(lake: Lake) -> None:
    expected = ExpectedColumns(["net"], constant=["payout_id"])
    lake.land(_BY_PAYOUT, DAY, [], expected=expected, facts={"report_run_id": ""})
    assert proven(lake, table=_BY_PAYOUT.table).rows == 0
    more = pa.table({"payout_id": ["po_1"], "net": pa.array([Decimal(1)], pa.decimal128(38, 18))})
    rewrite(lake, lambda _: more, {"rows": "1"}, table=_BY_PAYOUT.table)
    assert refuted(lake, table=_BY_PAYOUT.table).startswith("the table has 1 more row than the CSV")


# Several days in one CSV

_ZONE = "Europe/Berlin"
_DAYS = [date(2025, 10, 25) + timedelta(days=n) for n in range(3)]  # the second one has 25 hours
_SPLIT_HEADER = ["balance_transaction_id", "created_utc", "created", "gross"]


def _split_row(number: int, instant: datetime) -> tuple[str, str, str, str]:
    local = instant.astimezone(ZoneInfo(_ZONE))
    return f"txn_{number}", f"{instant:%Y-%m-%d %H:%M:%S}", f"{local:%Y-%m-%d %H:%M:%S}", f"{number}.50"


_FIRST = datetime(2025, 10, 25, tzinfo=ZoneInfo(_ZONE)).astimezone(UTC)
# Every 20 minutes, but in two turns, so that days are mixed.
_SPLIT = stripe_csv(
    _SPLIT_HEADER,
    [_split_row(n, _FIRST + timedelta(minutes=20 * n)) for turn in (0, 1) for n in range(turn, 73 * 3, 2)],
)


@pytest.fixture(params=["created_utc", "created"])
def split(lake: Lake, request: pytest.FixtureRequest) -> Lake:
    _land_split(lake, request.param)
    return lake


def _land_split(lake: Lake, column: str) -> None:
    lake.land_days(
        ITEMIZED,
        _DAYS,
        Csv([_SPLIT]),
        day_column=DayColumn(column, _ZONE),
        expected=ExpectedColumns(),
        facts={"report_run_id": "frr_1"},
    )


def _count_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    reads: list[str] = []

    def counted(store: Store, root: str, sha256: str) -> Iterator[bytes]:
        reads.append(sha256)
        return read_kept_csv(store, root, sha256)

    monkeypatch.setattr(verification, "read_kept_csv", counted)
    return reads


@pytest.mark.parametrize("block_chars", [100, 1 << 20])
def test_days_of_one_csv_are_proven_in_one_pass(
    split: Lake, monkeypatch: pytest.MonkeyPatch, block_chars: int
) -> None:
    read_in_blocks(monkeypatch, block_chars)
    reads = _count_reads(monkeypatch)
    verified = list(split.verify(TABLE))
    assert [(day.day, day.rows, day.error) for day in verified] == [
        (_DAYS[0], 72, None),
        (_DAYS[1], 75, None),
        (_DAYS[2], 72, None),
    ]
    assert {day.csv_bytes for day in verified} == {len(_SPLIT)}
    assert len(reads) == 1


def test_one_day_of_a_csv_is_proven_alone(split: Lake) -> None:
    assert proven(split, _DAYS[1]).rows == 75


def test_a_difference_in_one_day_leaves_the_others_proven(split: Lake) -> None:
    transaction = split.read_table(TABLE, [_DAYS[1]])["balance_transaction_id"][40].as_py()
    (line,) = (number for number, row in enumerate(_SPLIT.splitlines(), 1) if transaction.encode() in row)
    rewrite(split, with_value("gross", 40, Decimal(0)), day=_DAYS[1])
    first, second, third = split.verify(TABLE)
    assert (first.error, third.error) == (None, None)
    assert f"line {line}, column 'gross': the CSV says '{transaction[4:]}.50' and" in str(second.error)


def test_a_row_in_the_wrong_day_is_found_on_both(split: Lake) -> None:
    files = {day: pq.ParquetFile(split.uri(TABLE, day)).read() for day in _DAYS}
    moved = files[_DAYS[0]].slice(71)
    rewrite(split, lambda table: table.slice(0, 71), {"rows": "71"}, day=_DAYS[0])
    rewrite(split, lambda table: pa.concat_tables([moved, table]), {"rows": "76"}, day=_DAYS[1])
    first, second, third = split.verify(TABLE)
    assert "of the CSV, and what follows, is not in the table" in str(first.error)
    assert "column 'balance_transaction_id': the CSV says " in str(second.error)
    assert third.error is None


def test_another_csv_is_found_on_every_day_of_it(split: Lake) -> None:
    replace_kept(split, _SPLIT, _SPLIT.replace(b'"0.50"', b'"0.51"'))
    messages = [str(day.error) for day in split.verify(TABLE)]
    assert all("is not the CSV that was landed" in message for message in messages)
    assert ["first difference: line 2, column 'gross'" in message for message in messages] == [
        True,
        False,
        False,
    ]
    assert [message.split(": ")[0] for message in messages] == [f"{TABLE} {day}" for day in _DAYS]


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"split_timezone": "UTC"}, "column 'balance_transaction_id': the CSV says"),
        ({"split_timezone": "Nowhere"}, "unknown time zone 'Nowhere'"),
        ({"split_timezone": None}, "unknown time zone ''"),
        ({"split_by": "net"}, "line 1: the CSV has no column 'net', which says the day of a row"),
    ],
)
def test_a_footer_that_splits_otherwise_is_found(lake: Lake, facts: dict[str, str | None], says: str) -> None:
    _land_split(lake, "created_utc")
    rewrite(lake, lambda table: table, facts, day=_DAYS[1])
    first, second, third = lake.verify(TABLE)
    assert (first.error, third.error) == (None, None)
    assert says in str(second.error)


def test_a_row_of_no_day_is_found(split: Lake) -> None:
    text = _SPLIT.splitlines()[2].split(b'"')
    replace_kept(split, _SPLIT, _SPLIT.replace(text[3], b"someday", 1).replace(text[5], b"someday", 1))
    messages = [str(day.error) for day in split.verify(TABLE)]
    assert all("first difference: line 3, column 'created" in message for message in messages)
    assert all("'someday' is not a day" in message for message in messages)


def test_a_day_that_was_landed_again_alone_stands_on_its_own_csv(split: Lake) -> None:
    own = stripe_csv(_SPLIT_HEADER, [_split_row(0, datetime(2025, 10, 26, 12, tzinfo=UTC))])
    land(split, own, day=_DAYS[1])
    assert [(day.rows, day.error) for day in split.verify(TABLE)] == [(72, None), (1, None), (72, None)]
