"""The kinds of tampering and their settings."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from stripe_reports.sandbox.faults.setting import Settings, one_of_or_none, words
from stripe_reports.sandbox.ledger import CURRENCIES

_CURRENCY = {"currency": one_of_or_none(*CURRENCIES)}

TRUTHS: Mapping[str, Settings] = MappingProxyType(
    {
        # The automatic payout that arrives on that day fails, and returns two days later.
        "payout_reversed": _CURRENCY,
        # Half of the available balance is paid out manually on that day.
        "manual_payout": _CURRENCY,
        # From the second report run on, the day's first row has another payout status or, without one,
        # another description. No amount changes.
        "restated": {"report_type": words("*"), "status": words("failed")},
    }
)
"""The kinds that change the ledger, so that all reports agree."""

# The day's first row with that currency and category, in each of the report types.
_ROW = {
    "report_type": words("balance_change_from_activity.itemized.*"),
    **_CURRENCY,
    "category": words(None),
}

LIES: Mapping[str, Settings] = MappingProxyType(
    {
        # One smallest unit too high: 0.01 usd, 1 jpy, 0.001 kwd; by default, in the net.
        "cent": {**_ROW, "column": words(None)},
        "lost": _ROW,
        "doubled": _ROW,
    }
)
"""The kinds that make these report types differ from the ledger and from all other reports."""

KINDS: Mapping[str, Settings] = MappingProxyType({**TRUTHS, **LIES})
"""All kinds of tampering by name."""
