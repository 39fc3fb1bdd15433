"""The report assets: what they are called, how a step lands them, and what Dagster records."""

from stripe_reports.orchestration.assets.landing_asset import Execute, StepEvent, land_selected, landing_asset
from stripe_reports.orchestration.assets.selected_reports import (
    GetAssetSpec,
    daily_partitions,
    select_reports,
)
from stripe_reports.orchestration.assets.spec import stripe_report_spec

__all__ = [
    "Execute",
    "GetAssetSpec",
    "StepEvent",
    "daily_partitions",
    "land_selected",
    "landing_asset",
    "select_reports",
    "stripe_report_spec",
]
