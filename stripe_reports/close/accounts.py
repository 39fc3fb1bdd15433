"""The chart of accounts: the account that each reporting category is booked on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from stripe_reports.errors import ConfigurationError

BALANCE = "Assets:Stripe:Balance"
OPENING = "Equity:Stripe:Opening-Balances"
_UNCLASSIFIED = "Equity:Stripe:Unclassified"
_FEE = "fee"

_CHARGES = "Income:Stripe:Charges"
_REFUNDS = "Income:Stripe:Refunds"
_DISPUTES = "Expenses:Stripe:Disputes"
_RESERVES = "Assets:Stripe:Reserves"
_FINANCING = "Liabilities:Stripe:Financing"
_ISSUING = "Assets:Stripe:Issuing"
_BANK = "Assets:Bank"

ACCOUNTS: Mapping[str, str] = MappingProxyType(
    {
        "charge": _CHARGES,
        "charge_failure": _CHARGES,
        "partial_capture_reversal": _CHARGES,
        "refund": _REFUNDS,
        "refund_failure": _REFUNDS,
        "dispute": _DISPUTES,
        "dispute_reversal": _DISPUTES,
        _FEE: "Expenses:Stripe:Fees",
        "network_cost": "Expenses:Stripe:Network-Costs",
        "tax": "Expenses:Stripe:Taxes",
        "other_adjustment": "Income:Stripe:Adjustments",
        "payout": _BANK,
        "payout_reversal": _BANK,
        "topup": _BANK,
        "topup_reversal": _BANK,
        "risk_reserved_funds": _RESERVES,
        "connect_reserved_funds": _RESERVES,
        "payout_minimum_balance_hold": _RESERVES,
        "payout_minimum_balance_release": _RESERVES,
        "transfer": "Expenses:Stripe:Transfers",
        "transfer_reversal": "Expenses:Stripe:Transfers",
        "connect_collection_transfer": "Liabilities:Stripe:Connect",
        "platform_earning": "Income:Stripe:Platform-Earnings",
        "platform_earning_refund": "Income:Stripe:Platform-Earnings",
        "advance": _FINANCING,
        "advance_funding": _FINANCING,
        "anticipation_repayment": _FINANCING,
        "financing_paydown": _FINANCING,
        "financing_paydown_reversal": _FINANCING,
        "financing_payout": _FINANCING,
        "financing_payout_reversal": _FINANCING,
        "issuing_authorization_hold": _ISSUING,
        "issuing_authorization_release": _ISSUING,
        "issuing_dispute": _ISSUING,
        "issuing_transaction": _ISSUING,
        "climate_order_purchase": "Expenses:Stripe:Climate",
        "climate_order_refund": "Expenses:Stripe:Climate",
        "contribution": "Expenses:Stripe:Climate",
        "unreconciled_customer_funds": "Liabilities:Stripe:Unreconciled-Customer-Funds",
    }
)
"""The account of each reporting category (https://docs.stripe.com/reports/reporting-categories)."""

# Names that both hledger and Beancount accept (https://beancount.github.io/docs/beancount_language_syntax.html).
_ACCOUNT = re.compile(r"(Assets|Liabilities|Equity|Income|Expenses)(:[A-Z0-9][A-Za-z0-9-]*)+")


class ChartOfAccounts:
    """`ACCOUNTS`, with other accounts for some categories. Raises ConfigurationError for an invalid one."""

    def __init__(self, instead: Mapping[str, str] | None = None) -> None:
        for category, account in (instead or {}).items():
            if not _ACCOUNT.fullmatch(account):
                raise ConfigurationError(
                    f"{account!r}, given for {category}, is not an account; an account starts with Assets,"
                    " Liabilities, Equity, Income or Expenses, and each part after a colon with a capital"
                    " letter or a digit: Income:Sales"
                )
            if account in (BALANCE, OPENING):
                raise ConfigurationError(
                    f"cannot book {category} on {account}, the account of the balance; choose another account"
                )
        self._accounts = {**ACCOUNTS, **(instead or {})}

    @property
    def fees(self) -> str:
        """The account of the fees that Stripe takes from transactions: that of the category `fee`."""
        return self._accounts[_FEE]

    def knows(self, category: str) -> bool:
        """Return whether the category has an account. Live data have categories that Stripe does not list."""
        return category in self._accounts

    def account(self, category: str) -> str:
        """Return the category's account; if it has none, a new one below `Equity:Stripe:Unclassified`."""
        return self._accounts.get(category) or f"{_UNCLASSIFIED}:{_part(category)}"


def _part(category: str) -> str:
    words = re.findall("[A-Za-z0-9]+", category)
    return "-".join(word[0].upper() + word[1:] for word in words) or "Nameless"
