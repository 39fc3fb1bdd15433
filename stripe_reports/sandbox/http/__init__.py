"""The two hosts of the local Stripe, spoken to over HTTP."""
