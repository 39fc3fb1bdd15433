"""Report runs: create one, and retrieve its status and result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

import stripe

from stripe_reports.errors import StripeRequestError
from stripe_reports.stripe_api.api import StripeApi
from stripe_reports.stripe_api.fields import demand_object, field, instant, size, word
from stripe_reports.stripe_api.refusal import is_kept

RunParameters = Mapping[str, str | int | Sequence[str]]
"""The run parameters, `parameters[...]`; the SDK's types lack some that Stripe documents."""

_CREATE_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A result's File object: `size` in bytes; `created`, when the data was built, in Unix seconds."""

    id: str
    size: int
    created: int
    filename: str | None


@dataclass(frozen=True, slots=True)
class ReportRun:
    """A report run at Stripe (https://docs.stripe.com/api/reporting/report_run/object).

    `created` and `succeeded_at` are in Unix seconds. `parameters` are as Stripe repeats them, unchecked.
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
    """Create a report run; it may be `succeeded` at once.

    `key` is the idempotency key, to which the number of the attempt is added: for at least a day, the same
    key means the same run, whoever asks (https://docs.stripe.com/api/idempotent_requests). Stripe also
    replays a stored 500 under the same key, so the number is raised after one.
    """
    post = _Post(report_type, parameters, key)
    for attempt in range(1, _CREATE_ATTEMPTS + 1):
        try:
            return api.ask(post, report_run_of)
        except StripeRequestError as error:
            if attempt == _CREATE_ATTEMPTS or not isinstance(error.__cause__, stripe.APIError):
                raise
    raise AssertionError("unreachable: the loop returns or raises")


def retrieve_report_run(api: StripeApi, id_: str) -> ReportRun:
    """Return the run as it is now."""
    return api.ask(lambda client: client.v1.reporting.report_runs.retrieve(id_), report_run_of)


class _Post:
    """A request that uses the next key once Stripe keeps an error under this one."""

    def __init__(self, report_type: str, parameters: RunParameters, key: str) -> None:
        self._params: Any = {"report_type": report_type, "parameters": dict(parameters)}
        self._key = key
        self._number = 1

    def __call__(self, client: stripe.StripeClient) -> stripe.reporting.ReportRun:
        options: Any = {"idempotency_key": f"{self._key}-{self._number}"}
        try:
            return client.v1.reporting.report_runs.create(self._params, options)
        except stripe.StripeError as error:
            if is_kept(error):
                self._number += 1
            raise


def report_run_of(obj: Mapping[str, Any]) -> ReportRun:
    """Return the run of a Stripe object. Raises ValueError if it is not a report run or is damaged."""
    demand_object(obj, "reporting.report_run", "a report run")
    result = field(obj, "result", dict, NoneType)
    return ReportRun(
        id=word(obj, "id"),
        report_type=word(obj, "report_type"),
        parameters=field(obj, "parameters", dict),
        status=word(obj, "status"),
        livemode=field(obj, "livemode", bool),
        created=instant(obj, "created"),
        succeeded_at=None if obj.get("succeeded_at") is None else instant(obj, "succeeded_at"),
        error=field(obj, "error", str, NoneType),
        result=None if result is None else _result_file_of(result),
    )


def _result_file_of(obj: Mapping[str, Any]) -> ResultFile:
    return ResultFile(
        id=word(obj, "id"),
        size=size(obj, "size"),
        created=instant(obj, "created"),
        filename=field(obj, "filename", str, NoneType),
    )
