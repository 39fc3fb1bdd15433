"""The columns of report types, including those that Stripe does not document."""

from __future__ import annotations

from collections.abc import Mapping

from stripe_reports.catalog import ReportType

_FINANCIAL_ACCOUNT = "connected_account_financial_account_balance"

_OWN: Mapping[str, tuple[str, ...]] = {
    "failed_payouts.itemized.2": (
        "payout_id",
        "effective_at_utc",
        "effective_at",
        "currency",
        "gross",
        "fee",
        "net",
        "reporting_category",
        "description",
        "payout_expected_arrival_date",
        "payout_status",
        "payout_reversed_at_utc",
        "payout_reversed_at",
        "payout_type",
        "payout_destination_id",
        "failure_code",
        "failure_message",
    ),
    f"{_FINANCIAL_ACCOUNT}.summary.1": (
        "category",
        "description",
        "net_amount",
        "currency",
        "financial_account",
        "connected_account",
    ),
    f"{_FINANCIAL_ACCOUNT}_change_from_activity.itemized.1": (
        "financial_account_transaction_id",
        "created_utc",
        "created",
        "currency",
        "amount",
        "flow_type",
        "flow_id",
        "description",
        "financial_account",
        "connected_account",
    ),
    f"{_FINANCIAL_ACCOUNT}_change_from_activity.summary.1": ("flow_type", "currency", "count", "amount"),
    "apps.listing_views.1": ("date", "app_id", "listing_views"),
    "apps.unique_listing_views.1": ("date", "app_id", "unique_listing_views"),
    "apps.install_events.1": ("date", "app_id", "install_events"),
    "apps.uninstall_events.1": ("date", "app_id", "uninstall_events"),
    "apps.total_installs.1": ("date", "app_id", "total_installs"),
    "apps.churn_rate.1": ("date", "app_id", "uninstall_events", "total_installs", "churn_rate"),
    "apps.lead_conversion_rate.1": (
        "date",
        "app_id",
        "install_events",
        "unique_listing_views",
        "lead_conversion_rate",
    ),
    "apps.lead_velocity_rate.1": ("date", "app_id", "unique_listing_views", "lead_velocity_rate"),
}
"""Made-up columns for the report types whose columns the catalog does not know."""


def columns_of(report_type: ReportType) -> tuple[str, ...]:
    """Return all columns that a run may ask for, except metadata."""
    return report_type.columns or _OWN[report_type.id]
