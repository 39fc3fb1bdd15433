"""What Stripe does not have is not asked for."""

from __future__ import annotations

import pytest

from stripe_reports.catalog import Interval
from stripe_reports.errors import DataNotAvailableError, StripeRequestError
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Availability, StripeApi, check_available, retrieve_availability

_DAY = 86400
_AVAILABLE = Availability(start=10 * _DAY, end=20 * _DAY, livemode=False)


def test_both_ends_of_the_available_data_may_be_asked_for() -> None:
    check_available(_AVAILABLE, Interval(10 * _DAY, 11 * _DAY), "range")
    check_available(_AVAILABLE, Interval(19 * _DAY, 20 * _DAY), "range")


def test_a_day_that_is_not_there_yet_says_until_when_data_is() -> None:
    with pytest.raises(
        DataNotAvailableError, match="data through 1970-01-21 00:00:00 UTC, this day ends at 1970-01-22"
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


def test_availability_is_read_from_the_account(sandbox: Sandbox) -> None:
    api = StripeApi(sandbox.key, api_base=sandbox.api_base, files_base=sandbox.files_base)
    found = retrieve_availability(api, "balance.summary.1")
    assert found.start < found.end
    assert not found.livemode


def test_a_report_type_that_the_account_does_not_have_gives_stripes_message(sandbox: Sandbox) -> None:
    api = StripeApi(sandbox.key, api_base=sandbox.api_base, files_base=sandbox.files_base)
    with pytest.raises(StripeRequestError, match="Stripe refused the request"):
        retrieve_availability(api, "no_such.report.1")
