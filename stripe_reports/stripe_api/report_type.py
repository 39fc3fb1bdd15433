"""What the account can have of a report type, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import stripe

from stripe_reports.catalog import Interval, IntervalKind
from stripe_reports.errors import DataNotAvailableError
from stripe_reports.stripe_api.api import StripeApi


@dataclass(frozen=True, slots=True)
class OfferedReportType:
    """A report type as the account has it (https://docs.stripe.com/api/reporting/report_type/object).

    Data are there from `data_available_start` to `data_available_end`, both inclusive; `updated` is when
    any of this last changed. All in Unix seconds.
    `default_columns` is None where Stripe names none.
    """

    id: str
    name: str
    livemode: bool
    data_available_start: int
    data_available_end: int
    updated: int
    default_columns: tuple[str, ...] | None

    def has_had(self, instant: int) -> int | None:
        """Since when, at the latest, the data before that instant have been there; None where it is not told.

        What moves `data_available_end` updates the report type, so it was there at its last update.
        """
        is_told = instant <= self.data_available_end <= self.updated
        return self.updated if is_told else None


def list_report_types(api: StripeApi) -> dict[str, OfferedReportType]:
    """All that the account offers, by id (`GET /v1/reporting/report_types`, which is not paged)."""
    found = api.call(lambda client: client.v1.reporting.report_types.list())
    return {each.id: _offered(each) for each in found.data}


def retrieve_report_type(api: StripeApi, id_: str) -> OfferedReportType:
    """One of them. Raises StripeRequestError, in Stripe's words, where the account does not have it."""
    return _offered(api.call(lambda client: client.v1.reporting.report_types.retrieve(id_)))


def _offered(found: stripe.reporting.ReportType) -> OfferedReportType:
    columns = found.default_columns
    return OfferedReportType(
        id=found.id,
        name=found.name,
        livemode=found.livemode,
        data_available_start=found.data_available_start,
        data_available_end=found.data_available_end,
        updated=getattr(found, "updated", 0),
        default_columns=None if columns is None else tuple(columns),
    )


def check_available(offered: OfferedReportType, interval: Interval, kind: IntervalKind) -> None:
    """Raise DataNotAvailableError if Stripe lacks a part of the interval.

    Asked before each report run: what Stripe answers to a run that is beyond its data is not documented,
    and short data must not be taken for a whole day.
    """
    start, end = offered.data_available_start, offered.data_available_end
    if interval.end > end:
        not_yet = DataNotAvailableError(
            f"Stripe has data through {_utc(end)}, this day ends at {_utc(interval.end)};"
            " materialize it when the data is there"
        )
        not_yet.comes = True
        raise not_yet
    first = interval.end if kind == "as_of_end" else interval.start
    if first < start:
        raise DataNotAvailableError(
            f"Stripe has data from {_utc(start)} only, this day starts at {_utc(first)}; choose a later day"
        )


def _utc(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
