"""What tells the rows of a report apart, by the names of its columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stripe_reports.catalog.columns import ColumnType, column_type
from stripe_reports.catalog.report_type import ReportType

# Ids that Stripe gives a row, and what tells rows of the same id apart, best first: a balance transaction may
# be split into components; a payout that failed comes back under its id, in another category; a tax
# transaction has lines, and a line has jurisdictions.
_IDS = (
    ("balance_transaction_id", "balance_transaction_component"),
    ("payout_id", "reporting_category"),
    ("id", "line_item_id", "jurisdiction_level", "jurisdiction_name", "tax_name", "tax_type"),
)
_LINES = {"itemized", "by_id.itemized", "transaction_level"}
"""Granularities of which a row is one thing; in all others but `other` it is a sum over several."""
_WITHOUT_IDS = {"fees", "card-payments-fees"}
_MEASURES = {ColumnType.DECIMAL, ColumnType.INTEGER, ColumnType.BOOLEAN}


def id_candidates(report_type: ReportType, columns: Iterable[str]) -> Sequence[tuple[str, ...]]:
    """Columns among these that may identify a row, the likeliest first: an id, then more beside it.

    None for sums, and none for lines of fees: these have no id of their own, several share the one of their
    balance transaction, and two that are equal may both be genuine.
    """
    if report_type.granularity not in {*_LINES, "other"} or report_type.family in _WITHOUT_IDS:
        return []
    present = set(columns)
    chains = [[name for name in chain if name in present] for chain in _IDS if chain[0] in present]
    return [tuple(chain[:length]) for chain in chains for length in range(1, len(chain) + 1)]


def dimensions(report_type: ReportType, columns: Iterable[str]) -> tuple[str, ...]:
    """Of a report of sums, the columns among these that say what a sum is about: all but amounts, counts and
    flags."""
    if report_type.granularity in _LINES:
        return ()
    return tuple(name for name in columns if column_type(name) not in _MEASURES)
