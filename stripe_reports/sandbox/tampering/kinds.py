"""What can be done to a day, and how it is set."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from stripe_reports.sandbox.faults.setting import Settings, one_of_or_none, words
from stripe_reports.sandbox.ledger import CURRENCIES

_CURRENCY = {"currency": one_of_or_none(*CURRENCIES)}

TRUTHS: Mapping[str, Settings] = MappingProxyType(
    {
        # The automatic payout that arrives on that day fails, and comes back two days later.
        "payout_reversed": _CURRENCY,
        # Half of what is available is paid out by hand on that day.
        "manual_payout": _CURRENCY,
        # From the second report run on, the day's first row has another payout status, or where it has none,
        # another description. No amount changes.
        "restated": {"report_type": words("*"), "status": words("failed")},
    }
)
"""Kinds after which the books are so, and all reports agree."""

# The day's first row of that currency and category, in each of the report types.
_ROW = {
    "report_type": words("balance_change_from_activity.itemized.*"),
    **_CURRENCY,
    "category": words(None),
}

LIES: Mapping[str, Settings] = MappingProxyType(
    {
        # One smallest unit too high: 0.01 usd, 1 jpy, 0.001 kwd; without a column, the net.
        "cent": {**_ROW, "column": words(None)},
        "lost": _ROW,
        "doubled": _ROW,
    }
)
"""Kinds after which these report types do not tell what is in the books, nor what the others tell."""

KINDS: Mapping[str, Settings] = MappingProxyType({**TRUTHS, **LIES})
"""All kinds by name."""
