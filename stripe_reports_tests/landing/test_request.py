"""What a report type does not take is refused when the assets are built, with what it does take."""

from __future__ import annotations

import pytest

from stripe_reports.catalog import REPORT_TYPES, select_report_types
from stripe_reports.errors import ConfigurationError
from stripe_reports.landing import ReportRequest


def _check(id_: str, request: ReportRequest) -> None:
    (report_type,) = select_report_types(id_)
    request.check(report_type)


@pytest.mark.parametrize(
    ("id_", "request_"),
    [
        ("payouts.itemized.3", ReportRequest(parameters={"currency": "usd", "reporting_category": "payout"})),
        ("payouts.itemized.3", ReportRequest(columns=["net", "fee"], optional_columns=["fee"])),
        (
            "connected_account_balance_change_from_activity.itemized.3",
            ReportRequest(parameters={"connected_accounts": ["acct_1", "acct_2"]}),
        ),
        (
            "balance_change_from_activity.itemized.3",
            ReportRequest(metadata_columns=["payment_metadata[order_id]"]),
        ),
        ("tax.transactions.itemized.1", ReportRequest(columns=["brand_new"])),
        ("brand_new.report.1", ReportRequest(columns=["a"], parameters={"anything": "goes"})),
    ],
)
def test_what_a_report_type_takes_is_accepted(id_: str, request_: ReportRequest) -> None:
    _check(id_, request_)


@pytest.mark.parametrize(
    ("id_", "request_", "says"),
    [
        (
            "payouts.itemized.3",
            ReportRequest(parameters={"curency": "usd"}),
            "it does not take the parameter 'curency'; it takes currency, reporting_category, timezone",
        ),
        ("apps.churn_rate.1", ReportRequest(parameters={"currency": "usd"}), "it takes none"),
        ("payouts.itemized.3", ReportRequest(parameters={"interval_start": "1"}), "is the partition's"),
        ("payouts.itemized.3", ReportRequest(parameters={"columns": ["net"]}), r"ReportRequest\(columns="),
        ("payouts.itemized.3", ReportRequest(parameters={"decimal_separator": "comma"}), "read with a dot"),
        ("payouts.itemized.3", ReportRequest(columns=["nett"]), "it has no column 'nett'; it has payout_id"),
        ("payouts.itemized.3", ReportRequest(columns=["net", "net"]), "more than once: net"),
        ("activity.summary.1", ReportRequest(columns=["net"]), "Stripe decides on its columns"),
        (
            "payouts.itemized.3",
            ReportRequest(metadata_columns=["payment_metadata[order_id]"]),
            "it has none",
        ),
        (
            "balance_change_from_activity.itemized.3",
            ReportRequest(metadata_columns=["order_id"]),
            r"write payment_metadata\[your_key\]",
        ),
        (
            "balance_change_from_activity.itemized.3",
            ReportRequest(metadata_columns=["charge_metadata[x]"]),
            r"it has payment_metadata\[\.\.\.\], refund_metadata\[\.\.\.\], transfer_metadata",
        ),
    ],
)
def test_what_it_does_not_take_is_refused(id_: str, request_: ReportRequest, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as refused:
        _check(id_, request_)
    assert str(refused.value).startswith(id_)


def test_the_catalog_names_what_each_report_type_takes() -> None:
    assert (
        "connected_accounts"
        in REPORT_TYPES["connected_account_balance_change_from_activity.summary.1"].parameters
    )
