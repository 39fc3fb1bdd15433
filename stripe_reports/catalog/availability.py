"""When Stripe has the data of an interval, by its documented delays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from stripe_reports.catalog.days import first_instant, time_zone
from stripe_reports.catalog.report_type import ReportType

_HOUR = 3600
_UTC_DAY = 24 * _HOUR

# Seconds after the end of the UTC day (https://docs.stripe.com/reports/api#data-availability).
USUAL_DELAY = 12 * _HOUR
_DELAYS: Mapping[str, int] = {"tax": 24 * _HOUR, "apps-analytics": 48 * _HOUR, "fees": 96 * _HOUR}
# Network costs of IC+ pricing have no documented delay. Some are said to come two months later, so data can
# be missing for that long; but Stripe may offer the day much earlier.
_LONGEST_DELAYS: Mapping[str, int] = {"card-payments-fees": 62 * _UTC_DAY}


def documented_delay(report_type: ReportType) -> int:
    """Return how many seconds after the end of a UTC day its data is available, by the documentation.

    For a report type without a documented delay, it is the usual one.
    """
    return _DELAYS.get(_family(report_type), USUAL_DELAY)


def data_ready_by(report_type: ReportType, interval_end: int) -> int:
    """Return the latest second at which all data before `interval_end` is available, by the documentation.

    Both are Unix seconds. An end within a UTC day waits for all of that day. Data is often available earlier:
    `data_available_end` of the account's report type says so.
    """
    end_of_day = -(-interval_end // _UTC_DAY) * _UTC_DAY
    return end_of_day + _LONGEST_DELAYS.get(_family(report_type), documented_delay(report_type))


def newest_complete_day(now: datetime, timezone: str = "UTC") -> date:
    """Return the newest day whose data Stripe has, by the usual documented delay.

    Data of a UTC day is complete by 12:00 UTC of the next day. A day in another time zone extends into the
    next UTC day and waits for that one (https://docs.stripe.com/reports/api#data-availability).
    """
    last_utc_day = (now.astimezone(UTC) - timedelta(seconds=USUAL_DELAY)).date()
    complete_until = datetime.combine(last_utc_day, time(), UTC)
    zone = time_zone(timezone)
    day = complete_until.astimezone(zone).date()
    while first_instant(day + timedelta(days=1), zone) > complete_until.timestamp():
        day -= timedelta(days=1)
    return day


def newest_ready_day(report_type: ReportType, now: float, timezone: str = "UTC") -> date:
    """Return the newest day in that zone whose data is all available by the documentation.

    `now` is in Unix seconds.
    """
    zone = time_zone(timezone)
    day = datetime.fromtimestamp(now, zone).date()
    while data_ready_by(report_type, first_instant(day + timedelta(days=1), zone)) > now:
        day -= timedelta(days=1)
    return day


def _family(report_type: ReportType) -> str:
    # The tax report of connected accounts is one of the Connect reports.
    return "tax" if "_tax." in report_type.id else report_type.family
