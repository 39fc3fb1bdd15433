"""The `parameters[...]` of a report run, checked against the catalog and the available data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from stripe_reports.catalog import ReportType, time_zone
from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox.http import form
from stripe_reports.sandbox.http.error import Refusal, missing, unknown
from stripe_reports.sandbox.http.report_type import default_columns
from stripe_reports.sandbox.reports import Query, columns_of, utc_stamp

_SEPARATORS = {".": ".", ",": ",", "dot": ".", "comma": ","}
_FILTERS = {
    "country": "country_code",
    "customer": "customer_id",
    "invoice": "invoice_id",
    "invoice_line_item": "invoice_line_item_id",
    "is_eu_vat_moss": "is_eu_vat_moss",
    "jurisdiction_key": "jurisdiction_key",
    "states": "state_code",
    "tax_type": "tax_type",
    "taxable": "taxable",
    "type": "type",
}
"""The parameters that keep only rows with that text in a column."""
_METADATA = re.compile(r"([a-z_]+)\[[^\[\]]+\]")


@dataclass(frozen=True, slots=True)
class Checked:
    """A valid request: what to compute, which columns to print, and which parameters to repeat."""

    query: Query
    columns: tuple[str, ...]
    echo: dict[str, Any]


def check(report_type: ReportType, given: Mapping[str, Any], start: int, end: int) -> Checked:
    """Check the parameters, with data from `start` to `end`, both inclusive. Raises Refusal like Stripe."""
    _check_names(report_type, given)
    echo: dict[str, Any] = {
        name: form.text(given, name, param=_param(name)) for name in given if name in _TEXTS
    }
    for name in ("interval_start", "interval_end"):
        if (value := form.integer(given, name, param=_param(name))) is not None:
            echo[name] = value
    if (columns := form.texts(given, "columns", param=_param("columns"))) is not None:
        _check_columns(report_type, columns)
        echo["columns"] = columns
    for name in ("connected_accounts", "states"):
        if (values := form.texts(given, name, param=_param(name))) is not None:
            echo[name] = values
    first, last = echo.get("interval_start", start), echo.get("interval_end", end)
    _check_interval(report_type, echo, start, end)
    query = Query(
        start=first,
        end=last,
        known_until=end,
        zone=_zone(echo.get("timezone")),
        currency=_currency(echo.get("currency")),
        reporting_category=echo.get("reporting_category"),
        payout=echo.get("payout"),
        connected_accounts=_connected_accounts(echo),
        filters={column: _wanted(echo[name]) for name, column in _FILTERS.items() if name in echo},
        decimal_separator=_separator(echo),
    )
    return Checked(query, tuple(columns or default_columns(report_type)), echo)


_TEXTS = (
    "timezone",
    "currency",
    "reporting_category",
    "payout",
    "connected_account",
    "decimal_separator",
    "decimal_format",
    *(name for name in _FILTERS if name != "states"),
)


def _param(name: str) -> str:
    return f"parameters[{name}]"


def _check_names(report_type: ReportType, given: Mapping[str, Any]) -> None:
    known = {
        *report_type.required_parameters,
        *report_type.optional_parameters,
        *report_type.unconfirmed_parameters,
    }
    if report_type.interval == "as_of_end":
        known.add("interval_start")  # a snapshot does not need it: it is checked, but has no effect
    for name in given:
        if name not in known:
            raise unknown(_param(name))
    for name in report_type.required_parameters:
        if name not in given:
            raise missing(_param(name))


def _check_columns(report_type: ReportType, columns: list[str]) -> None:
    for column in columns:
        metadata = _METADATA.fullmatch(column)
        if metadata and metadata[1] in report_type.metadata_columns:
            continue
        if column not in columns_of(report_type):
            raise Refusal(
                f"The column '{column}' is not available for the report type {report_type.id}.",
                param=_param("columns"),
            )


def _check_interval(report_type: ReportType, echo: Mapping[str, Any], start: int, end: int) -> None:
    for name in ("interval_start", "interval_end"):
        asked = echo.get(name)
        if asked is None or start <= asked <= end:
            continue
        bound = f"starting at {utc_stamp(start)}" if asked < start else f"through {utc_stamp(end)}"
        raise Refusal(
            f"Data for the report type {report_type.id} is only available {bound} UTC; you requested"
            f" `{name}` = {_stamp(asked)} UTC.",
            param=f"parameters.{name}",
        )
    if "interval_start" in echo and echo["interval_start"] >= echo["interval_end"]:
        raise Refusal("`interval_start` must be before `interval_end`.", param="parameters.interval_start")


def _stamp(seconds: int) -> str:
    try:
        return utc_stamp(seconds)
    except (ValueError, OverflowError, OSError):  # a year beyond Python's calendar
        return str(seconds)


def _zone(name: str | None) -> tzinfo:
    if name is None or name == "UTC":
        return UTC
    try:
        return time_zone(name)
    except ConfigurationError:
        raise Refusal(f"Invalid timezone: {name}", param=_param("timezone")) from None


def _currency(code: str | None) -> str | None:
    if code is None or re.fullmatch(r"[A-Za-z]{3}", code):
        return code and code.lower()
    raise Refusal(f"Invalid currency: {code}", param=_param("currency"))


def _connected_accounts(echo: Mapping[str, Any]) -> tuple[str, ...] | None:
    one, several = echo.get("connected_account"), echo.get("connected_accounts")
    if one is not None and several is not None:
        raise Refusal(
            "You may pass either `connected_account` or `connected_accounts`, but not both.",
            param=_param("connected_accounts"),
        )
    if several is not None:
        return tuple(several)
    return None if one is None else (one,)


def _wanted(value: str | list[str]) -> frozenset[str]:
    return frozenset((value,) if isinstance(value, str) else value)


def _separator(echo: Mapping[str, Any]) -> str:
    for param in ("decimal_separator", "decimal_format"):  # no report type takes both
        name = echo.get(param)
        if name is not None and name not in _SEPARATORS:
            raise Refusal(f"Invalid {param}: {name}", param=_param(param))
        if name is not None:
            return _SEPARATORS[name]
    return "."
