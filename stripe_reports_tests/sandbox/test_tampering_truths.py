"""Days that are unusual: a payout fails, or is made by hand, or the day is restated. All reports agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox import Sandbox
from stripe_reports.sandbox.ledger import Ledger, day_of
from stripe_reports.sandbox.reports import REPORT_BODIES, Query
from stripe_reports_tests.sandbox.ledger_days import PAYOUT_COLUMNS, Day, Rows, broken, fetch
from stripe_reports_tests.sandbox.support import DAY, NOW, Client, clock_at, midnight, total

FIRST = midnight(date(2025, 1, 1))
DAYS = 40
PAYOUTS = "payouts.itemized.3"
RECONCILIATION = "payout_reconciliation.itemized.5"
FRIDAY, SUNDAY, MONDAY, TUESDAY = (date(2025, 1, day) for day in (24, 26, 27, 28))
"""A payout of the Friday comes back on the Sunday. The one that is initiated on the Monday takes it along."""


@pytest.fixture
def clock() -> list[float]:
    """What the sandbox's clock says can be changed."""
    return [NOW]


@pytest.fixture
def books(clock: list[float]) -> Iterator[tuple[Sandbox, Client]]:
    with Sandbox(port=0, files_port=0, latency=0, now=lambda: clock[0]) as sandbox:
        client = Client(sandbox)
        yield sandbox, client
        client.close()


def _fetch_all(*tampering: str, days: int = DAYS, first: int = FIRST) -> list[Day]:
    with Sandbox(port=0, files_port=0, latency=0, now=clock_at(NOW), tampering=tampering) as sandbox:
        client = Client(sandbox)
        fetched = [fetch(client, first + number * DAY, PAYOUT_COLUMNS) for number in range(days)]
        client.close()
    return fetched


def _of(days: list[Day], day: date) -> Day:
    return next(each for each in days if each.day == day)


def _in(rows: Rows, currency: str = "usd", **wanted: str | None) -> Rows:
    return [r for r in rows if r["currency"] == currency and wanted.items() <= r.items()]


@pytest.fixture(scope="module")
def reversed_days() -> list[Day]:
    return _fetch_all("2025-01-24,payout_reversed")


@pytest.fixture(scope="module")
def manual_days() -> list[Day]:
    return _fetch_all("2025-01-15,manual_payout,currency=eur")


def test_all_identities_hold_around_a_payout_that_came_back(reversed_days: list[Day]) -> None:
    assert broken(reversed_days) == set()


def test_a_payout_that_came_back_stands_on_its_day_and_again_on_the_day_it_came_back(
    reversed_days: list[Day],
) -> None:
    (failed,) = _in(_of(reversed_days, FRIDAY).payouts)
    (back,) = _of(reversed_days, SUNDAY).payouts
    assert (failed["reporting_category"], back["reporting_category"]) == ("payout", "payout_reversal")
    assert back["payout_id"] == failed["payout_id"]
    assert back["balance_transaction_id"] != failed["balance_transaction_id"]
    assert Decimal(back["net"]) == -Decimal(failed["net"]) < 0
    assert back["effective_at_utc"] == "2025-01-26 10:30:00"
    for row in (failed, back):
        assert (row["payout_status"], row["payout_reversed_at_utc"]) == ("failed", "2025-01-26 10:30:00")
        assert row["payout_expected_arrival_date"] == "2025-01-24 00:00:00"


def test_the_balance_gets_a_payout_back_on_the_day_it_came_back(reversed_days: list[Day]) -> None:
    (failed,) = _in(_of(reversed_days, FRIDAY).payouts)
    assert _of(reversed_days, FRIDAY).of_balance("payouts", "usd") == -Decimal(failed["net"])
    assert _of(reversed_days, SUNDAY).of_balance("payouts", "usd") == Decimal(failed["net"])
    assert _of(reversed_days, SUNDAY).of_balance("payouts", "eur") == 0
    (line, sum_) = _of(reversed_days, SUNDAY).payouts_summary
    assert (line["reporting_category"], line["net"]) == ("payout_reversal", f"-{failed['net']}")
    assert (sum_["reporting_category"], sum_["count"]) == ("total", "1")


