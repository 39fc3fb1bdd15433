"""Which report types the sandbox plays. One more is one more line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.sandbox.ledger import Ledger
from stripe_reports.sandbox.reports import transactions as of
from stripe_reports.sandbox.reports.balance_summary import balance_summary
from stripe_reports.sandbox.reports.payouts import payouts_itemized, payouts_summary
from stripe_reports.sandbox.reports.query import Query, Row

ReportBody = Callable[[Ledger, Query], Iterator[Row]]
"""The rows of a report. Rows may hold more columns than a report type has: only the requested are printed."""

_BODIES: Mapping[str, ReportBody] = {
    "balance.summary.*": balance_summary,
    "balance_change_from_activity.summary.*": of.activity_summary,
    "balance_change_from_activity.itemized.*": of.activity_itemized,
    "activity.summary.*": of.activity_summary,
    "payouts.summary.*": payouts_summary,
    "payouts.itemized.*": payouts_itemized,
    "payout_reconciliation.summary.*": of.payout_reconciliation_summary,
    "payout_reconciliation.itemized.*": of.payout_reconciliation_itemized,
    "payout_reconciliation.by_id.summary.*": of.payout_by_id_summary,
    "payout_reconciliation.by_id.itemized.*": of.payout_by_id_itemized,
    "ending_balance_reconciliation.summary.*": of.ending_balance_summary,
    "ending_balance_reconciliation.itemized.*": of.ending_balance_itemized,
}

PLAYED: Mapping[str, ReportBody] = MappingProxyType(
    {id_: body for id_ in REPORT_TYPES for pattern, body in _BODIES.items() if fnmatchcase(id_, pattern)}
)
"""The report types of the sandbox's account, in the catalog's order."""
