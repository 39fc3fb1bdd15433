"""The two HTTP hosts of the local Stripe."""
