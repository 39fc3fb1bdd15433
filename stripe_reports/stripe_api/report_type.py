"""What the account can have of a report type, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stripe_reports.catalog import Interval, IntervalKind
from stripe_reports.errors import DataNotAvailableError
from stripe_reports.stripe_api.api import StripeApi
from stripe_reports.stripe_api.fields import demand_object, field, instant, items, word


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
    return api.ask(lambda client: client.v1.reporting.report_types.list(), _all_offered)


def retrieve_report_type(api: StripeApi, id_: str) -> OfferedReportType:
    """One of them. Raises StripeRequestError, in Stripe's words, where the account does not have it."""

    def read(told: Mapping[str, Any]) -> OfferedReportType:
        offered = _offered(told)
        if offered.id != id_:
            raise ValueError(f"it is the report type {offered.id}, asked for was {id_}")
        return offered

    return api.ask(lambda client: client.v1.reporting.report_types.retrieve(id_), read)


def _all_offered(told: Mapping[str, Any]) -> dict[str, OfferedReportType]:
    demand_object(told, "list", "list of report types")
    return {offered.id: offered for offered in map(_offered, items(told, "data", dict))}


def _offered(told: Mapping[str, Any]) -> OfferedReportType:
    demand_object(told, "reporting.report_type", "report type")
    has_columns = told.get("default_columns") is not None
    return OfferedReportType(
        id=word(told, "id"),
        name=field(told, "name", str),
        livemode=field(told, "livemode", bool),
        data_available_start=instant(told, "data_available_start"),
        data_available_end=instant(told, "data_available_end"),
        updated=instant(told, "updated") if told.get("updated") is not None else 0,
        default_columns=tuple(items(told, "default_columns", str)) if has_columns else None,
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
