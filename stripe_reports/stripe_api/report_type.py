"""What the account can have of a report type, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from stripe_reports.catalog import Interval, IntervalKind
from stripe_reports.errors import DataNotAvailableError
from stripe_reports.stripe_api.api import StripeApi


@dataclass(frozen=True, slots=True)
class Availability:
    """Data of a report type: Unix seconds, both ends inclusive."""

    start: int
    end: int
    livemode: bool


def retrieve_availability(api: StripeApi, report_type: str) -> Availability:
    """Ask `GET /v1/reporting/report_types/{id}` (https://docs.stripe.com/api/reporting/report_type).

    Raises StripeRequestError, also where the account does not have the report type.
    """
    found = api.call(lambda client: client.v1.reporting.report_types.retrieve(report_type))
    return Availability(found.data_available_start, found.data_available_end, found.livemode)


def check_available(availability: Availability, interval: Interval, kind: IntervalKind) -> None:
    """Raise DataNotAvailableError if Stripe lacks a part of the interval.

    Asked before each report run: what Stripe answers to a run that is beyond its data is not documented,
    and short data must not be taken for a whole day.
    """
    if interval.end > availability.end:
        raise DataNotAvailableError(
            f"Stripe has data through {_utc(availability.end)}, this day ends at {_utc(interval.end)};"
            " materialize it when the data is there"
        )
    first = interval.end if kind == "as_of_end" else interval.start
    if first < availability.start:
        raise DataNotAvailableError(
            f"Stripe has data from {_utc(availability.start)} only, this day starts at {_utc(first)};"
            " choose a later day"
        )


def _utc(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
