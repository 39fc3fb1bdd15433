"""What rests on the landed tables: the reconciliation, and the assets after it."""

from stripe_reports.orchestration.books.automation import books_sensor
from stripe_reports.orchestration.books.downstream import downstream_assets
from stripe_reports.orchestration.books.keys import DOWNSTREAM, books_keys, daily_selection
from stripe_reports.orchestration.books.reconciliation import CHAIN_CHECK, Severity, reconciliation_asset

__all__ = [
    "CHAIN_CHECK",
    "DOWNSTREAM",
    "Severity",
    "books_keys",
    "books_sensor",
    "daily_selection",
    "downstream_assets",
    "reconciliation_asset",
]
