"""What is in a result: columns, time zones, filters, Stripe's CSV dialect."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from stripe_reports.catalog import PRESETS, REPORT_TYPES
from stripe_reports.sandbox import Sandbox
from stripe_reports.sandbox.reports import REPORT_BODIES
from stripe_reports_tests.sandbox.support import DAY, NOW, Client, clock_at, midnight, read_csv

ACTIVITY = "balance_change_from_activity.itemized.3"
RECONCILIATION = "payout_reconciliation.itemized.5"
FIRST = midnight(date(2025, 1, 1))
SPRING = midnight(date(2025, 3, 1))
MONTH = (SPRING, SPRING + 31 * DAY)


def test_the_core_reports_are_played() -> None:
    assert set(PRESETS["core"]) <= set(REPORT_BODIES)


def test_columns_come_as_requested(client: Client) -> None:
    columns = ["net", "payment_metadata[order_id]", "balance_transaction_id", "refund_metadata[no such key]"]
    report = client.report(ACTIVITY, SPRING, SPRING + DAY, columns=columns)
    assert report.header == columns
    orders = [row["payment_metadata[order_id]"] for row in report.rows]
    assert any(order and order.startswith("order-") for order in orders)
    assert {row["refund_metadata[no such key]"] for row in report.rows} == {None}


def test_without_columns_come_the_documented_ones(client: Client) -> None:
    assert (
        tuple(client.report(ACTIVITY, SPRING, SPRING + DAY).header) == REPORT_TYPES[ACTIVITY].default_columns
    )


def test_without_documented_ones_come_all(client: Client) -> None:
    id_ = "ending_balance_reconciliation.itemized.4"
    assert REPORT_TYPES[id_].default_columns is None
    assert tuple(client.report(id_, SPRING).header) == REPORT_TYPES[id_].columns


def test_names_and_numbers_are_quoted_and_lines_end_with_lf(client: Client) -> None:
    report = client.report("balance_change_from_activity.summary.1", SPRING, SPRING + DAY)
    first, second, *_ = report.content.split(b"\n")
    assert first == b'"reporting_category","currency","count","gross","fee","net"'
    assert second.startswith(b'"charge","usd","')
    assert report.content.endswith(b'"\n')
    assert not report.content.startswith(b"\xef\xbb\xbf")


def test_null_is_bare_and_an_empty_text_is_quoted(client: Client) -> None:
    report = client.report(ACTIVITY, *MONTH, columns=["currency", "description", "net"])
    assert {None, ""} < {row["description"] for row in report.rows}
    assert b'",,"' in report.content
    assert b'","","' in report.content


def test_free_text_is_as_bad_as_it_gets(client: Client) -> None:
    rows = client.report(ACTIVITY, *MONTH, columns=["description", "customer_name"]).rows
    texts = {text for row in rows for text in row.values() if text}
    joined = "".join(texts)
    for needle in (",", '"', "\n", "\r\n", "\t", "\\"):
        assert needle in joined
    assert max(map(ord, joined)) > 0xFFFF, "beyond the basic plane"
    assert {"R", "AL", "NSM"} <= {unicodedata.bidirectional(c) for c in joined}, "right to left, combining"
    assert {"NULL", "0042"} <= texts, "text that looks like something else"


def test_an_empty_result_is_a_header(client: Client) -> None:
    quiet = next(
        day
        for day in range(SPRING, SPRING + 60 * DAY, DAY)
        if not client.report(ACTIVITY, day, day + DAY, columns=["net"]).rows
    )
    assert client.report(ACTIVITY, quiet, quiet + DAY, columns=["net", "fee"]).content == b'"net","fee"\n'
    summary = client.report("balance_change_from_activity.summary.1", quiet, quiet + DAY)
    assert summary.rows == []


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"])
@pytest.mark.parametrize("id_", [ACTIVITY, RECONCILIATION])
def test_local_columns_follow_the_time_zone_and_nothing_else_does(
    client: Client, id_: str, zone: str
) -> None:
    march = (midnight(date(2025, 3, 28)), midnight(date(2025, 4, 2)))  # clocks change in Berlin on the 30th
    columns = REPORT_TYPES[id_].columns
    utc, local = (client.report(id_, *march, columns=columns, timezone=z).rows for z in ("UTC", zone))
    twins = [c for c in columns if f"{c}_utc" in columns]
    assert twins
    assert len(utc) == len(local) > 50
    for before, after in zip(utc, local, strict=True):
        for column in columns:
            if column not in twins:
                assert after[column] == before[column]
            elif (stamp := before[column]) is not None:
                instant = datetime.fromisoformat(stamp).replace(tzinfo=UTC)
                assert before[f"{column}_utc"] == stamp
                assert after[column] == f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def test_local_stamps_jump_over_the_lost_hour(client: Client) -> None:
    day = midnight(date(2025, 3, 30))
    columns = ["created_utc", "created"]
    rows = client.report(ACTIVITY, day, day + DAY, columns=columns, timezone="Europe/Berlin").rows
    offsets = {datetime.fromisoformat(r["created"]) - datetime.fromisoformat(r["created_utc"]) for r in rows}
    assert {offset.total_seconds() for offset in offsets} == {3600, 7200}


def test_the_balance_summary_names_local_days(client: Client) -> None:
    rows = client.report("balance.summary.1", SPRING, SPRING + DAY, timezone="Asia/Tokyo").rows
    descriptions = [row["description"] for row in rows]
    assert descriptions[0] == "Starting balance (2025-03-01)"
    assert "Ending balance (2025-03-02)" in descriptions


def test_where_no_payout_arrives_the_payout_rows_have_no_currency(client: Client) -> None:
    saturday = midnight(date(2025, 3, 1))
    rows = client.report("balance.summary.1", saturday, saturday + DAY).rows
    payouts = [row for row in rows if row["category"].startswith("payouts")]
    assert [(r["category"], r["net_amount"], r["currency"]) for r in payouts] == [
        ("payouts_gross", "0.00", None),
        ("payouts_fee", "0.00", None),
        ("payouts", "0.00", None),
    ]
    assert [r["currency"] for r in rows if r["category"] == "activity"] == ["usd", "eur", "kwd", "jpy"]


def test_filters_keep_the_matching_rows(client: Client) -> None:
    columns = ["currency", "reporting_category", "net"]
    everything = client.report(ACTIVITY, *MONTH, columns=columns).rows
    kwd = client.report(ACTIVITY, *MONTH, columns=columns, currency="kwd").rows
    refunds = client.report(ACTIVITY, *MONTH, columns=columns, reporting_category="refund").rows
    assert kwd == [r for r in everything if r["currency"] == "kwd"] != []
    assert refunds == [r for r in everything if r["reporting_category"] == "refund"] != []
    for id_ in ("payouts.itemized.3", "payouts.summary.1", "balance.summary.1"):
        assert {r["currency"] for r in client.report(id_, *MONTH, currency="jpy").rows} == {"jpy"}


def test_a_comma_can_separate_the_decimals(client: Client) -> None:
    rows = [
        client.report(ACTIVITY, *MONTH, columns=["net"], decimal_separator=separator).rows
        for separator in (".", ",")
    ]
    assert [r["net"].replace(",", ".") for r in rows[1]] == [r["net"] for r in rows[0]]
    assert any("," in r["net"] for r in rows[1])


def test_decimals_follow_the_currency(client: Client) -> None:
    scales: dict[str, set[int]] = {}
    for row in client.report(ACTIVITY, *MONTH, columns=["currency", "gross", "fee", "net"]).rows:
        for column in ("gross", "fee", "net"):
            scales.setdefault(row["currency"], set()).add(-int(Decimal(row[column]).as_tuple().exponent))
    assert scales == {"usd": {2}, "eur": {2}, "jpy": {0}, "kwd": {3}}


def test_one_payout_by_its_id(client: Client) -> None:
    (payout, *_) = client.report("payouts.itemized.3", *MONTH).rows
    rows = client.report("payout_reconciliation.by_id.itemized.4", payout=payout["payout_id"]).rows
    assert sum(Decimal(r["net"]) for r in rows) == Decimal(payout["net"])
    assert {r["automatic_payout_id"] for r in rows} == {payout["payout_id"]}


def test_payout_columns_of_activity_fill_in_once_the_payout_is_effective() -> None:
    """What is paid on June 26 reaches the bank on July 1: not known on June 29, known on July 2."""
    day = midnight(date(2025, 6, 26))
    columns = ["balance_transaction_id", "currency", "net", "automatic_payout_id"]
    pulls = []
    for later in (3, 6):
        now = day + later * DAY + 12 * 3600
        with Sandbox(port=0, files_port=0, latency=0, now=clock_at(now)) as sandbox:
            pulls.append(Client(sandbox).report(ACTIVITY, day, day + DAY, columns=columns).rows)
    early, late = pulls
    assert {r["automatic_payout_id"] for r in early} == {None}
    assert None not in {r["automatic_payout_id"] for r in late}
    assert [{**r, "automatic_payout_id": None} for r in late] == early


def test_the_same_seed_is_the_same_bytes_whenever_and_in_whatever_order() -> None:
    days = [SPRING + number * DAY for number in range(8)]
    results = []
    for order, later in ((days, 0), (days[::-1], 100 * DAY)):
        sandbox = Sandbox(port=0, files_port=0, latency=0, seed=7, now=clock_at(NOW + later))
        with sandbox:
            client = Client(sandbox)
            results.append(
                {
                    (id_, day): client.report(id_, *((day,) if "ending" in id_ else (day, day + DAY))).content
                    for day in order
                    for id_ in PRESETS["core"]
                }
            )
    assert results[0] == results[1]
    assert any(len(content) > 1000 for content in results[0].values())


def test_the_reader_of_these_tests_is_strict() -> None:
    assert read_csv('"a",,""\n"b""c",,"d\ne"\n') == [["a", None, ""], ['b"c', None, "d\ne"]]
    for broken in ("a,b\n", '"a"', '"a"b\n', '"a"\r\n'):
        with pytest.raises(AssertionError):
            read_csv(broken)