def test_what_came_back_is_open_until_the_next_payout_takes_it_along(reversed_days: list[Day]) -> None:
    (failed,) = _in(_of(reversed_days, FRIDAY).payouts)
    (back,) = _of(reversed_days, SUNDAY).payouts
    own = {"balance_transaction_id": back["balance_transaction_id"], "reporting_category": "payout_reversal"}
    open_on = [day.day for day in reversed_days if _in(day.open, **own)]
    assert open_on == [SUNDAY, MONDAY]
    paid_on = {day.day: _in(day.reconciliation, **own) for day in reversed_days}
    assert [day for day, rows in paid_on.items() if rows] == [TUESDAY]
    (paid,) = paid_on[TUESDAY]
    (next_payout,) = _in(_of(reversed_days, TUESDAY).payouts)
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


def test_all_identities_hold_around_a_manual_payout(manual_days: list[Day]) -> None:
    by_hand = {(date(2025, 1, 15), "eur")}
    assert broken(manual_days, by_hand) == set()
    not_applicable = {name for name, _ in broken(manual_days)}
    assert not_applicable == {"I7", "I8", "I10"}, "on that day, these would be broken"


def test_a_manual_payout_is_not_reconciled_and_lessens_the_next_automatic_one(manual_days: list[Day]) -> None:
    day, next_day = (_of(manual_days, date(2025, 1, each)) for each in (15, 16))
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


_SEVERAL = (
    "2025-01-24,payout_reversed",
    "2025-01-28,payout_reversed",  # it had taken the other one along
    "2025-01-14,payout_reversed,currency=eur",  # the payout that takes it along has nothing else
    "2025-01-22,payout_reversed,currency=jpy",
    "2025-01-23,payout_reversed,currency=kwd",
    "2025-01-25,manual_payout,currency=kwd",  # of what came back on the same day
    "2025-01-24,manual_payout",
    "2025-01-24,manual_payout,currency=eur",
    "2025-01-24,payout_reversed,currency=eur",
)
_BY_HAND = {(date(2025, 1, 25), "kwd"), (date(2025, 1, 24), "usd"), (date(2025, 1, 24), "eur")}


def test_all_identities_hold_with_several_at_once() -> None:
    days = _fetch_all(*_SEVERAL)
    assert broken(days, _BY_HAND) == set()
    came_back = {(r["currency"], day.day.day) for day in days for r in _reversals(day.payouts)}
    assert came_back == {("eur", 16), ("jpy", 24), ("kwd", 25), ("usd", 26), ("eur", 26), ("usd", 30)}
    alone = _of(days, date(2025, 1, 17))
    assert [r["reporting_category"] for r in alone.reconciliation] == ["payout_reversal"]
    assert [r["net"] for r in alone.payouts] == [r["net"] for r in alone.reconciliation]


def _reversals(rows: Rows) -> Rows:
    return [r for r in rows if r["reporting_category"] == "payout_reversal"]


def test_the_order_in_which_they_are_set_changes_nothing() -> None:
    told = []
    for texts in (_SEVERAL, _SEVERAL[::-1]):
        with Sandbox(port=0, files_port=0, latency=0, now=clock_at(NOW)) as sandbox:
            client = Client(sandbox)
            for text in texts:  # nor does it matter what was read before
                day, kind, *currency = text.split(",")
                sandbox.tamper(day, kind, currency=currency[0][-3:] if currency else "usd")
                last = fetch(client, FIRST, PAYOUT_COLUMNS, length=DAYS * DAY)
            told.append(last)
            client.close()
    assert told[0] == told[1]


def test_ranges_add_up_over_payouts_that_came_back_or_are_manual() -> None:
    first = midnight(date(2025, 1, 18))
    with Sandbox(port=0, files_port=0, latency=0, now=clock_at(NOW), tampering=_SEVERAL) as sandbox:
        client = Client(sandbox)
        for report_type, columns in ((PAYOUTS, PAYOUT_COLUMNS), (RECONCILIATION, ["balance_transaction_id"])):
            by_day = [
                client.report(report_type, first + n * DAY, first + (n + 1) * DAY, columns=columns).rows
                for n in range(14)
            ]
            whole = client.report(report_type, first, first + 14 * DAY, columns=columns).rows
            assert whole == [row for rows in by_day for row in rows]
        start = first + 5 * 3600  # days of another time zone
        local_days = [fetch(client, start + n * DAY, PAYOUT_COLUMNS) for n in range(14)]
        client.close()
    assert broken(local_days, _BY_HAND) == set()
    assert _reversals([row for day in local_days for row in day.payouts])


