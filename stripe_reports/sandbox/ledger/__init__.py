"""A synthetic double-entry ledger of a made-up account."""

from stripe_reports.sandbox.ledger.any_ledger import AnyLedger
from stripe_reports.sandbox.ledger.chance import Seed, account_id, chance, stripe_id
from stripe_reports.sandbox.ledger.connected import CONNECTED
from stripe_reports.sandbox.ledger.days import DAY, day_of, days, midnight
from stripe_reports.sandbox.ledger.ledger import Ledger
from stripe_reports.sandbox.ledger.money import CURRENCIES, at_rate, decimals, fixed_point, major_units
from stripe_reports.sandbox.ledger.payout_schedule import available_on
from stripe_reports.sandbox.ledger.transaction import BalanceTransaction, Charge, Payout

__all__ = [
    "CONNECTED",
    "CURRENCIES",
    "DAY",
    "AnyLedger",
    "BalanceTransaction",
    "Charge",
    "Ledger",
    "Payout",
    "Seed",
    "account_id",
    "at_rate",
    "available_on",
    "chance",
    "day_of",
    "days",
    "decimals",
    "fixed_point",
    "major_units",
    "midnight",
    "stripe_id",
]
