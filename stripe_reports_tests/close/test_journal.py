"""The journal is double entry, and valid for hledger and Beancount."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from beancount import loader
from beancount.core.data import Balance, Open, Transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_reports.catalog import currency_digits, units
from stripe_reports.close.accounts import ACCOUNTS, BALANCE, OPENING, ChartOfAccounts
from stripe_reports.close.beancount import beancount_journal
from stripe_reports.close.books import Books, keep_books
from stripe_reports.close.entry import Moved, activity_entry
from stripe_reports.close.hledger import hledger_journal
from stripe_reports.close.journal import journal_csv
from stripe_reports.close.movements import Movements
from stripe_reports.close.trial_balance import TOTAL, trial_balance, trial_balance_csv
from stripe_reports.errors import CloseError, ConfigurationError
from stripe_reports_tests.close.books_support import OCTOBER, books_of, moved
from stripe_reports_tests.close.hledger_text import read_journal

_CATEGORIES = [*ACCOUNTS, "revenue_share", "new-at Stripe;|", "", "2nd"]


@st.composite
def _moves(draw: st.DrawFn, *, payout: bool = False) -> Moved:
    currency = draw(st.sampled_from(["usd", "eur", "jpy", "kwd"]))
    cents = st.integers(-(10**12), 10**12) | st.just(0)
    unit = 10 ** (18 - currency_digits(currency))
    gross, fee = draw(cents) * unit, draw(cents) * unit
    day = OCTOBER.first + timedelta(days=draw(st.integers(0, 30)))
    category = draw(st.sampled_from(["payout", "payout_reversal"] if payout else _CATEGORIES))
    id_ = f"po_{draw(st.integers(0, 3))}" if payout else ""
    return Moved(day, currency, category, gross, fee, gross - fee, 1, id_)


@st.composite
def _books(draw: st.DrawFn) -> Books:
    activity = draw(st.lists(_moves(), max_size=8))
    payouts = draw(st.lists(_moves(payout=True), max_size=3))
    starting = draw(st.dictionaries(st.sampled_from(["usd", "jpy", "kwd"]), st.integers(-999, 999)))
    whole = {currency: amount * 10**18 for currency, amount in starting.items()}
    return books_of(activity, payouts, whole)


@given(_books())
@settings(max_examples=40, deadline=None)
def test_debits_are_credits_in_every_entry_and_format(books: Books) -> None:
    for entry in books.entries:
        assert sum(posting.amount for posting in entry.postings) == 0
        assert all(posting.amount for posting in entry.postings)
    lines = trial_balance(books)
    for total in [line for line in lines if line.account == TOTAL]:
        assert total.debits == total.credits
        assert total.opening == total.closing == 0
        own = [line for line in lines if line.currency == total.currency and line is not total]
        assert sum(line.debits for line in own) == total.debits
    closing = {
        (line.account, line.currency.upper()): Decimal(line.texts[-1])
        for line in lines
        if line.account != TOTAL
    }
    assert _nonzero(read_journal(hledger_journal(books).decode())) == _nonzero(closing)
    assert _nonzero(_beancount_balances(beancount_journal(books).decode())) == _nonzero(closing)
    assert _nonzero(_csv_balances(journal_csv(books))) == _nonzero(closing)


def _nonzero(balances: dict[tuple[str, str], Decimal]) -> dict[tuple[str, str], Decimal]:
    return {key: amount for key, amount in balances.items() if amount}


def _beancount(text: str) -> list[Any]:
    entries, errors, _ = loader.load_string(text)
    assert errors == []
    return list(entries)


def _beancount_balances(text: str) -> dict[tuple[str, str], Decimal]:
    balances: dict[tuple[str, str], Decimal] = {}
    for entry in _beancount(text):
        for posting in entry.postings if isinstance(entry, Transaction) else ():
            key = (posting.account, posting.units.currency)
            balances[key] = balances.get(key, Decimal(0)) + posting.units.number
    return balances


def _csv_balances(body: bytes) -> dict[tuple[str, str], Decimal]:
    balances: dict[tuple[str, str], Decimal] = {}
    of_entries: dict[str, Decimal] = {}
    for row in _rows(body):
        amount = Decimal(row["debit"] or "0") - Decimal(row["credit"] or "0")
        assert (row["debit"] == "") != (row["credit"] == "")
        key = (row["account"], row["currency"])
        balances[key] = balances.get(key, Decimal(0)) + amount
        of_entries[row["entry"]] = of_entries.get(row["entry"], Decimal(0)) + amount
    assert set(of_entries.values()) <= {0}
    return balances


def _rows(body: bytes) -> Iterator[dict[str, str]]:
    assert b"\r" not in body
    return csv.DictReader(io.StringIO(body.decode(), newline=""))


def test_an_activity_goes_to_the_balance_the_fee_and_the_account_of_its_category() -> None:
    (entry,) = books_of([moved("charge", "100", "3.20")]).entries
    assert [(p.account, p.amount) for p in entry.postings] == [
        (BALANCE, units(Decimal("96.80"))),
        ("Expenses:Stripe:Fees", units(Decimal("3.20"))),
        ("Income:Stripe:Charges", units(Decimal("-100"))),
    ]


def test_a_payout_goes_to_the_bank_and_its_reversal_comes_back() -> None:
    paid = moved("payout", "50", payout_id="po_1")
    back = moved("payout_reversal", "-50", payout_id="po_1", day=date(2026, 10, 4))
    books = books_of(payouts=[back, paid], starting={"usd": units(Decimal(80))})
    amounts = [[(p.account, p.amount // 10**18) for p in entry.postings] for entry in books.entries]
    assert amounts == [
        [("Assets:Bank", 50), (BALANCE, -50)],
        [("Assets:Bank", -50), (BALANCE, 50)],
    ]
    assert [entry.description for entry in books.entries] == ["Payout po_1", "Payout reversal po_1"]


def test_what_an_instant_payout_costs_is_a_fee() -> None:
    """Seen from the bank, 101 leave the balance, 100 arrive."""
    payout = Moved(OCTOBER.first, "usd", "payout", 100, -1, 101, 1, "po_1")
    (entry,) = books_of(payouts=[payout], starting={"usd": 500}).entries
    assert dict(entry.postings) == {"Assets:Bank": 100, "Expenses:Stripe:Fees": 1, BALANCE: -101}


def test_what_moves_nothing_is_no_entry() -> None:
    assert books_of([moved("charge", "0")]).entries == []


def test_currencies_have_their_own_digits_and_capital_letters() -> None:
    books = books_of([moved("charge", "7", currency="jpy"), moved("charge", "1.5", currency="kwd")])
    assert {row["currency"]: row["debit"] for row in _rows(journal_csv(books)) if row["debit"]} == {
        "JPY": "7",
        "KWD": "1.500",
    }
    assert "Assets:Stripe:Balance  1.500 KWD\n" in hledger_journal(books).decode()


def test_the_balance_is_asserted_at_both_ends_to_the_last_digit() -> None:
    books = books_of([moved("charge", "1.00")], starting={"usd": units(Decimal("0.30"))})
    text = beancount_journal(books).decode()
    balances = [entry for entry in _beancount(text) if isinstance(entry, Balance)]
    assert [(each.date, each.amount.number) for each in balances] == [
        (date(2026, 10, 1), Decimal("0.30")),
        (date(2026, 11, 1), Decimal("1.30")),
    ]
    _, errors, _ = loader.load_string(text.replace("1.30 ~ 0 USD", "1.31 ~ 0 USD"))
    assert len(errors) == 1
    hledger = hledger_journal(books).decode()
    assert f"    {BALANCE}  0.30 USD = 0.30 USD\n    {OPENING}  -0.30 USD\n" in hledger
    assert hledger.endswith(f"2026-10-31 * Closing balance\n    {BALANCE}  0.00 USD = 1.30 USD\n")


def test_text_of_stripes_does_not_leave_its_place() -> None:
    books = books_of(
        [moved('new"\n2026-01-01 open ; x | y', "1")], [moved("payout", "1", payout_id='po_"\\\n  x')]
    )
    assert len([e for e in _beancount(beancount_journal(books).decode()) if isinstance(e, Open)]) == 3
    read_journal(hledger_journal(books).decode())
    assert [row["payout_id"] for row in _rows(journal_csv(books))][-1] == 'po_"\\\n  x'


def test_a_category_that_stripe_does_not_list_has_an_account_of_its_own() -> None:
    books = books_of([moved("revenue_share", "1"), moved("charge", "1")])
    assert "Equity:Stripe:Unclassified:Revenue-Share" in books.accounts
    assert books.unclassified == ["revenue_share"]


def test_a_category_can_have_another_account() -> None:
    books = books_of([moved("charge", "10", "1")], accounts={"charge": "Income:Sales", "fee": "Expenses:Psp"})
    assert books.accounts == [BALANCE, "Expenses:Psp", "Income:Sales"]


@pytest.mark.parametrize(
    "account", ["Sales", "Income", "Income:sales", "Income:Sa les", "Other:Sales", BALANCE]
)
def test_an_account_that_is_none_is_refused(account: str) -> None:
    with pytest.raises(ConfigurationError, match="charge"):
        ChartOfAccounts({"charge": account})


def test_net_that_is_not_gross_less_fee_cannot_be_booked() -> None:
    wrong = Moved(OCTOBER.first, "usd", "charge", 10**20, 0, 10**20 + 10**16)
    with pytest.raises(CloseError, match=r"^2026-10-01: net is not gross - fee of .* charge, by 0\.01 usd"):
        activity_entry(wrong, ChartOfAccounts())


@pytest.mark.parametrize("ending", [{"usd": 5 * 10**18 + 1}, {}, {"usd": 5 * 10**18, "eur": 1}])
def test_a_journal_that_does_not_come_to_stripes_ending_balance_is_refused(ending: dict[str, int]) -> None:
    movements = Movements({}, ending, [moved("charge", "5")], [])
    with pytest.raises(CloseError, match=r"2026-10 is not closed: the journal brings the balance to"):
        keep_books(OCTOBER, "UTC", movements, ChartOfAccounts())


def test_the_trial_balance_is_a_csv_with_a_total_of_each_currency() -> None:
    books = books_of(
        [moved("charge", "10", "1")], [moved("payout", "4", payout_id="po_1")], {"usd": 2 * 10**18}
    )
    assert trial_balance_csv(trial_balance(books)).decode().splitlines() == [
        "currency,account,opening,debits,credits,closing",
        "USD,Assets:Bank,0.00,4.00,0.00,4.00",
        "USD,Assets:Stripe:Balance,2.00,9.00,4.00,7.00",
        "USD,Equity:Stripe:Opening-Balances,-2.00,0.00,0.00,-2.00",
        "USD,Expenses:Stripe:Fees,0.00,1.00,0.00,1.00",
        "USD,Income:Stripe:Charges,0.00,0.00,10.00,-10.00",
        "USD,Total,0.00,14.00,14.00,0.00",
    ]


def test_a_month_in_which_nothing_is_is_empty() -> None:
    books = books_of()
    assert trial_balance(books) == []
    assert _beancount_balances(beancount_journal(books).decode()) == {}
