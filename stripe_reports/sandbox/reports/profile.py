"""The profile of an account, and the report types that the profile has."""

from __future__ import annotations

from typing import Literal, get_args

from stripe_reports.catalog import ReportType

AccountProfile = Literal["plain", "connect", "full"]
"""The profiles: `plain` takes payments, `connect` is also a platform, `full` uses all products."""

ACCOUNT_PROFILES: tuple[AccountProfile, ...] = get_args(AccountProfile)

_PLAIN = frozenset(("balance", "activity", "payout-reconciliation", "tax"))


def is_enabled(report_type: ReportType, profile: str) -> bool:
    """Return whether an account of that profile has the report type."""
    if profile == "full" or report_type.family in _PLAIN:
        return True
    is_for_platforms = report_type.family == "connect" or report_type.id.startswith("connect_")
    return profile == "connect" and is_for_platforms
