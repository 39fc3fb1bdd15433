"""Dagster: resources, assets, schedule and sensor. The only wing that imports dagster."""
