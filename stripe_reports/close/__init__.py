"""Closing a month's books: trial balance and journal, with their evidence. Does not use Dagster."""

from stripe_reports.close.accounts import ACCOUNTS, ChartOfAccounts
from stripe_reports.close.closing import Closing, close_month
from stripe_reports.close.gate import check_waivers
from stripe_reports.close.month import Month
from stripe_reports.close.movements import BookedTables, lower_case, widened
from stripe_reports.close.trial_balance import COLUMNS as TRIAL_BALANCE_COLUMNS

__all__ = [
    "ACCOUNTS",
    "TRIAL_BALANCE_COLUMNS",
    "BookedTables",
    "ChartOfAccounts",
    "Closing",
    "Month",
    "check_waivers",
    "close_month",
    "lower_case",
    "widened",
]
