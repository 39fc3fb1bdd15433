"""A landed month, small: what the books are made of, and what ties payouts to their transactions."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from stripe_reports.catalog import days_between
from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.core_lake import land

FIRST = date(2025, 2, 1)
DAYS = days_between(FIRST, date(2025, 2, 28))
ACTIVITY = "balance_change_from_activity_itemized_3"
PAYOUTS = "payouts_itemized_3"
PAID = "payout_reconciliation_itemized_5"
BALANCE = "balance_summary_1"
TABLES = (ACTIVITY, BALANCE, PAID, PAYOUTS)
SELECT = (
    "balance.summary.1,balance_change_from_activity.itemized.3,payouts.itemized.3,"
    "payout_reconciliation.itemized.5"
)


def landed_month(root: Path, days: Sequence[date] = DAYS, *, select: str = SELECT, **more: Any) -> Lake:
    """Of an account whose books began in January, or on the `start_date` of the sandbox."""
    lake = Lake.open(str(root))
    account = {name: more.pop(name) for name in ("start_date", "account_profile") if name in more}
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=10, **account) as sandbox:
        land(lake, sandbox, days, select=select, **more)
    return lake


def copied(lake: Lake, root: Path) -> Lake:
    """Without the CSVs that are kept."""
    shutil.copytree(lake.root, root, ignore=shutil.ignore_patterns("_csv"))
    return Lake.open(str(root))
