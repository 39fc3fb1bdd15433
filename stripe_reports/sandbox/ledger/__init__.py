"""A synthetic double-entry ledger: the books of an account that does not exist."""

from stripe_reports.sandbox.ledger.chance import account_id
from stripe_reports.sandbox.ledger.ledger import Ledger
from stripe_reports.sandbox.ledger.money import CURRENCIES, major_units
from stripe_reports.sandbox.ledger.payout_schedule import available_on
from stripe_reports.sandbox.ledger.transaction import BalanceTransaction, Payout

__all__ = [
    "CURRENCIES",
    "BalanceTransaction",
    "Ledger",
    "Payout",
    "account_id",
    "available_on",
    "major_units",
]
