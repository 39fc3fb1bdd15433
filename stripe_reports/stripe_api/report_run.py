"""Report runs: create one, find those that were made, see whether Stripe has built a result."""

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
"""As in `parameters[...]`; some that Stripe documents are missing from the SDK's types."""

_CREATE_ATTEMPTS = 3


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
    post = _Post(report_type, parameters, key)
    for attempt in range(1, _CREATE_ATTEMPTS + 1):
        try:
            return api.ask(post, report_run_of)
        except StripeRequestError as error:
            if attempt == _CREATE_ATTEMPTS or not isinstance(error.__cause__, stripe.APIError):
                raise
    raise AssertionError("unreachable: the loop returns or raises")


def retrieve_report_run(api: StripeApi, id_: str) -> ReportRun:
    """The run as it is now."""
    return api.ask(lambda client: client.v1.reporting.report_runs.retrieve(id_), report_run_of)


class _Post:
    """A request that is made under the next key where Stripe keeps the answer to this one."""

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


def report_run_of(told: Mapping[str, Any]) -> ReportRun:
    """The run that an object of Stripe's tells. Raises ValueError where it is none, or a damaged one."""
    demand_object(told, "reporting.report_run", "report run")
    result = field(told, "result", dict, NoneType)
    return ReportRun(
        id=word(told, "id"),
        report_type=word(told, "report_type"),
        parameters=field(told, "parameters", dict),
        status=word(told, "status"),
        livemode=field(told, "livemode", bool),
        created=instant(told, "created"),
        succeeded_at=None if told.get("succeeded_at") is None else instant(told, "succeeded_at"),
        error=field(told, "error", str, NoneType),
        result=None if result is None else _result_file_of(result),
    )


def _result_file_of(told: Mapping[str, Any]) -> ResultFile:
    return ResultFile(
        id=word(told, "id"),
        size=size(told, "size"),
        created=instant(told, "created"),
        filename=field(told, "filename", str, NoneType),
    )
