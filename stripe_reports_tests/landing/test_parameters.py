"""What a report run is asked for, so that its result is one partition."""

from __future__ import annotations

from datetime import date

import pytest

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.errors import ConfigurationError
from stripe_reports.landing import run_parameters

_DAY = date(2026, 11, 1)  # 25 hours long in New York
_MIDNIGHT = 1793491200


def test_a_range_has_a_start_and_an_end() -> None:
    parameters = run_parameters(REPORT_TYPES["payouts.summary.1"], _DAY, "UTC")
    assert parameters == {
        "interval_start": _MIDNIGHT,
        "interval_end": _MIDNIGHT + 86400,
        "columns": ["reporting_category", "currency", "count", "gross", "fee", "net"],
    }


def test_a_snapshot_has_an_end_only() -> None:
    parameters = run_parameters(REPORT_TYPES["ending_balance_reconciliation.summary.1"], _DAY, "UTC")
    assert "interval_start" not in parameters
    assert parameters["interval_end"] == _MIDNIGHT + 86400


def test_a_local_day_is_asked_for_from_local_midnight_and_printed_in_local_time() -> None:
    parameters = run_parameters(REPORT_TYPES["payouts.itemized.3"], _DAY, "America/New_York")
    assert parameters["interval_start"] == _MIDNIGHT + 4 * 3600
    assert parameters["interval_end"] == _MIDNIGHT + 29 * 3600
    assert parameters["timezone"] == "America/New_York"


def test_a_report_type_that_takes_no_time_zone_is_not_given_one() -> None:
    parameters = run_parameters(REPORT_TYPES["payouts.itemized.2"], _DAY, "America/New_York")
    assert "timezone" not in parameters


def test_columns_are_sent_only_where_stripe_takes_them() -> None:
    assert "columns" not in run_parameters(REPORT_TYPES["activity.summary.1"], _DAY, "UTC")


@pytest.mark.parametrize("report_type", REPORT_TYPES.values(), ids=lambda t: t.id)
def test_every_report_type_on_days_gets_what_it_requires_and_nothing_it_does_not_take(report_type) -> None:
    if report_type.interval == "payout":
        with pytest.raises(ConfigurationError, match="reports on one payout, not on a day"):
            run_parameters(report_type, _DAY, "UTC")
        return
    sent = set(run_parameters(report_type, _DAY, "Asia/Tokyo"))
    assert set(report_type.required_parameters) <= sent
    assert sent <= {*report_type.required_parameters, *report_type.optional_parameters}
