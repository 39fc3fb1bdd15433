"""Keeping tables: a CSV becomes typed Parquet, committed whole, and is read back. No Dagster, no Stripe."""
