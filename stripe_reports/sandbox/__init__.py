"""A local Stripe: the reporting API over a synthetic double-entry ledger. It imports only the catalog."""

from stripe_reports.sandbox.sandbox import DEFAULT_LIVE_KEY, Sandbox

__all__ = ["DEFAULT_LIVE_KEY", "Sandbox"]
