"""Days of which one report is wrong, by a cent or by a row. All other reports are as they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import stripe

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.ledger_days import PAYOUT_COLUMNS, Day, broken, fetch
from stripe_reports_tests.sandbox.support import DAY, NOW, Client, clock_at, midnight
from stripe_reports_tests.sandbox.tampered_days import ACTIVITY, ACTIVITY_COLUMNS, FRIDAY, fetch_activity

SATURDAY = date(2025, 1, 25)
START = midnight(FRIDAY)
RECONCILIATION = "payout_reconciliation.itemized.*"
OPEN = "ending_balance_reconciliation.itemized.*"
BALANCE = "balance.summary.*"


@pytest.fixture(scope="module")
def true_days(client: Client) -> list[Day]:
    return [fetch(client, START + n * DAY, PAYOUT_COLUMNS) for n in (-1, 0, 1)]


def test_a_cent_is_in_one_row_of_one_report_and_nowhere_else(
    books: tuple[Sandbox, Client], true_days: list[Day]
) -> None:
    sandbox, client = books
    sandbox.tamper(FRIDAY, "cent")
    days = [fetch(client, START + n * DAY, PAYOUT_COLUMNS) for n in (-1, 0, 1)]
    first = true_days[1].activity[0]
    off = first | {"net": str(Decimal(first["net"]) + Decimal("0.01"))}
    assert days == [
        true_days[0],
        replace(true_days[1], activity=[off, *true_days[1].activity[1:]]),
        true_days[2],
    ]


@pytest.mark.parametrize(
    ("currency", "unit"), [("usd", "0.01"), ("eur", "0.01"), ("jpy", "1"), ("kwd", "0.001")]
)
def test_a_cent_is_the_smallest_unit_of_the_currency(
    books: tuple[Sandbox, Client], currency: str, unit: str
) -> None:
    sandbox, client = books
    before = fetch_activity(client)
    sandbox.tamper(FRIDAY, "cent", currency=currency, column="gross")
    ((was, is_),) = [(b, a) for b, a in zip(before, fetch_activity(client), strict=True) if a != b]
    assert was == next(row for row in before if row["currency"] == currency)
    assert is_ == was | {"gross": str(Decimal(was["gross"]) + Decimal(unit))}


def test_a_lost_row_is_missing_and_a_doubled_one_stands_twice(books: tuple[Sandbox, Client]) -> None:
    sandbox, client = books
    before = fetch_activity(client)
    jpy = next(number for number, row in enumerate(before) if row["currency"] == "jpy")
    assert jpy > 0
    lost = sandbox.tamper(FRIDAY, "lost")
    doubled = sandbox.tamper(FRIDAY, "doubled", currency="jpy")
    assert fetch_activity(client) == [*before[1 : jpy + 1], *before[jpy:]]
    assert (lost.applied, doubled.applied) == (1, 1)


def test_it_is_the_same_row_in_a_day_a_range_and_any_part_of_the_day(books: tuple[Sandbox, Client]) -> None:
    sandbox, client = books
    intervals = [
        (START, START + DAY),
        (START - 3 * DAY, START + 3 * DAY),
        (START - 5 * 3600, START + 19 * 3600),
        (START + DAY // 2, START + DAY),
        (START + DAY, START + 2 * DAY),
    ]
    before = [fetch_activity(client, *interval) for interval in intervals]
    tampering = sandbox.tamper(FRIDAY, "cent", currency="kwd")
    target = next(row for row in before[0] if row["currency"] == "kwd")
    off = target | {"net": str(Decimal(target["net"]) + Decimal("0.001"))}
    for interval, rows in zip(intervals, before, strict=True):
        told = fetch_activity(client, *interval)
        assert told == [off if row == target else row for row in rows]
    assert tampering.applied == sum(target in rows for rows in before) == 3


def test_it_is_the_same_row_whatever_else_a_run_asks_for(books: tuple[Sandbox, Client]) -> None:
    sandbox, client = books
    (first, *_) = fetch_activity(client)
    tampering = sandbox.tamper(FRIDAY, "lost")
    more: list[dict[str, str]] = [
        {"currency": "eur"},
        {"reporting_category": "charge"},
        {"timezone": "Asia/Tokyo"},
        {"decimal_separator": "comma"},
    ]
    for parameters in more:
        ids = [row["balance_transaction_id"] for row in fetch_activity(client, **parameters)]
        assert first["balance_transaction_id"] not in ids, parameters
    assert tampering.applied == len(more)
    fetch_activity(client, currency="usd")
    assert tampering.applied == len(more), "a run that does not hold the row is true"


def test_a_cent_is_counted_with_a_comma_as_with_a_point(books: tuple[Sandbox, Client]) -> None:
    sandbox, client = books
    before = fetch_activity(client, decimal_separator="comma")
    sandbox.tamper(FRIDAY, "cent")
    after = fetch_activity(client, decimal_separator="comma")
    was, is_ = (Decimal(rows[0]["net"].replace(",", ".")) for rows in (before, after))
    assert is_ == was + Decimal("0.01")
    assert after[1:] == before[1:]


def test_a_cent_too_high_is_less_below_zero(books: tuple[Sandbox, Client]) -> None:
    sandbox, client = books
    before = fetch_activity(client, reporting_category="refund")
    sandbox.tamper(FRIDAY, "cent", category="refund")
    after = fetch_activity(client, reporting_category="refund")
    was, is_ = (Decimal(rows[0]["net"]) for rows in (before, after))
    assert was < was + Decimal("0.01") == is_ < 0


def test_of_rows_that_are_equal_one_is_lost() -> None:
    report_type, start = "all_fees.balance_transaction_created.itemized.2", midnight(date(2025, 1, 7))
    key = "sk_live_example"  # for that report type
    with Sandbox(key, port=0, files_port=0, latency=0, now=clock_at(NOW)) as sandbox:
        client = Client(sandbox)
        before = client.report(report_type, start, start + DAY).rows
        sandbox.tamper("2025-01-07", "lost", report_type=report_type)
        after = client.report(report_type, start, start + DAY).rows
        client.close()
    assert before[0] == before[1], "both are genuine"
    assert after == before[1:]


def test_a_cent_in_a_column_that_is_not_asked_for_is_nowhere(books: tuple[Sandbox, Client]) -> None:
    sandbox, client = books
    before = client.report(ACTIVITY, START, START + DAY, columns=("currency", "gross"))
    tampering = sandbox.tamper(FRIDAY, "cent")
    assert (
        client.report(ACTIVITY, START, START + DAY, columns=("currency", "gross")).content == before.content
    )
    assert tampering.applied == 0


def test_all_versions_of_the_report_type_tell_it_and_no_other_type(books: tuple[Sandbox, Client]) -> None:
    sandbox, client = books
    types = [f"balance_change_from_activity.itemized.{version}" for version in (1, 2, 3, 6, 7)]
    before = {type_: client.report(type_, START, START + DAY).rows for type_ in types}
    sandbox.tamper(FRIDAY, "lost", report_type="balance_change_from_activity.itemized.[126]")
    for type_, rows in before.items():
        after = client.report(type_, START, START + DAY).rows
        assert after == (rows[1:] if type_[-1] in "126" else rows), type_


def test_two_sandboxes_with_the_same_seed_are_wrong_in_the_same_row() -> None:
    told = []
    for _ in range(2):
        with Sandbox(
            port=0, files_port=0, latency=0, now=clock_at(NOW), tampering=["2025-01-24,cent,currency=jpy"]
        ) as sandbox:
            client = Client(sandbox)
            told.append(client.report(ACTIVITY, START, START + DAY, columns=ACTIVITY_COLUMNS).content)
            client.close()
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("kind", "settings", "names"),
    [
        ("cent", {}, "activity_matches_balance summaries_match_rows net_is_gross_less_fee"),
        ("cent", {"column": "gross"}, "summaries_match_rows net_is_gross_less_fee"),
        ("lost", {}, "activity_matches_balance summaries_match_rows nothing_lost_between_days"),
        (
            "doubled",
            {"currency": "kwd"},
            "activity_matches_balance summaries_match_rows nothing_lost_between_days no_transaction_twice",
        ),
        ("cent", {"report_type": "balance_change_from_activity.summary.*"}, "summaries_match_rows"),
        ("lost", {"report_type": "balance_change_from_activity.summary.*"}, "summaries_match_rows"),
        (
            "cent",
            {"report_type": "payouts.itemized.*"},
            "summaries_match_rows net_is_gross_less_fee payouts_match_balance each_payout_is_explained",
        ),
        (
            "lost",
            {"report_type": "payouts.itemized.*"},
            "summaries_match_rows payouts_match_balance each_payout_is_explained",
        ),
        (
            "cent",
            {"report_type": RECONCILIATION},
            "summaries_match_rows net_is_gross_less_fee paid_out_matches_payouts each_payout_is_explained",
        ),
        (
            "lost",
            {"report_type": RECONCILIATION},
            "summaries_match_rows paid_out_matches_payouts "
            "each_payout_is_explained nothing_lost_between_days",
        ),
        (
            "cent",
            {"report_type": OPEN},
            "summaries_match_rows net_is_gross_less_fee ending_balance_is_explained",
        ),
        (
            "lost",
            {"report_type": OPEN},
            "summaries_match_rows ending_balance_is_explained "
            "nothing_lost_between_days next:nothing_lost_between_days",
        ),
        (
            "cent",
            {"report_type": BALANCE},
            "balance_adds_up balance_continues",
        ),  # its first amount is the starting balance
        (
            "cent",
            {"report_type": BALANCE, "category": "activity"},
            "balance_adds_up activity_matches_balance",
        ),
        (
            "cent",
            {"report_type": BALANCE, "category": "payouts", "currency": "jpy"},
            "balance_adds_up payouts_match_balance paid_out_matches_payouts",
        ),
        (
            "cent",
            {"report_type": BALANCE, "category": "ending_balance"},
            "balance_adds_up ending_balance_is_explained next:balance_continues",
        ),
    ],
)
def test_exactly_the_identities_with_the_wrong_report_break(
    books: tuple[Sandbox, Client], true_days: list[Day], kind: str, settings: dict[str, str], names: str
) -> None:
    sandbox, client = books
    assert broken(true_days) == set()
    tampering = sandbox.tamper(FRIDAY, kind, **settings)
    days = [true_days[0], *(fetch(client, START + n * DAY, PAYOUT_COLUMNS) for n in (0, 1))]
    on = {"": FRIDAY, "next": SATURDAY}
    assert broken(days) == {
        (name, on[day]) for each in names.split() for day, _, name in [each.rpartition(":")]
    }
    assert tampering.applied == 1


def test_a_snapshot_is_wrong_as_of_the_end_of_the_day_only(books: tuple[Sandbox, Client]) -> None:
    sandbox, client = books
    ends = [START, START + 18 * 3600, START + DAY, START + 29 * 3600, START + 2 * DAY]

    def snapshots() -> list[bytes]:
        columns = ("balance_transaction_id", "net")
        return [
            client.report("ending_balance_reconciliation.itemized.4", end, columns=columns).content
            for end in ends
        ]

    before = snapshots()
    sandbox.tamper(FRIDAY, "doubled", report_type=OPEN)
    assert [a != b for a, b in zip(before, snapshots(), strict=True)] == [False, True, True, True, False]


def test_a_sum_over_several_days_has_the_cent_of_its_day(books: tuple[Sandbox, Client]) -> None:
    sandbox, client = books
    week = START - 3 * DAY, START + 4 * DAY
    elsewhere = START + DAY, START + 4 * DAY
    before, other = (client.report("balance.summary.1", *interval).rows for interval in (week, elsewhere))
    sandbox.tamper(FRIDAY, "cent", report_type=BALANCE, category="activity")
    sandbox.tamper(FRIDAY, "cent", report_type=BALANCE, category="starting_balance")
    sandbox.tamper(FRIDAY, "lost", report_type=BALANCE, category="activity_fee")
    after = client.report("balance.summary.1", *week).rows
    ((was, is_),) = [(b, a) for b, a in zip(before, after, strict=True) if a != b]
    assert (was["category"], was["currency"]) == ("activity", "usd")
    assert Decimal(is_["net_amount"]) - Decimal(was["net_amount"]) == Decimal("0.01")
    assert client.report("balance.summary.1", *elsewhere).rows == other


def test_a_balance_is_wrong_where_the_run_begins_or_ends_with_the_day(books: tuple[Sandbox, Client]) -> None:
    sandbox, client = books
    three = [(START + first * DAY, START + last * DAY) for first, last in ((0, 3), (-2, 1), (-1, 2))]

    def balances() -> list[tuple[Decimal, Decimal]]:
        reports = [client.report("balance.summary.1", *interval, currency="eur").rows for interval in three]
        return [(Decimal(r[0]["net_amount"]), Decimal(r[-1]["net_amount"])) for r in reports]

    before = balances()
    sandbox.tamper(FRIDAY, "cent", report_type=BALANCE, category="starting_balance", currency="eur")
    sandbox.tamper(FRIDAY, "cent", report_type=BALANCE, category="ending_balance", currency="eur")
    off = [(a - x, b - y) for (a, b), (x, y) in zip(balances(), before, strict=True)]
    cent = Decimal("0.01")
    assert off == [(cent, 0), (0, cent), (0, 0)]


def test_several_are_wrong_each_for_itself(books: tuple[Sandbox, Client]) -> None:
    sandbox, client = books
    before = fetch_activity(client)
    sandbox.tamper(FRIDAY, "cent")
    sandbox.tamper(FRIDAY, "cent")
    sandbox.tamper(FRIDAY, "doubled")
    after = fetch_activity(client)
    assert after[0] == after[1] == before[0] | {"net": str(Decimal(before[0]["net"]) + Decimal("0.02"))}
    assert after[2:] == before[1:]


def test_stripes_library_is_told_the_same(books: tuple[Sandbox, Client]) -> None:
    sandbox, client = books
    sandbox.tamper(FRIDAY, "lost")
    sdk = stripe.StripeClient(
        sandbox.key,
        base_addresses={"api": sandbox.api_base, "files": sandbox.files_base},
        max_network_retries=0,
    )
    run = sdk.v1.reporting.report_runs.create(
        {
            "report_type": ACTIVITY,
            "parameters": {
                "interval_start": START,
                "interval_end": START + DAY,
                "columns": list(ACTIVITY_COLUMNS),
            },
        }
    )
    result = sdk.v1.reporting.report_runs.retrieve(run.id).result
    assert result
    assert result.url
    content = client.files.get(result.url).content
    assert len(content) == result.size
    assert content == client.report(ACTIVITY, START, START + DAY, columns=ACTIVITY_COLUMNS).content
    assert sandbox.tamperings[0].applied == 2
