"""One report type and one day: ask, wait, download, convert, commit."""

from stripe_reports.landing.land import LandedDay, land_day
from stripe_reports.landing.payouts import itemized_payouts
from stripe_reports.landing.request import ReportRequest

__all__ = ["LandedDay", "ReportRequest", "itemized_payouts", "land_day"]
