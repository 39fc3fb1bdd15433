"""Stripe's financial reports as daily-partitioned Dagster assets and exact, typed Parquet tables."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stripe_reports.catalog import REPORT_TYPES, ReportType, select_report_types
    from stripe_reports.component import StripeReportsComponent
    from stripe_reports.errors import StripeReportsError
    from stripe_reports.lake import Lake
    from stripe_reports.landing import ReportRequest
    from stripe_reports.orchestration import (
        Alert,
        ReportLakeIOManager,
        ReportLakeResource,
        StripeReports,
        StripeResource,
        stripe_report_spec,
    )
    from stripe_reports.reading import read

__version__ = "0.2.0"

__all__ = [
    "REPORT_TYPES",
    "Alert",
    "Lake",
    "ReportLakeIOManager",
    "ReportLakeResource",
    "ReportRequest",
    "ReportType",
    "StripeReports",
    "StripeReportsComponent",
    "StripeReportsError",
    "StripeResource",
    "read",
    "select_report_types",
    "stripe_report_spec",
]

_WINGS = {
    "REPORT_TYPES": "catalog",
    "ReportType": "catalog",
    "select_report_types": "catalog",
    "StripeReportsComponent": "component",
    "StripeReportsError": "errors",
    "Lake": "lake",
    "ReportRequest": "landing",
    "read": "reading",
}


def __getattr__(name: str) -> Any:
    # Lazy, so that `import stripe_reports.catalog` costs neither Dagster nor pyarrow.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WINGS.get(name, 'orchestration')}"), name)


def __dir__() -> list[str]:
    # `dg` looks for components with dir() and gets every name in it. The other lazy names would cost each of
    # its commands half a second.
    return [*globals(), "StripeReportsComponent"]
