"""A local Stripe: the reporting API over a synthetic double-entry ledger. Knows the catalog only."""
