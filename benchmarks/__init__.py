"""How fast landing is, beside other ways to do the same: `python -m benchmarks`."""

from datetime import date

REPORT_TYPE = "balance_change_from_activity.itemized.7"
"""The made-up CSVs are of this report."""
FIRST_DAY = date(2025, 8, 1)
"""Where they begin: a month with 31 days."""
