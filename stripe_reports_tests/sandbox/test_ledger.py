"""The books: made from the seed alone, balanced, and with everything in them that real ones have."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import chain

import pytest

from stripe_reports.sandbox.ledger import CURRENCIES, Ledger, major_units
from stripe_reports.sandbox.ledger.activity import Activity
from stripe_reports.sandbox.ledger.row_cache import RowCache
from stripe_reports.sandbox.ledger.transaction import BALANCE, BalanceTransaction, Payout

DAY = 86400
START = date(2025, 1, 1)


@pytest.fixture(scope="module")
def books() -> Ledger:
    return Ledger(1, 40, START)


@pytest.fixture(scope="module")
def year(books: Ledger) -> list[BalanceTransaction]:
    return list(books.activity(books.start, books.start + 365 * DAY))


@pytest.fixture(scope="module")
def payouts(books: Ledger) -> list[Payout]:
    return list(books.payouts(books.start, books.start + 365 * DAY))


def _on(ledger: Ledger, number: int) -> list[BalanceTransaction]:
    return list(ledger.activity(ledger.start + number * DAY, ledger.start + (number + 1) * DAY))


def test_the_order_of_the_questions_changes_nothing() -> None:
    forwards, backwards, alone = (Ledger(5, 12, START) for _ in range(3))
    days = [_on(forwards, number) for number in range(70)]
    assert [_on(backwards, number) for number in reversed(range(70))] == days[::-1]
    assert _on(alone, 55) == days[55]


def test_another_seed_is_another_merchant() -> None:
    ids = [{t.id for t in _on(Ledger(seed, 40, START), 3)} for seed in (1, 2)]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_a_later_start_only_cuts_off_what_was_before() -> None:
    late = Ledger(1, 40, START + timedelta(days=60))
    assert not list(late.activity(late.start - 60 * DAY, late.start))
    assert _on(late, 40) == _on(Ledger(1, 40, START), 100), "nothing reaches further back than 28 days"


def test_forgotten_days_come_back_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stripe_reports.sandbox.ledger.ledger._KEPT_ROWS", 100)
    forgetful = Ledger(1, 40, START)
    assert [_on(forgetful, n) for n in (30, 31, 50, 30)] == [
        _on(Ledger(1, 40, START), n) for n in (30, 31, 50, 30)
    ]


def test_kept_things_are_those_used_last() -> None:
    kept: RowCache[str, str] = RowCache(10)
    for name in "ab":
        kept.put(name, name.upper(), 4)
    assert kept.get("a") == "A"
    kept.put("c", "C", 4)
    assert [kept.get(name) for name in "abc"] == ["A", None, "C"]


def test_every_entry_balances(year: list[BalanceTransaction], payouts: list[Payout]) -> None:
    entries: chain[BalanceTransaction | Payout] = chain(year, payouts)
    for entry in entries:
        assert sum(posting.amount for posting in entry.postings) == 0


def test_the_balance_is_what_was_posted_to_it(
    books: Ledger, year: list[BalanceTransaction], payouts: list[Payout]
) -> None:
    for instant in (books.start, books.start + 100 * DAY + 4711, books.start + 365 * DAY):
        posted = dict.fromkeys(CURRENCIES, 0)
        before: chain[BalanceTransaction | Payout] = chain(
            (t for t in year if t.created < instant), (p for p in payouts if p.effective_at < instant)
        )
        for entry in before:
            posted[entry.currency] += sum(p.amount for p in entry.postings if p.account == BALANCE)
        assert {c: total for c, (total, _) in books.balances(instant).items()} == posted


def test_a_year_has_about_the_rows_that_were_asked_for(year: list[BalanceTransaction]) -> None:
    by_day = Counter(t.created // DAY for t in year)
    assert 37 < len(year) / len(by_day) < 43


def test_some_days_are_without_any_activity_never_two_in_a_row(year: list[BalanceTransaction]) -> None:
    first = year[0].created // DAY
    busy = {t.created // DAY - first for t in year}
    quiet = [number for number in range(365) if number not in busy]
    assert 15 < len(quiet) < 50
    assert all(number + 1 in busy for number in quiet)


def test_a_year_has_all_kinds_of_transactions(year: list[BalanceTransaction]) -> None:
    seen = Counter(t.reporting_category for t in year)
    for category in (
        "charge", "refund", "refund_failure", "dispute", "dispute_reversal", "fee", "other_adjustment",
        "partial_capture_reversal", "risk_reserved_funds", "payout_minimum_balance_hold",
    ):  # fmt: skip
        assert seen[category] > 5, category
    assert {t.currency for t in year} == set(CURRENCIES)
    assert any(t.fee < 0 for t in year), "a fee that is given back"
    assert any(f and f.currency not in CURRENCIES for f in (t.customer_facing for t in year))


def test_transactions_fall_on_the_first_and_last_second_of_a_day(year: list[BalanceTransaction]) -> None:
    assert {0, DAY - 1} <= {t.created % DAY for t in year}


def test_what_follows_from_a_charge_comes_on_a_later_day(year: list[BalanceTransaction]) -> None:
    following = ("refund", "refund_failure", "dispute", "dispute_reversal")
    for t in year:
        if t.reporting_category in following:
            assert t.charge
            assert t.charge.created // DAY < t.created // DAY


def test_nothing_that_follows_from_a_day_is_lost(year: list[BalanceTransaction]) -> None:
    ids = {t.id for t in year}
    activity = Activity(1, 40)
    aftermaths = [activity.of(START + timedelta(days=number))[1] for number in range(300)]
    following = [t.id for aftermath in aftermaths for later in aftermath.values() for t in later]
    assert len(following) > 1000
    assert ids.issuperset(following)


def test_reserves_come_in_pairs_on_different_days(year: list[BalanceTransaction]) -> None:
    pairs: dict[str | None, list[BalanceTransaction]] = {}
    for t in year:
        if (t.source_id or "").startswith("rsv_"):
            pairs.setdefault(t.source_id, []).append(t)
    complete = [pair for pair in pairs.values() if len(pair) == 2]
    assert len(complete) > 20
    for held, given_back in complete:
        assert held.gross == -given_back.gross < 0
        assert held.created // DAY < given_back.created // DAY


def test_ids_are_unique(year: list[BalanceTransaction], payouts: list[Payout]) -> None:
    ids = [t.id for t in year] + [p.id for p in payouts] + [p.balance_transaction_id for p in payouts]
    assert len(ids) == len(set(ids))


def test_payouts_arrive_on_weekdays_in_order(payouts: list[Payout]) -> None:
    stamps = [p.effective_at for p in payouts]
    assert stamps == sorted(stamps)
    weekdays = Counter(datetime.fromtimestamp(stamp, UTC).weekday() for stamp in stamps)
    assert set(weekdays) == {0, 1, 2, 3, 4}
    assert len({(p.currency, p.effective_at // DAY) for p in payouts}) == len(payouts)


def test_tuesdays_payout_takes_the_weekend_along(payouts: list[Payout]) -> None:
    """Initiated on Monday, with what became available on Saturday, Sunday and Monday."""
    sizes: dict[int, list[int]] = {weekday: [] for weekday in range(5)}
    for p in payouts:
        sizes[datetime.fromtimestamp(p.effective_at, UTC).weekday()].append(len(p.transactions))
    average = {weekday: sum(s) / len(s) for weekday, s in sizes.items()}
    assert average[1] > 2 * max(average[w] for w in (0, 2, 3, 4))


def test_each_currency_has_payouts_that_take_money_from_the_bank(payouts: list[Payout]) -> None:
    assert {p.currency for p in payouts if p.amount < 0} == set(CURRENCIES)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123456, "usd", "1234.56"),
        (-5, "eur", "-0.05"),
        (0, "usd", "0.00"),
        (1200, "jpy", "1200"),
        (-1200, "jpy", "-1200"),
        (1234, "kwd", "1.234"),
        (-34, "kwd", "-0.034"),
    ],
)
def test_amounts_are_printed_in_major_units(minor: int, currency: str, text: str) -> None:
    assert major_units(minor, currency) == text
