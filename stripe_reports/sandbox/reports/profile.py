"""What an account does at Stripe, and which report types it has for that."""

from __future__ import annotations

from typing import Literal, get_args

from stripe_reports.catalog import ReportType

AccountProfile = Literal["plain", "connect", "full"]
"""`plain` takes payments, `connect` is a platform besides, `full` has every product that has a report."""

ACCOUNT_PROFILES: tuple[AccountProfile, ...] = get_args(AccountProfile)

_PLAIN = frozenset(("balance", "activity", "payout-reconciliation", "tax"))


def is_enabled(report_type: ReportType, profile: str) -> bool:
    """Whether an account of that profile has the report type."""
    if profile == "full" or report_type.family in _PLAIN:
        return True
    is_for_platforms = report_type.family == "connect" or report_type.id.startswith("connect_")
    return profile == "connect" and is_for_platforms
