"""What a report run is asked for, so that its result is one partition."""

from __future__ import annotations

import pytest

from stripe_reports.catalog import REPORT_TYPES, Interval, select_report_types
from stripe_reports.landing.request import (
    ReportRequest,
    expected_columns,
    interval_parameters,
    option_parameters,
    requested_columns,
)
from stripe_reports.stripe_api import OfferedReportType

_DAY = Interval(86400, 172800)
_NOTHING = ReportRequest()


def _offered(*default_columns: str) -> OfferedReportType:
    return OfferedReportType("x", "X", False, 0, 2**31, 2**31, default_columns or None)


def test_a_range_has_a_start_and_an_end() -> None:
    parameters = interval_parameters(REPORT_TYPES["payouts.summary.1"], _DAY)
    assert parameters == {"interval_start": 86400, "interval_end": 172800}


def test_a_snapshot_has_an_end_only() -> None:
    report_type = REPORT_TYPES["ending_balance_reconciliation.summary.1"]
    assert interval_parameters(report_type, _DAY) == {"interval_end": 172800}


def test_local_days_are_printed_in_local_time_where_the_report_type_takes_a_time_zone() -> None:
    def zone(id_: str, timezone: str) -> object:
        return option_parameters(REPORT_TYPES[id_], _NOTHING, timezone).get("timezone")

    assert zone("payouts.itemized.3", "America/New_York") == "America/New_York"
    assert zone("payouts.itemized.2", "America/New_York") is None, "it does not take one"
    assert zone("payouts.itemized.3", "UTC") is None, "it is the default"


def test_a_request_adds_its_parameters_and_may_name_another_time_zone() -> None:
    request = ReportRequest(parameters={"currency": "eur", "timezone": "Asia/Tokyo"})
    parameters = option_parameters(REPORT_TYPES["payouts.itemized.3"], request, "Europe/Berlin")
    assert parameters == {"currency": "eur", "timezone": "Asia/Tokyo"}


@pytest.mark.parametrize("report_type", REPORT_TYPES.values(), ids=lambda t: t.id)
def test_every_report_type_gets_nothing_that_it_does_not_take(report_type) -> None:
    sent = {*option_parameters(report_type, _NOTHING, "Asia/Tokyo")}
    if report_type.interval != "payout":
        sent |= {*interval_parameters(report_type, _DAY)}
        assert set(report_type.required_parameters) <= sent
    assert sent <= {*report_type.parameters}
    if requested_columns(report_type, _NOTHING, _offered()):
        assert report_type.takes_columns


def test_all_known_columns_are_asked_for() -> None:
    report_type = REPORT_TYPES["payouts.itemized.3"]
    assert requested_columns(report_type, _NOTHING, _offered("payout_id")) == report_type.columns


def test_where_the_catalog_is_incomplete_the_accounts_default_columns_are_asked_for_too() -> None:
    report_type = REPORT_TYPES["payouts.itemized.5"]
    assert not report_type.columns_complete
    asked = requested_columns(report_type, _NOTHING, _offered("payout_id", "brand_new"))
    assert asked == (*report_type.columns, "brand_new")


def test_of_an_unknown_report_type_the_accounts_default_columns_are_asked_for() -> None:
    (unknown,) = select_report_types("brand_new.report.1")
    assert requested_columns(unknown, _NOTHING, _offered("a", "b")) == ("a", "b")
    assert requested_columns(unknown, _NOTHING, _offered()) == (), "it takes no columns"


def test_metadata_columns_come_beside_the_others() -> None:
    report_type = REPORT_TYPES["balance_change_from_activity.itemized.3"]
    request = ReportRequest(metadata_columns=["payment_metadata[order_id]"])
    asked = requested_columns(report_type, request, _offered())
    assert asked == (*report_type.columns, "payment_metadata[order_id]")


def test_columns_of_the_request_are_asked_for_in_their_order() -> None:
    report_type = REPORT_TYPES["payouts.itemized.3"]
    assert requested_columns(report_type, ReportRequest(columns=["net", "fee"]), _offered()) == ("net", "fee")


def test_a_result_must_have_what_was_asked_for_or_what_stripe_documents_as_all() -> None:
    assert expected_columns(REPORT_TYPES["payouts.itemized.3"], ("net",)) == ("net",)
    assert expected_columns(REPORT_TYPES["activity.summary.1"], ())[0] == "reporting_category"
    assert expected_columns(REPORT_TYPES["apps.churn_rate.1"], ()) == (), "Stripe does not document them"
