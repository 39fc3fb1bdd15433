"""One report type and one day: ask, wait, download, convert, commit."""

from stripe_reports.landing.land import LandedDay, land_day
from stripe_reports.landing.parameters import check_reports_on_days, run_interval, run_parameters

__all__ = ["LandedDay", "check_reports_on_days", "land_day", "run_interval", "run_parameters"]
