"""Each of the catalog's report types: it can be run, and its result is what the catalog says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from stripe_reports.catalog import REPORT_TYPES, column_type, select_report_types
from stripe_reports.sandbox.reports import REPORT_BODIES, Query, columns_of
from stripe_reports_tests.sandbox.every_type import (
    NEVER_EMPTY,
    RANGES,
    SPRING,
    ask,
    books,
    check_text,
    day_of_interest,
    live_client,
)
from stripe_reports_tests.sandbox.support import DAY, NOW, Client

_QUICK = {report_type.id for report_type in select_report_types("core, tax, connect")}


def _quick_first(ids: Iterable[str]) -> list[Any]:
    """Mark all ids but those of the most used reports as slow."""
    return [id_ if id_ in _QUICK else pytest.param(id_, marks=pytest.mark.slow) for id_ in ids]


_ADDED_UP = ("summary", "plan_level", "by_customer", "by_price", "by_product")
ADDITIVE = [id_ for id_ in RANGES if REPORT_TYPES[id_].granularity not in _ADDED_UP]
ALWAYS_NULL = frozenset(
    (
        "balance_transaction_regulatory_tag",
        "connected_account_country",
        "connected_account_direct_charge_id",
        "connected_account_id",
        "connected_account_name",
        "credit_note_number",
        "destination_id",
        "destination_payment_id",
        "destination_resolved_address_line1",
        "destination_resolved_address_line2",
        "dispute_pct_change",
        "origin_resolved_address_line2",
        "payout_reference_token",
        "payout_reversed_at",
        "payout_reversed_at_utc",
        "regulatory_tag",
        "source_transaction_id",
        "transfer_id",
    )
)
"""Of what the account does not do: no transfers, no reversed payouts, no regulatory tags."""
_UNPAID = {
    "automatic_payout_effective_at",
    "automatic_payout_effective_at_utc",
    "automatic_payout_id",
    "trace_id",
    "trace_id_status",
}
NULL_IN = {
    "connect_card_payments_fees": {"dispute_id", "refund_id"},
    "connected_account_ending_balance_reconciliation": _UNPAID,
    "ending_balance_reconciliation": _UNPAID,
}


@pytest.fixture(scope="module")
def live() -> Iterator[Client]:
    with live_client() as client:
        yield client


@pytest.fixture(scope="module")
def much_later() -> Iterator[Client]:
    """The same account, asked from another server in another year."""
    with live_client(NOW + 400 * DAY) as client:
        yield client


def test_all_of_the_catalog_is_played(live: Client) -> None:
    assert list(REPORT_BODIES) == list(REPORT_TYPES)
    listed = live.get("/v1/reporting/report_types")["data"]
    assert [each["id"] for each in listed] == list(REPORT_TYPES)


@pytest.mark.parametrize("id_", _quick_first(REPORT_TYPES))
def test_every_column_has_text_of_its_type(live: Client, id_: str) -> None:
    report_type = REPORT_TYPES[id_]
    asked = columns_of(report_type)[::-1] if report_type.takes_columns else ()
    report = ask(live, id_, SPRING, SPRING + 21 * DAY, asked)
    assert tuple(report.header) == (asked or columns_of(report_type))
    assert report.rows
    for row in report.rows:
        assert all(row[column] is not None for column in report_type.never_null)
        for column, value in row.items():
            if value is not None:
                check_text(column_type(column), value)


@pytest.mark.parametrize(
    "id_", _quick_first([i for i, each in REPORT_TYPES.items() if each.interval != "payout"])
)
def test_no_other_column_is_always_null(id_: str) -> None:
    query = Query(start=SPRING, end=SPRING + 60 * DAY, known_until=SPRING + 90 * DAY)
    rows = REPORT_BODIES[id_](books(), query)
    filled = {column for row in rows for column, value in row.items() if value is not None}
    assert set(columns_of(REPORT_TYPES[id_])) - filled <= ALWAYS_NULL | NULL_IN.get(id_.split(".")[0], set())


def _takes(id_: str) -> bool:
    return REPORT_TYPES[id_].takes_columns


@pytest.mark.parametrize("id_", _quick_first(RANGES))
def test_a_day_with_rows_and_one_without(live: Client, id_: str) -> None:
    busy = day_of_interest(id_, with_rows=True)
    assert ask(live, id_, busy, busy + DAY).rows
    if id_ in NEVER_EMPTY:
        return
    quiet = day_of_interest(id_, with_rows=False)
    empty = ask(live, id_, quiet, quiet + DAY)
    assert empty.rows == []
    assert empty.content.count(b"\n") == 1


@pytest.mark.parametrize("id_", _quick_first(REPORT_TYPES))
def test_the_same_bytes_whenever_and_wherever(live: Client, much_later: Client, id_: str) -> None:
    before = ask(live, id_, SPRING + 3 * DAY, SPRING + 9 * DAY).content
    ask(much_later, id_, SPRING + 40 * DAY, SPRING + 42 * DAY)
    assert ask(much_later, id_, SPRING + 3 * DAY, SPRING + 9 * DAY).content == before
    assert before.count(b"\n") > 1


@pytest.mark.parametrize("id_", _quick_first(ADDITIVE))
def test_adjoining_intervals_are_adjoining_rows(live: Client, id_: str) -> None:
    odd = SPRING + 4 * DAY + 40_271
    cuts = [SPRING, SPRING + 2 * DAY, SPRING + 3 * DAY, odd, odd + 1, SPRING + 9 * DAY]
    whole = ask(live, id_, cuts[0], cuts[-1]).rows
    parts = [row for start, end in pairwise(cuts) for row in ask(live, id_, start, end).rows]
    assert parts == whole
    assert len(whole) > 2


@pytest.mark.parametrize(
    "id_", _quick_first([id_ for id_ in RANGES if "timezone" in REPORT_TYPES[id_].optional_parameters])
)
def test_a_time_zone_changes_stamps_only(live: Client, id_: str) -> None:
    end = SPRING + 9 * DAY
    utc, tokyo = (ask(live, id_, SPRING, end, timezone=zone).rows for zone in ("UTC", "Asia/Tokyo"))
    assert len(utc) == len(tokyo)
    for before, after in zip(utc, tokyo, strict=True):
        for column, value in before.items():
            if value == after[column]:
                continue
            assert column_type(column) in ("timestamp", "string")
            assert column.endswith(
                ("created", "_at", "_on", "_date", "_time", "_start", "_end", "description")
            )
            assert not column.endswith("_utc")


@pytest.mark.parametrize(
    "id_",
    _quick_first([id_ for id_ in RANGES if "decimal_separator" in REPORT_TYPES[id_].optional_parameters]),
)
def test_a_comma_changes_decimals_only(live: Client, id_: str) -> None:
    end = SPRING + 9 * DAY
    dots, commas = (ask(live, id_, SPRING, end, decimal_separator=mark).rows for mark in (".", ","))
    changed = 0
    for before, after in zip(dots, commas, strict=True):
        for column, value in before.items():
            if value != after[column]:
                assert after[column].replace(",", ".") == value
                changed += 1
    assert changed


@pytest.mark.parametrize(
    "id_", _quick_first([id_ for id_ in RANGES if "currency" in REPORT_TYPES[id_].optional_parameters])
)
def test_a_currency_keeps_its_rows(live: Client, id_: str) -> None:
    end = SPRING + 9 * DAY
    columns = columns_of(REPORT_TYPES[id_]) if _takes(id_) else ()
    name = "transaction_currency" if "transaction_currency" in columns else "currency"
    every, euros = (ask(live, id_, SPRING, end, columns, **more).rows for more in ({}, {"currency": "eur"}))
    assert euros == [row for row in every if row[name] == "eur"]
    assert 0 < len(euros) < len(every)


@pytest.mark.parametrize(
    "id_",
    _quick_first([id_ for id_ in REPORT_TYPES if "decimal_format" in REPORT_TYPES[id_].optional_parameters]),
)
def test_a_decimal_format_is_echoed(live: Client, id_: str) -> None:
    run = live.create(id_, SPRING, SPRING + DAY, decimal_format="comma").json()
    assert run["parameters"]["decimal_format"] == "comma"
    amounts = {row["amount"] for row in ask(live, id_, SPRING, SPRING + DAY, decimal_format="comma").rows}
    assert any("," in amount for amount in amounts)
    refused = live.create(id_, SPRING, SPRING + DAY, decimal_format="roman")
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "parameters[decimal_format]"
