"""The component: `StripeReports` with the attributes of a YAML file."""

from stripe_reports.component.component import StripeReportsComponent

__all__ = ["StripeReportsComponent"]
