"""What Stripe does not have is not asked for."""

from __future__ import annotations

import pytest

from stripe_reports.catalog import Interval
from stripe_reports.errors import DataNotAvailableError
from stripe_reports.stripe_api import OfferedReportType, check_available

_DAY = 86400
_AVAILABLE = OfferedReportType("a.1", "A", False, 10 * _DAY, 20 * _DAY, 21 * _DAY, None)


def test_both_ends_of_the_available_data_may_be_asked_for() -> None:
    check_available(_AVAILABLE, Interval(10 * _DAY, 11 * _DAY), "range")
    check_available(_AVAILABLE, Interval(19 * _DAY, 20 * _DAY), "range")


def test_a_day_that_is_not_there_yet_says_until_when_data_is() -> None:
    with pytest.raises(
        DataNotAvailableError, match="data through 1970-01-21 00:00:00 UTC, but this day ends at 1970-01-22"
    ):
        check_available(_AVAILABLE, Interval(20 * _DAY, 21 * _DAY), "range")


def test_one_second_beyond_the_data_is_beyond() -> None:
    with pytest.raises(DataNotAvailableError):
        check_available(_AVAILABLE, Interval(19 * _DAY + 1, 20 * _DAY + 1), "range")


def test_a_day_before_the_data_says_from_when_it_is() -> None:
    with pytest.raises(DataNotAvailableError, match="data from 1970-01-11 00:00:00 UTC only"):
        check_available(_AVAILABLE, Interval(9 * _DAY, 10 * _DAY), "range")


def test_a_snapshot_needs_its_instant_only() -> None:
    check_available(_AVAILABLE, Interval(9 * _DAY, 10 * _DAY), "as_of_end")
    with pytest.raises(DataNotAvailableError, match="from"):
        check_available(_AVAILABLE, Interval(8 * _DAY, 9 * _DAY), "as_of_end")
