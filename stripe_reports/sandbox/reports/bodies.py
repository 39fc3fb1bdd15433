"""The bodies of all report types in the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.sandbox.ledger import Ledger
from stripe_reports.sandbox.reports import all_fees, apps, card_fees, financial_accounts
from stripe_reports.sandbox.reports import revenue_recognition as revenue
from stripe_reports.sandbox.reports import transactions as of
from stripe_reports.sandbox.reports.balance_summary import balance_summary
from stripe_reports.sandbox.reports.components import activity_components
from stripe_reports.sandbox.reports.connect import negative_balance_overview, over_connected
from stripe_reports.sandbox.reports.failed_payouts import failed_payouts
from stripe_reports.sandbox.reports.payouts import payouts_itemized, payouts_summary
from stripe_reports.sandbox.reports.query import Query, Row
from stripe_reports.sandbox.reports.tax import tax_export, tax_summary, tax_transactions

ReportBody = Callable[[Ledger, Query], Iterator[Row]]
"""A function that yields a report's rows. They may have more columns than are requested and printed."""

_OF_ANY_BOOKS = {
    "balance.summary.*": balance_summary,
    "balance_change_from_activity.summary.*": of.activity_summary,
    "balance_change_from_activity.itemized.*": of.activity_itemized,
    "payouts.summary.*": payouts_summary,
    "payouts.itemized.*": payouts_itemized,
    "payout_reconciliation.summary.*": of.payout_reconciliation_summary,
    "payout_reconciliation.itemized.*": of.payout_reconciliation_itemized,
    "payout_reconciliation.by_id.summary.*": of.payout_by_id_summary,
    "payout_reconciliation.by_id.itemized.*": of.payout_by_id_itemized,
    "ending_balance_reconciliation.summary.*": of.ending_balance_summary,
    "ending_balance_reconciliation.itemized.*": of.ending_balance_itemized,
    "tax.transactions.itemized.*": tax_transactions,
}
"""The reports that connected accounts have too, with a prefix in the id."""

_FINANCIAL_ACCOUNT = "connected_account_financial_account_balance"

_BODIES: Mapping[str, ReportBody] = {
    **_OF_ANY_BOOKS,
    **{f"connected_account_{pattern}": over_connected(body) for pattern, body in _OF_ANY_BOOKS.items()},
    "activity.summary.*": of.activity_summary,
    "activity.itemized.*": activity_components,
    "tax.itemized_export.*": tax_export,
    "tax.summarized_export.*": tax_summary,
    "connect.negative_balance_refunds_disputes_overview.*": negative_balance_overview,
    "failed_payouts.itemized.*": failed_payouts,
    "all_fees.balance_transaction_created.itemized.*": all_fees.fees_by_transaction,
    "all_fees.balance_transaction_created.summary.*": all_fees.fees_summary,
    "all_fees.incurred_at.itemized.*": all_fees.fees_by_incurrence,
    "card_payments_fees.transaction_level.*": card_fees.card_payments_fees,
    "connect_card_payments_fees.transaction_level.*": card_fees.connect_transaction_level,
    "connect_card_payments_fees.plan_level.*": card_fees.connect_plan_level,
    "revenue_recognition.debit_credit_summary.*": revenue.debits_and_credits_by(),
    "revenue_recognition.debit_credit_by_customer.*": revenue.debits_and_credits_by("customer_id"),
    "revenue_recognition.debit_credit_by_price.*": revenue.debits_and_credits_by("price_id"),
    "revenue_recognition.debit_credit_by_product.*": revenue.debits_and_credits_by("product_id"),
    "revenue_recognition.debit_credit_by_invoice.*": revenue.debits_and_credits,
    "revenue_recognition.debit_credit_by_invoice_line_item.*": revenue.debits_and_credits,
    f"{_FINANCIAL_ACCOUNT}.summary.*": financial_accounts.balance_summary,
    f"{_FINANCIAL_ACCOUNT}_change_from_activity.itemized.*": financial_accounts.balance_change_itemized,
    f"{_FINANCIAL_ACCOUNT}_change_from_activity.summary.*": financial_accounts.balance_change_summary,
    "treasury_fees.administrative_facilitation_fee": financial_accounts.facilitation_fee,
    "apps.listing_views.*": apps.counted("listing_views", lambda day: day.views),
    "apps.unique_listing_views.*": apps.counted("unique_listing_views", lambda day: day.visitors),
    "apps.install_events.*": apps.counted("install_events", lambda day: day.installs),
    "apps.uninstall_events.*": apps.counted("uninstall_events", lambda day: day.uninstalls),
    "apps.total_installs.*": apps.total_installs,
    "apps.churn_rate.*": apps.churn_rate,
    "apps.lead_conversion_rate.*": apps.lead_conversion_rate,
    "apps.lead_velocity_rate.*": apps.lead_velocity_rate,
}

REPORT_BODIES: Mapping[str, ReportBody] = MappingProxyType(
    {id_: body for id_ in REPORT_TYPES for pattern, body in _BODIES.items() if fnmatchcase(id_, pattern)}
)
"""The bodies by report type, in the catalog's order."""
