"""The keys of the assets that rest on landed tables: the reconciliation and the downstream assets."""

from collections.abc import Iterable

import dagster as dg

from stripe_reports.orchestration.reports import Reports
from stripe_reports.reconcile import reconciled_tables

RECONCILIATION = "reconciliation"
"""The table of the reconciliation, and the last part of its key."""
DAILY_TABLES = ("daily_activity", "daily_fees", "payout_statements")
MONTH_END_CLOSE = "month_end_close"
DOWNSTREAM = (*DAILY_TABLES, MONTH_END_CLOSE)


def books_prefix(reports: Reports) -> tuple[str, ...]:
    """Return the first parts of these assets' keys: those of the reports that are reconciled."""
    tables = reconciled_tables(reports.by_table)
    return tuple(reports.by_table[tables[0]].key.path[:-1]) if tables else reports.names.key_prefix


def books_keys(reports: Reports, names: Iterable[str] = (RECONCILIATION, *DOWNSTREAM)) -> list[dg.AssetKey]:
    """Return the keys of these assets, whether or not they are in the code location."""
    prefix = books_prefix(reports)
    return [dg.AssetKey([*prefix, name]) for name in names]


def daily_selection(reports: Reports) -> dg.AssetSelection:
    """Return the selection of the daily ones that are in the code location."""
    # A selection of keys refuses one that is missing, and a whole key is a prefix of itself.
    keys = books_keys(reports, (RECONCILIATION, *DAILY_TABLES))
    return dg.AssetSelection.key_prefixes(*(list(key.path) for key in keys))
