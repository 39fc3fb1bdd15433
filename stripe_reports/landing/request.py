"""What a report is asked for: its interval, columns, filters, and other run parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stripe_reports.catalog import Interval, ReportType, personal_data
from stripe_reports.errors import ConfigurationError
from stripe_reports.lake import Pii, TableSettings, check_pii
from stripe_reports.stripe_api import OfferedReportType, RunParameters

_METADATA_COLUMN = re.compile(r"(\w+)\[[^\[\]]+\]")
_THE_DAYS = {"interval_start", "interval_end", "payout"}


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Settings of one report type (https://docs.stripe.com/reports/api, https://docs.stripe.com/reports/options).

    `columns`: the columns to ask for, in their order; by default all that the catalog knows and the account
    accepts. `metadata_columns`: more columns, such as `payment_metadata[order_id]`.
    `optional_columns`: columns that a result may lack; they are null then. `parameters`: other run
    parameters, such as `currency`, `reporting_category`, `connected_account`, `connected_accounts` or
    `timezone`. `pii`: what happens to personal data: `keep`, `hash` or `drop`; by default, what the
    `StripeReports` around it says, or else `keep`. Columns to drop are not asked for.
    """

    columns: Sequence[str] | None = None
    metadata_columns: Sequence[str] = ()
    optional_columns: Sequence[str] = ()
    parameters: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    pii: Pii | None = None

    @property
    def policy(self) -> Pii:
        """The policy for personal data."""
        return self.pii or "keep"

    def check(self, report_type: ReportType) -> None:
        """Raise ConfigurationError for what the report type does not take; the error names what it takes."""
        check_pii(self.policy)
        self._check_parameters(report_type)
        self._check_columns(report_type)

    def _check_parameters(self, report_type: ReportType) -> None:
        for name in self.parameters:
            if name in _THE_DAYS:
                raise _wrong(report_type, f"the parameter {name!r} is the partition's and cannot be set")
            if name == "columns":
                raise _wrong(report_type, "give columns as ReportRequest(columns=...), not as a parameter")
            if name in ("decimal_separator", "decimal_format"):
                raise _wrong(report_type, f"{name!r} cannot be set: amounts are read with a dot")
            if report_type.listed and name not in report_type.parameters:
                takes = sorted({*report_type.parameters} - _THE_DAYS - {"columns", "decimal_separator"})
                raise _wrong(
                    report_type,
                    f"it does not take the parameter {name!r}; it takes {', '.join(takes) or 'none'}",
                )

    def _check_columns(self, report_type: ReportType) -> None:
        asked = [*(self.columns or ()), *self.metadata_columns]
        if asked and report_type.listed and not report_type.takes_columns:
            raise _wrong(report_type, "Stripe decides on its columns; it takes none")
        if twice := {name for name in asked if asked.count(name) > 1}:
            raise _wrong(report_type, f"these columns are named more than once: {', '.join(sorted(twice))}")
        for name in asked:
            match = _METADATA_COLUMN.fullmatch(name)
            if name in self.metadata_columns and not match:
                raise _wrong(report_type, f"{name!r} is no metadata column; write payment_metadata[your_key]")
            if match and report_type.listed and match[1] not in report_type.metadata_columns:
                known = ", ".join(f"{each}[...]" for each in report_type.metadata_columns) or "none"
                raise _wrong(report_type, f"it has no metadata column {name!r}; it has {known}")
            if not match and report_type.columns_complete and name not in report_type.columns:
                known = ", ".join(report_type.columns)
                raise _wrong(report_type, f"it has no column {name!r}; it has {known}")
        if asked and self.policy == "drop" and all(map(personal_data, asked)):
            raise _wrong(
                report_type, "pii=drop leaves none of the columns that are asked for; name others too"
            )


def interval_parameters(report_type: ReportType, interval: Interval) -> RunParameters:
    """Return the interval as the report type takes it: a range, or the instant of its end."""
    if report_type.interval == "as_of_end":
        return {"interval_end": interval.end}
    return {"interval_start": interval.start, "interval_end": interval.end}


def option_parameters(report_type: ReportType, request: ReportRequest, timezone: str) -> RunParameters:
    """Return the partitions' time zone and the parameters that the request sets.

    `timezone` changes only the local timestamps that Stripe prints, not the interval
    (https://docs.stripe.com/reports/api).
    """
    zone = {"timezone": timezone} if timezone != "UTC" and "timezone" in report_type.parameters else {}
    return {**zone, **request.parameters}


def table_settings(report_type: ReportType, request: ReportRequest, timezone: str) -> TableSettings:
    """Return what all days of a table have in common."""
    return TableSettings.of(timezone, option_parameters(report_type, request, timezone))


def requested_columns(
    report_type: ReportType, request: ReportRequest, offered: OfferedReportType | None
) -> tuple[str, ...]:
    """Return the columns to ask for, because Stripe's default sets are small; none where Stripe decides.

    Where the catalog does not know all columns, those that Stripe sends by default are asked for as well;
    without `offered` they are not known. Personal data that is to be dropped is not asked for, so that it
    never arrives.
    """
    columns = _wanted_columns(report_type, request, offered)
    drops = request.policy == "drop"
    return tuple(name for name in columns if not (drops and personal_data(name)))


def _wanted_columns(
    report_type: ReportType, request: ReportRequest, offered: OfferedReportType | None
) -> tuple[str, ...]:
    if request.columns is not None:
        return (*request.columns, *request.metadata_columns)
    default = (offered and offered.default_columns) or ()
    if not (report_type.takes_columns if report_type.listed else default):
        return ()
    known = report_type.columns if report_type.columns_complete else (*report_type.columns, *default)
    return tuple(dict.fromkeys((*known, *request.metadata_columns)))


def expected_columns(report_type: ReportType, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns that a result must have: those asked for, or all that Stripe documents."""
    return asked or (report_type.columns if report_type.columns_complete else ())


def _wrong(report_type: ReportType, what: str) -> ConfigurationError:
    return ConfigurationError(what, report_type=report_type.id)
