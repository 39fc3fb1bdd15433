"""How fast a year of reports comes through Dagster from a local Stripe: `python -m benchmarks.backfill`."""
