"""Assets that rest on the reports: what moved, what it cost, what was paid out, and the books of a month."""

from stripe_reports.orchestration.books.downstream.downstream import downstream_assets

__all__ = ["downstream_assets"]
