"""One way through all days in a process of its own: `python -m benchmarks.reconciliation.run WAY LAKE`.

`reconcile` holds every identity against the tables of all days, `day` of the last one. `read` has Arrow read
the same columns of the same files, and nothing else.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date

import click

from benchmarks.process import own_peak_mib
from stripe_reports.lake import Lake

_TRANSACTION = [
    "balance_transaction_id",
    "created_utc",
    "currency",
    "gross",
    "fee",
    "net",
    "reporting_category",
]
_SUMMARY = ["reporting_category", "currency", "count", "gross", "fee", "net"]
_COLUMNS = {
    "balance_summary_1": ["category", "net_amount", "currency"],
    "balance_change_from_activity_itemized_3": _TRANSACTION,
    "balance_change_from_activity_summary_1": _SUMMARY,
    "ending_balance_reconciliation_itemized_4": _TRANSACTION,
    "ending_balance_reconciliation_summary_1": _SUMMARY,
    "payout_reconciliation_itemized_5": [
        *_TRANSACTION,
        "automatic_payout_id",
        "automatic_payout_effective_at_utc",
    ],
    "payout_reconciliation_summary_1": _SUMMARY,
    "payouts_itemized_3": ["payout_id", "effective_at_utc", *_SUMMARY[:2], *_SUMMARY[3:]],
    "payouts_summary_1": _SUMMARY,
}


def _reconcile(lake: Lake, days: Sequence[date]) -> dict[str, int]:
    from stripe_reports.reconcile import reconcile

    found = Counter(outcome.verdict.value for outcome in reconcile(lake, days))
    return dict(found)


def _read(lake: Lake, days: Sequence[date]) -> dict[str, int]:
    rows = {}
    for table, columns in _COLUMNS.items():
        batches = lake.dataset(table, days).to_batches(columns=columns)
        rows[table] = sum(batch.num_rows for batch in batches)
    return rows


def main() -> None:
    """Print what came of it, in how many seconds, and the most memory that it took."""
    way, uri = sys.argv[1:]
    lake = Lake.open(uri)
    days = lake.days("balance_summary_1")
    began = time.perf_counter()
    match way:
        case "reconcile":
            found = _reconcile(lake, days)
        case "day":
            found = _reconcile(lake, days[-1:])
        case _:
            found = _read(lake, days)
    seconds = time.perf_counter() - began
    click.echo(json.dumps({"seconds": seconds, "peak_mib": own_peak_mib(), "found": found}))


if __name__ == "__main__":
    main()
