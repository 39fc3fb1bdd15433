"""Asking Stripe: report runs, report types, result files. No Dagster, no Parquet."""
