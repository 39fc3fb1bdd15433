"""The report types that the account offers, and from when until when they have data."""

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

    Data is available from `data_available_start` to `data_available_end`, both inclusive; `updated` is when
    any of this last changed. All are in Unix seconds. `default_columns` is None if Stripe names none.
    """

    id: str
    name: str
    livemode: bool
    data_available_start: int
    data_available_end: int
    updated: int
    default_columns: tuple[str, ...] | None

    def has_had(self, instant: int) -> int | None:
        """Return the latest time at which the data before that instant became available; None if not known.

        Moving `data_available_end` updates the report type, so the data was available at the last update.
        """
        is_known = instant <= self.data_available_end <= self.updated
        return self.updated if is_known else None


def list_report_types(api: StripeApi) -> dict[str, OfferedReportType]:
    """List all report types that the account offers, by id (`GET /v1/reporting/report_types`, unpaged)."""
    return api.ask(lambda client: client.v1.reporting.report_types.list(), _all_offered)


def retrieve_report_type(api: StripeApi, id_: str) -> OfferedReportType:
    """Return one report type. Raises StripeRequestError with Stripe's words if the account lacks it."""

    def read(obj: Mapping[str, Any]) -> OfferedReportType:
        offered = _offered(obj)
        if offered.id != id_:
            raise ValueError(f"it is the report type {offered.id} instead of {id_}")
        return offered

    return api.ask(lambda client: client.v1.reporting.report_types.retrieve(id_), read)


def _all_offered(obj: Mapping[str, Any]) -> dict[str, OfferedReportType]:
    demand_object(obj, "list", "a list of report types")
    return {offered.id: offered for offered in map(_offered, items(obj, "data", dict))}


def _offered(obj: Mapping[str, Any]) -> OfferedReportType:
    demand_object(obj, "reporting.report_type", "a report type")
    has_columns = obj.get("default_columns") is not None
    return OfferedReportType(
        id=word(obj, "id"),
        name=field(obj, "name", str),
        livemode=field(obj, "livemode", bool),
        data_available_start=instant(obj, "data_available_start"),
        data_available_end=instant(obj, "data_available_end"),
        updated=instant(obj, "updated") if obj.get("updated") is not None else 0,
        default_columns=tuple(items(obj, "default_columns", str)) if has_columns else None,
    )


def check_available(offered: OfferedReportType, interval: Interval, kind: IntervalKind) -> None:
    """Raise DataNotAvailableError if Stripe lacks a part of the interval.

    Call it before each report run: Stripe does not document what happens to a run beyond its data, and
    incomplete data must not land as a whole day.
    """
    start, end = offered.data_available_start, offered.data_available_end
    if interval.end > end:
        not_yet = DataNotAvailableError(
            f"Stripe has data through {_utc(end)}, but this day ends at {_utc(interval.end)};"
            " materialize it once the data is available"
        )
        not_yet.comes = True
        raise not_yet
    first = interval.end if kind == "as_of_end" else interval.start
    if first < start:
        raise DataNotAvailableError(
            f"Stripe has data from {_utc(start)} only, but this day starts at {_utc(first)}; choose a later"
            " day"
        )


def _utc(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
