"""Report runs: create one, find those that were made, see whether Stripe has built a result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import stripe

from stripe_reports.errors import StripeRequestError
from stripe_reports.stripe_api.api import StripeApi

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

    `created` in Unix seconds. `parameters` are as Stripe tells them again.
    """

    id: str
    report_type: str
    parameters: RunParameters
    status: str
    livemode: bool
    created: int
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
            return _report_run(api.call(partial(_post, report_type, parameters, f"{key}-{attempt}")))
        except StripeRequestError as error:
            if attempt == _CREATE_ATTEMPTS or not isinstance(error.__cause__, stripe.APIError):
                raise
    raise AssertionError("unreachable: the loop returns or raises")


def retrieve_report_run(api: StripeApi, id_: str) -> ReportRun:
    """The run as it is now."""
    return _report_run(api.call(lambda client: client.v1.reporting.report_runs.retrieve(id_)))


def list_report_runs(api: StripeApi, *, created_from: int) -> Iterator[ReportRun]:
    """The runs made since that second, whoever made them, newest first; a call for every hundred."""
    params: dict[str, Any] = {"created": {"gte": created_from}, "limit": _PAGE}
    while True:
        page = api.call(partial(_list, dict(params)))
        yield from map(_report_run, page.data)
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


def _report_run(found: stripe.reporting.ReportRun) -> ReportRun:
    result = found.result
    return ReportRun(
        id=found.id,
        report_type=found.report_type,
        parameters=found.parameters.to_dict(),
        status=found.status,
        livemode=found.livemode,
        created=found.created,
        error=found.error,
        result=ResultFile(result.id, result.size, result.created, result.filename) if result else None,
    )
