"""The columns that identify the rows of a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stripe_reports.catalog.columns import ColumnType, column_type
from stripe_reports.catalog.report_type import ReportType

# The ids that Stripe gives to rows, each followed by the columns that distinguish rows of the same id, best
# first: a balance transaction may be split into components; a failed payout returns under the same id in
# another category; a tax transaction has lines, and a line has jurisdictions.
_IDS = (
    ("balance_transaction_id", "balance_transaction_component"),
    ("payout_id", "reporting_category"),
    ("id", "line_item_id", "jurisdiction_level", "jurisdiction_name", "tax_name", "tax_type"),
)
_LINES = {"itemized", "by_id.itemized", "transaction_level"}
"""The granularities in which a row is one item; in all others except `other`, a row is a sum over items."""
_WITHOUT_IDS = {"fees", "card-payments-fees"}
_MEASURES = {ColumnType.DECIMAL, ColumnType.INTEGER, ColumnType.BOOLEAN}


def id_candidates(report_type: ReportType, columns: Iterable[str]) -> Sequence[tuple[str, ...]]:
    """Return sets of these columns that may identify a row, the likeliest first: an id, then an id and more.

    Sums have none. Lines of fees have none either: several share the id of their balance transaction, and two
    equal lines may both be genuine.
    """
    if report_type.granularity not in {*_LINES, "other"} or report_type.family in _WITHOUT_IDS:
        return []
    present = set(columns)
    chains = [[name for name in chain if name in present] for chain in _IDS if chain[0] in present]
    return [tuple(chain[:length]) for chain in chains for length in range(1, len(chain) + 1)]


def dimensions(report_type: ReportType, columns: Iterable[str]) -> tuple[str, ...]:
    """Return the columns by which a report of sums is grouped: all of these but amounts, counts and flags."""
    if report_type.granularity in _LINES:
        return ()
    return tuple(name for name in columns if column_type(name) not in _MEASURES)
