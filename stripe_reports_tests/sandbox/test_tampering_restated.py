"""A day that is restated: its rows change later, and all reports agree."""

from __future__ import annotations

from datetime import date

import pytest

from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.ledger_days import PAYOUT_COLUMNS, broken, fetch
from stripe_reports_tests.sandbox.support import DAY, NOW, Client, clock_at, midnight
from stripe_reports_tests.sandbox.tampered_days import FRIDAY, PAYOUTS, SUNDAY


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