class _Books:
    """A client that needs no sandbox: a year of days over HTTP would take long."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def report(self, report_type: str, *interval: int, columns: Sequence[str] = ()) -> Any:
        query = Query(interval[0], interval[-1], known_until=FIRST + 400 * DAY)
        return SimpleNamespace(rows=list(REPORT_BODIES[report_type](self._ledger, query)))


def test_a_year_with_one_each_week_stays_balanced() -> None:
    ledger = Ledger(1, 12, date(2025, 1, 1))
    payouts = [p for p in ledger.payouts(FIRST, FIRST + 340 * DAY) if p.currency in ("usd", "jpy")][4::10]
    by_hand = set()
    for number, payout in enumerate(payouts):
        day = day_of(payout.effective_at)
        ledger.let_happen("payout_reversed", day, payout.currency)
        if number % 2 and ledger.balances(midnight(day) + 21 * 3600)[payout.currency][1] > 1:
            by_hand.add((day, ledger.let_happen("manual_payout", day, payout.currency)))
    assert len(payouts) > 40
    assert len(by_hand) > 15
    client = cast("Client", _Books(ledger))
    days = [fetch(client, FIRST + number * DAY) for number in range(365)]
    assert broken(days, by_hand) == set()


def test_a_restated_day_is_told_otherwise_from_the_second_report_run_on() -> None:
    interval = midnight(FRIDAY), midnight(FRIDAY) + DAY
    with Sandbox(
        port=0, files_port=0, latency=0, now=clock_at(NOW), tampering=["2025-01-24,restated"]
    ) as sandbox:
        client = Client(sandbox)
        first, second, third = (client.report(PAYOUTS, *interval, columns=PAYOUT_COLUMNS) for _ in range(3))
        activity = ("balance_transaction_id", "description", "net")
        before, after = (
            client.report("balance_change_from_activity.itemized.3", *interval, columns=activity).rows
            for _ in range(2)
        )
        (restated,) = sandbox.tamperings
        client.close()
    assert {row["payout_status"] for row in first.rows} == {"paid"}
    assert second.rows == [first.rows[0] | {"payout_status": "failed"}, *first.rows[1:]]
    assert third.content == second.content
    assert after[1:] == before[1:]
    assert after[0] == before[0] | {"description": after[0]["description"]}
    assert after[0]["description"].endswith("(amended)")
    assert restated.applied == 3


def test_a_day_restated_while_the_sandbox_runs_is_told_otherwise_at_once(
    books: tuple[Sandbox, Client],
) -> None:
    sandbox, client = books
    week = midnight(date(2025, 1, 20)), midnight(SUNDAY)
    before = client.report(PAYOUTS, *week, columns=PAYOUT_COLUMNS).rows
    sandbox.tamper(FRIDAY, "restated", status="canceled", report_type="payouts.*")
    after = client.report(PAYOUTS, *week, columns=PAYOUT_COLUMNS).rows
    ((was, is_),) = [(b, a) for b, a in zip(before, after, strict=True) if a != b]
    assert is_ == was | {"payout_status": "canceled"}
    assert was["effective_at_utc"].startswith("2025-01-24")


def test_a_day_that_has_that_status_already_cannot_be_restated(books: tuple[Sandbox, Client]) -> None:
    sandbox, _ = books
    sandbox.tamper(FRIDAY, "payout_reversed")
    with pytest.raises(ConfigurationError, match="no such row on 2025-01-26"):
        sandbox.tamper(SUNDAY, "restated", report_type="payouts.*")


def test_all_identities_hold_for_a_restated_day() -> None:
    friday = midnight(FRIDAY)
    with Sandbox(
        port=0, files_port=0, latency=0, now=clock_at(NOW), tampering=["2025-01-24,restated"]
    ) as sandbox:
        client = Client(sandbox)
        for _ in range(2):
            days = [fetch(client, friday + n * DAY, PAYOUT_COLUMNS) for n in range(3)]
            assert broken(days) == set()
        client.close()


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
        _fetch_all(*texts, days=6, first=midnight(date(2025, 1, 19)))
        for texts in ((), ("2025-01-24,payout_reversed",))
    )
    assert tampered[:-1] == usual[:-1]
    on_friday = _of(tampered, FRIDAY)
    on_friday.payouts[0] |= {"payout_status": "paid", "payout_reversed_at_utc": None}
    assert on_friday == _of(usual, FRIDAY)
