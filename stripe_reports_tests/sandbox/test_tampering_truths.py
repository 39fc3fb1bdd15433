"""Days that are unusual: a payout fails, or is made by hand. All reports agree."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.ledger_days import PAYOUT_COLUMNS, Day, Rows, broken, fetch
from stripe_reports_tests.sandbox.support import DAY, Client, midnight, total
from stripe_reports_tests.sandbox.tampered_days import (
    FRIDAY,
    MONDAY,
    PAYOUTS,
    SUNDAY,
    TUESDAY,
    fetch_days,
    on_day,
)


def _in(rows: Rows, currency: str = "usd", **wanted: str | None) -> Rows:
    return [r for r in rows if r["currency"] == currency and wanted.items() <= r.items()]


@pytest.fixture(scope="module")
def reversed_days() -> list[Day]:
    return fetch_days("2025-01-24,payout_reversed")


@pytest.fixture(scope="module")
def manual_days() -> list[Day]:
    return fetch_days("2025-01-15,manual_payout,currency=eur")


def test_all_identities_hold_around_a_payout_that_came_back(reversed_days: list[Day]) -> None:
    assert broken(reversed_days) == set()


def test_a_payout_that_came_back_stands_on_its_day_and_again_on_the_day_it_came_back(
    reversed_days: list[Day],
) -> None:
    (failed,) = _in(on_day(reversed_days, FRIDAY).payouts)
    (back,) = on_day(reversed_days, SUNDAY).payouts
    assert (failed["reporting_category"], back["reporting_category"]) == ("payout", "payout_reversal")
    assert back["payout_id"] == failed["payout_id"]
    assert back["balance_transaction_id"] != failed["balance_transaction_id"]
    assert Decimal(back["net"]) == -Decimal(failed["net"]) < 0
    assert back["effective_at_utc"] == "2025-01-26 10:30:00"
    for row in (failed, back):
        assert (row["payout_status"], row["payout_reversed_at_utc"]) == ("failed", "2025-01-26 10:30:00")
        assert row["payout_expected_arrival_date"] == "2025-01-24 00:00:00"


def test_the_balance_gets_a_payout_back_on_the_day_it_came_back(reversed_days: list[Day]) -> None:
    (failed,) = _in(on_day(reversed_days, FRIDAY).payouts)
    assert on_day(reversed_days, FRIDAY).of_balance("payouts", "usd") == -Decimal(failed["net"])
    assert on_day(reversed_days, SUNDAY).of_balance("payouts", "usd") == Decimal(failed["net"])
    assert on_day(reversed_days, SUNDAY).of_balance("payouts", "eur") == 0
    (line, sum_) = on_day(reversed_days, SUNDAY).payouts_summary
    assert (line["reporting_category"], line["net"]) == ("payout_reversal", f"-{failed['net']}")
    assert (sum_["reporting_category"], sum_["count"]) == ("total", "1")


def test_what_came_back_is_open_until_the_next_payout_takes_it_along(reversed_days: list[Day]) -> None:
    (failed,) = _in(on_day(reversed_days, FRIDAY).payouts)
    (back,) = on_day(reversed_days, SUNDAY).payouts
    own = {"balance_transaction_id": back["balance_transaction_id"], "reporting_category": "payout_reversal"}
    open_on = [day.day for day in reversed_days if _in(day.open, **own)]
    assert open_on == [SUNDAY, MONDAY]
    paid_on = {day.day: _in(day.reconciliation, **own) for day in reversed_days}
    assert [day for day, rows in paid_on.items() if rows] == [TUESDAY]
    (paid,) = paid_on[TUESDAY]
    (next_payout,) = _in(on_day(reversed_days, TUESDAY).payouts)
    assert (paid["automatic_payout_id"], paid["net"]) == (next_payout["payout_id"], failed["net"])
    assert not [day for day in reversed_days if _in(day.activity, **own)], "it is no activity"


def test_a_payout_is_paid_until_it_is_known_that_it_came_back(
    books: tuple[Sandbox, Client], clock: list[float]
) -> None:
    sandbox, client = books
    sandbox.tamper(FRIDAY, "payout_reversed")
    friday = midnight(FRIDAY)
    told = []
    for known in (SUNDAY, MONDAY):  # the data of the days before are there
        clock[0] = midnight(known) + DAY / 2
        columns = ("payout_status", "payout_reversed_at_utc")
        told += client.report(PAYOUTS, friday, friday + DAY, columns=columns, currency="usd").rows
        failed = client.report("failed_payouts.itemized.2", friday, friday + DAY, currency="usd").rows
        # Beside it there may be first tries, which were repeated in the same second.
        told.append({"failed": [at for r in failed if (at := r["payout_reversed_at_utc"]) > "2025-01-25"]})
    assert told == [
        {"payout_status": "paid", "payout_reversed_at_utc": None},
        {"failed": []},
        {"payout_status": "failed", "payout_reversed_at_utc": "2025-01-26 10:30:00"},
        {"failed": ["2025-01-26 10:30:00"]},
    ]
    sunday = midnight(SUNDAY)
    assert client.report("failed_payouts.itemized.2", sunday, sunday + DAY).rows == []


def test_what_came_back_is_in_the_report_on_the_payout_that_took_it_along(
    books: tuple[Sandbox, Client],
) -> None:
    sandbox, client = books
    sandbox.tamper(FRIDAY, "payout_reversed")
    tuesday = midnight(TUESDAY)
    (payout,) = client.report(PAYOUTS, tuesday, tuesday + DAY, columns=PAYOUT_COLUMNS, currency="usd").rows
    columns = ("currency", "net", "reporting_category")
    rows = client.report(
        "payout_reconciliation.by_id.itemized.4", columns=columns, payout=payout["payout_id"]
    ).rows
    assert total(rows, "net")["usd"] == Decimal(payout["net"])
    assert len(_in(rows, reporting_category="payout_reversal")) == 1


@pytest.mark.slow
def test_all_identities_hold_around_a_manual_payout(manual_days: list[Day]) -> None:
    by_hand = {(date(2025, 1, 15), "eur")}
    assert broken(manual_days, by_hand) == set()
    not_applicable = {name for name, _ in broken(manual_days)}
    assert not_applicable == {"I7", "I8", "I10"}, "on that day, these would be broken"


def test_a_manual_payout_is_not_reconciled_and_lessens_the_next_automatic_one(manual_days: list[Day]) -> None:
    day, next_day = (on_day(manual_days, date(2025, 1, each)) for each in (15, 16))
    automatic, by_hand = _in(day.payouts, "eur")
    assert by_hand["effective_at_utc"] == "2025-01-15 21:00:00"
    assert (by_hand["reporting_category"], by_hand["payout_status"]) == ("payout", "paid")
    assert Decimal(by_hand["net"]) > 0
    assert day.of_balance("payouts", "eur") == -Decimal(automatic["net"]) - Decimal(by_hand["net"])
    assert {r["automatic_payout_id"] for r in _in(day.reconciliation, "eur")} == {automatic["payout_id"]}
    (taken,) = _in(next_day.reconciliation, "eur", balance_transaction_id=by_hand["balance_transaction_id"])
    assert Decimal(taken["net"]) == -Decimal(by_hand["net"])
    open_ = _in(day.open, "eur", balance_transaction_id=by_hand["balance_transaction_id"])
    assert [Decimal(row["net"]) for row in open_] == [-Decimal(by_hand["net"])]


def test_a_manual_payout_takes_half_of_what_is_available(books: tuple[Sandbox, Client]) -> None:
    sandbox, client = books
    noon = midnight(date(2025, 1, 18))  # a Saturday: nothing else is paid out

    def available(at: int) -> Decimal:
        rows = client.report("balance.summary.1", at, at + 1, currency="usd").rows
        return next(Decimal(r["net_amount"]) for r in rows if r["category"] == "starting_balance_available")

    before = available(noon)
    sandbox.tamper("2025-01-18", "manual_payout")
    (payout,) = client.report(PAYOUTS, noon, noon + DAY, columns=PAYOUT_COLUMNS).rows
    assert Decimal(payout["net"]) == before / 2 // Decimal("0.01") * Decimal("0.01") > 0
    assert available(noon + DAY // 24 * 23) == before - Decimal(payout["net"])
    assert client.report("payout_reconciliation.by_id.itemized.4", payout=payout["payout_id"]).rows == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2025-01-18,payout_reversed", r"in usd arrives on Saturday, 2025-01-18; near it, .* 2025-01-16,"),
        ("2025-01-02,payout_reversed,currency=jpy", r"they arrive on 2025-01-06"),
        ("2025-01-02,manual_payout,currency=kwd", r"on 2025-01-02, no kwd is available"),
        ("2024-12-31,manual_payout", r"before the sandbox's ledger, which begins on 2025-01-01"),
        ("2025-01-17,manual_payout,currency=gbp", r"currency must be usd or eur or kwd or jpy, not 'gbp'"),
        ("2025-01-24,restated,report_type=*.summary.*", r"selects none with rows that change later"),
    ],
)  # fmt: skip
def test_what_the_books_cannot_have_is_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as error:
        Sandbox(tampering=[text])
    assert "\n" not in str(error.value)


def test_what_is_refused_leaves_the_books_as_they_are(books: tuple[Sandbox, Client]) -> None:
    sandbox, client = books
    sandbox.tamper(FRIDAY, "payout_reversed")
    before = fetch(client, midnight(SUNDAY), PAYOUT_COLUMNS)
    with pytest.raises(ConfigurationError, match="2025-01-24 has it already in usd"):
        sandbox.tamper(FRIDAY, "payout_reversed", currency="usd")
    with pytest.raises(ConfigurationError, match="arrives on Saturday, 2025-01-18"):
        sandbox.tamper("2025-01-18", "payout_reversed")
    assert fetch(client, midnight(SUNDAY), PAYOUT_COLUMNS) == before
    assert sandbox.tamper(FRIDAY, "payout_reversed")["currency"] == "eur", "the next that has one"


def test_a_payout_that_comes_back_changes_no_report_that_was_there_before() -> None:
    """Whoever landed a day before it was known has to land nothing again but the payout's own day."""
    usual, tampered = (
        fetch_days(*texts, days=6, first=midnight(date(2025, 1, 19)))
        for texts in ((), ("2025-01-24,payout_reversed",))
    )
    assert tampered[:-1] == usual[:-1]
    on_friday = on_day(tampered, FRIDAY)
    on_friday.payouts[0] |= {"payout_status": "paid", "payout_reversed_at_utc": None}
    assert on_friday == on_day(usual, FRIDAY)
