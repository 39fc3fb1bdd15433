"""Stripe's financial reports as daily-partitioned Dagster assets and exact, typed Parquet tables."""
