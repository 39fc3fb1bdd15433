"""By when Stripe has all data of an interval, whatever the account says of it now."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from stripe_reports.catalog import REPORT_TYPES, data_ready_by, day_interval, newest_ready_day

_HOUR = 3600


def _ready(id_: str, day: date, timezone: str = "UTC") -> datetime:
    return datetime.fromtimestamp(data_ready_by(REPORT_TYPES[id_], day_interval(day, timezone).end), UTC)


@pytest.mark.parametrize(
    ("id_", "hours"),
    [
        ("balance.summary.1", 12),
        ("balance_change_from_activity.itemized.3", 12),
        ("payout_reconciliation.by_id.itemized.4", 12),
        ("connected_account_payouts.itemized.3", 12),
        ("tax.transactions.itemized.2", 24),
        ("connected_account_tax.transactions.itemized.2", 24),
        ("apps.churn_rate.1", 48),
        ("all_fees.incurred_at.itemized.2", 96),
        ("card_payments_fees.transaction_level.2", 62 * 24),
    ],
)
def test_a_utc_day_waits_for_the_documented_delay(id_: str, hours: int) -> None:
    ready = _ready(id_, date(2025, 9, 3))
    assert (ready - datetime(2025, 9, 4, tzinfo=UTC)).total_seconds() == hours * _HOUR


@pytest.mark.parametrize(
    ("timezone", "ready"),
    [
        ("America/New_York", datetime(2025, 9, 5, 12, tzinfo=UTC)),  # ends at 04:00 of 2025-09-04
        ("Asia/Tokyo", datetime(2025, 9, 4, 12, tzinfo=UTC)),  # ends at 15:00 of 2025-09-03
        ("Africa/Abidjan", datetime(2025, 9, 4, 12, tzinfo=UTC)),  # is UTC's day
    ],
)
def test_a_day_that_ends_within_a_utc_day_waits_for_all_of_that_day(timezone: str, ready: datetime) -> None:
    assert _ready("balance.summary.1", date(2025, 9, 3), timezone) == ready


def test_one_second_into_a_utc_day_is_within_it() -> None:
    balance = REPORT_TYPES["balance.summary.1"]
    midnight = int(datetime(2025, 9, 4, tzinfo=UTC).timestamp())
    assert data_ready_by(balance, midnight) == midnight + 12 * _HOUR
    assert data_ready_by(balance, midnight + 1) == midnight + 36 * _HOUR
    assert data_ready_by(balance, midnight - 1) == midnight + 12 * _HOUR


@pytest.mark.parametrize("report_type", REPORT_TYPES.values(), ids=lambda t: t.id)
def test_no_report_type_is_ready_before_its_interval_has_ended(report_type) -> None:
    assert data_ready_by(report_type, 86400) >= 86400 + 12 * _HOUR


@pytest.mark.parametrize(
    ("id_", "timezone"),
    [
        ("balance.summary.1", "UTC"),
        ("tax.transactions.itemized.2", "UTC"),
        ("balance.summary.1", "Asia/Tokyo"),
    ],
)
def test_a_day_is_the_newest_ready_one_from_the_second_at_which_its_data_are_there(
    id_: str, timezone: str
) -> None:
    report_type, day = REPORT_TYPES[id_], date(2025, 9, 3)
    ready = data_ready_by(report_type, day_interval(day, timezone).end)
    assert newest_ready_day(report_type, ready, timezone) == day
    assert newest_ready_day(report_type, ready - 1, timezone) == date(2025, 9, 2)
