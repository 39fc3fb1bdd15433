"""Report runs: create one, find those that were made, see whether Stripe has built a result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import NoneType
from typing import Any, cast

import stripe

from stripe_reports.errors import StripeRequestError
from stripe_reports.stripe_api.api import StripeApi
from stripe_reports.stripe_api.fields import field, word

RunParameters = Mapping[str, str | int | Sequence[str]]
"""As in `parameters[...]`; some that Stripe documents are missing from the SDK's types."""

_CREATE_ATTEMPTS = 3
_PAGE = 100


@dataclass(frozen=True, slots=True)
class ResultFile:
    """The File object of a result: `size` in bytes, `created` in Unix seconds (when the data was built)."""

    id: str
    size: int
    created: int
    filename: str | None


@dataclass(frozen=True, slots=True)
class ReportRun:
    """Stripe's report run (https://docs.stripe.com/api/reporting/report_run/object).

    `created` and `succeeded_at` in Unix seconds. `parameters` are as Stripe tells them again, unchecked.
    """

    id: str
    report_type: str
    parameters: RunParameters
    status: str
    livemode: bool
    created: int
    succeeded_at: int | None
    error: str | None
    result: ResultFile | None


def create_report_run(api: StripeApi, report_type: str, parameters: RunParameters, key: str) -> ReportRun:
    """POST a report run; it may come back `succeeded` at once.

    `key` is the idempotency key, to which an attempt's number is added: the same key is the same run, for a
    day at least, whoever asks (https://docs.stripe.com/api/idempotent_requests). Stripe replays a stored 500
    under the same key as well, so after one the number is raised.
    """
    for attempt in range(1, _CREATE_ATTEMPTS + 1):
        try:
            return run_in_answer(api.call(partial(_post, report_type, parameters, f"{key}-{attempt}")))
        except StripeRequestError as error:
            if attempt == _CREATE_ATTEMPTS or not isinstance(error.__cause__, stripe.APIError):
                raise
    raise AssertionError("unreachable: the loop returns or raises")


def retrieve_report_run(api: StripeApi, id_: str) -> ReportRun:
    """The run as it is now."""
    return run_in_answer(api.call(lambda client: client.v1.reporting.report_runs.retrieve(id_)))


def list_report_runs(api: StripeApi, *, created_from: int) -> Iterator[ReportRun]:
    """The runs made since that second, whoever made them, newest first; a call for every hundred."""
    params: dict[str, Any] = {"created": {"gte": created_from}, "limit": _PAGE}
    while True:
        page = api.call(partial(_list, dict(params)))
        yield from map(run_in_answer, page.data)
        if not page.has_more or not page.data:
            return
        params["starting_after"] = page.data[-1].id


def _list(
    params: dict[str, Any], client: stripe.StripeClient
) -> stripe.ListObject[stripe.reporting.ReportRun]:
    return client.v1.reporting.report_runs.list(cast("Any", params))


def _post(
    report_type: str, parameters: RunParameters, key: str, client: stripe.StripeClient
) -> stripe.reporting.ReportRun:
    params = {"report_type": report_type, "parameters": dict(parameters)}
    return client.v1.reporting.report_runs.create(cast("Any", params), {"idempotency_key": key})


def report_run_of(told: Mapping[str, Any]) -> ReportRun:
    """The run that an object of Stripe's tells. Raises ValueError where it is none, or a damaged one."""
    if told.get("object") != "reporting.report_run":
        raise ValueError("it is no report run")
    result = field(told, "result", dict, NoneType)
    return ReportRun(
        id=word(told, "id"),
        report_type=word(told, "report_type"),
        parameters=field(told, "parameters", dict),
        status=word(told, "status"),
        livemode=field(told, "livemode", bool),
        created=field(told, "created", int),
        succeeded_at=field(told, "succeeded_at", int, NoneType),
        error=field(told, "error", str, NoneType),
        result=None if result is None else _result_file_of(result),
    )


def _result_file_of(told: Mapping[str, Any]) -> ResultFile:
    return ResultFile(
        id=word(told, "id"),
        size=field(told, "size", int),
        created=field(told, "created", int),
        filename=field(told, "filename", str, NoneType),
    )


def run_in_answer(found: stripe.reporting.ReportRun) -> ReportRun:
    """The run that Stripe's answer tells. Raises StripeRequestError where that is damaged."""
    try:
        return report_run_of(found.to_dict())
    except ValueError as error:
        raise StripeRequestError(f"Stripe's answer is not what it documents: {error}") from error
