"""Requests for report runs: whether two are equal, and whether an answer matches one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from stripe_reports.catalog import is_utc
from stripe_reports.errors import ReportRunError
from stripe_reports.stripe_api.api import StripeApi
from stripe_reports.stripe_api.report_run import ReportRun, RunParameters
from stripe_reports.wording import some

_MOST_SHOWN = 60
"""How many characters of a value a message repeats."""
_MOST_NAMED = 3
"""How many columns a message names."""
_LONGEST_NUMBER = 18
_REPEATED = (
    "interval_start",
    "interval_end",
    "payout",
    "connected_account",
    "currency",
    "reporting_category",
    "timezone",
)
"""The run parameters, besides `columns`, that a report run repeats by Stripe's schema
(https://docs.stripe.com/api/reporting/report_run/object). For others this is not known."""


def request_text(report_type: str, parameters: RunParameters) -> str:
    """Return a text that is the same for equal requests and different for others."""
    return json.dumps([report_type, _given(parameters)], sort_keys=True)


def check_answers_request(
    api: StripeApi,
    run: ReportRun,
    report_type: str,
    parameters: RunParameters,
    *,
    id_: str | None = None,
    livemode: bool | None = None,
) -> None:
    """Raise ReportRunError with the first difference if Stripe's run is not the one that was requested.

    `id_` is the run that was retrieved; `livemode` is the mode of the account, if it is known.
    """
    found = difference(run, report_type, parameters, api.redact, id_=id_, livemode=livemode)
    if found:
        raise ReportRunError(
            f"Stripe returned a different report run than requested: {found}. Nothing from it lands. Check"
            f" whether a proxy stands between this machine and {api.api_base}, then materialize the day"
            " again",
            report_run=run.id,
        )


def difference(
    run: ReportRun,
    report_type: str,
    parameters: RunParameters,
    redact: Callable[[str], str],
    *,
    id_: str | None = None,
    livemode: bool | None = None,
) -> str | None:
    """Return the first difference between Stripe's run and the request, in words; None if there is none.

    Parameters that the answer does not repeat, or that Stripe does not document there, are not compared: they
    contradict nothing. Null and an empty list count as not repeated.
    """
    if id_ is not None and run.id != id_:
        return f"its id is {redact(run.id)} instead of {id_}"
    if run.report_type != report_type:
        return f"its report type is {redact(run.report_type)} instead of {report_type}"
    if livemode is not None and run.livemode != livemode:
        return f"it is in {_mode(run.livemode)} mode instead of {_mode(livemode)} mode"
    its, asked = _given(run.parameters), _given(parameters)
    for name in _REPEATED:
        repeated = run.parameters.get(name) not in (None, [])
        if repeated and _text(its.get(name)) != _text(asked.get(name)):
            return _difference_in(name, run.parameters[name], asked.get(name), redact)
    return _difference_in_columns(its.get("columns"), asked.get("columns", []), redact)


def _given(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that make a difference, in one form."""
    return {
        name: _value(value)
        for name, value in parameters.items()
        if value is not None and value not in ([], ()) and not _is_default(name, value)
    }


def _is_default(name: str, value: object) -> bool:
    return (name == "timezone" and isinstance(value, str) and is_utc(value)) or (
        name == "decimal_separator" and value == "."
    )


def _value(value: Any) -> Any:
    """Return the value as in JSON. Forms hold only text, so a number or boolean equals its text."""
    if isinstance(value, str):
        if value in ("true", "false"):
            return value == "true"
        is_number = value.isascii() and value.isdecimal() and len(value) <= _LONGEST_NUMBER
        return int(value) if is_number and str(int(value)) == value else value
    return list(value) if isinstance(value, Sequence) else value


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _difference_in_columns(its: Any, asked: Sequence[str], redact: Callable[[str], str]) -> str | None:
    """Return whether and how the columns differ.

    Columns are read by name, so additional ones and another order do no harm. If the answer has no columns,
    the CSV's header will show them.
    """
    if its is None:
        return None
    if not isinstance(its, list):
        return f"its columns are {_cut(redact(_text(its)))}"
    if lacking := [column for column in asked if column not in its]:
        return f"its columns lack {some(lacking, _MOST_NAMED)}"
    return None


def _difference_in(name: str, its: Any, asked: Any, redact: Callable[[str], str]) -> str:
    said = f"its {name} is {_cut(redact(_text(its)))}{_when(name, its)}"
    if asked is None:
        return f"{said}, which was not requested"
    return f"{said} instead of {_cut(_text(asked))}{_when(name, asked)}"


def _when(name: str, value: Any) -> str:
    is_instant = name in ("interval_start", "interval_end") and type(value) is int and 0 <= value < 1 << 33
    return f" ({datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC)" if is_instant else ""


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _mode(livemode: bool) -> str:
    return "live" if livemode else "test"
