"""Assets that consume the reports: what moved, what it cost, what was paid out, and the books of a month."""

from stripe_reports.orchestration.downstream.builder import (
    DOWNSTREAM,
    build_stripe_reports_downstream_assets,
)

__all__ = ["DOWNSTREAM", "build_stripe_reports_downstream_assets"]
