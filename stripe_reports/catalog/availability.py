"""When Stripe has the data of an interval, by its documented delays."""

from __future__ import annotations

from collections.abc import Mapping

from stripe_reports.catalog.report_type import ReportType

_HOUR = 3600
_UTC_DAY = 24 * _HOUR

# Hours behind the end of the UTC day (https://docs.stripe.com/reports/api#data-availability). Network costs
# of IC+ pricing have no documented delay; some are said to come two months later.
_DELAYS: Mapping[str, int] = {"tax": 24, "apps-analytics": 48, "fees": 96, "card-payments-fees": 62 * 24}
_USUAL_DELAY = 12


def data_ready_by(report_type: ReportType, interval_end: int) -> int:
    """The latest second at which the data before `interval_end` are there, by the documentation.

    Both in Unix seconds. An end within a UTC day waits for all of that day. They are often there earlier:
    `data_available_end` of the account's report type says so.
    """
    end_of_day = -(-interval_end // _UTC_DAY) * _UTC_DAY
    # The tax report of connected accounts is one of the Connect reports.
    family = "tax" if "_tax." in report_type.id else report_type.family
    return end_of_day + _DELAYS.get(family, _USUAL_DELAY) * _HOUR
