"""Report runs: create one, wait until Stripe has built its result."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import stripe

from stripe_reports.errors import ConfigurationError, ReportRunError, StripeRequestError
from stripe_reports.stripe_api.api import StripeApi

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
    """Stripe's report run (https://docs.stripe.com/api/reporting/report_run/object)."""

    id: str
    report_type: str
    status: str
    livemode: bool
    created: int
    error: str | None
    result: ResultFile | None


@dataclass(frozen=True, slots=True)
class Polling:
    """How often to ask for a pending run, all in seconds: `initial`, then `factor` times longer up to
    `longest`, for `deadline` at most."""

    initial: float = 0.5
    factor: float = 1.5
    longest: float = 30.0
    deadline: float = 3600.0

    def __post_init__(self) -> None:
        if self.initial <= 0 or self.factor < 1 or self.longest < self.initial or self.deadline <= 0:
            raise ConfigurationError(
                f"these poll settings make no sense: {self}; use initial > 0, factor >= 1,"
                " longest >= initial, deadline > 0"
            )


def create_report_run(api: StripeApi, report_type: str, parameters: RunParameters) -> ReportRun:
    """POST a report run; it may come back `succeeded` at once.

    A request that broke on the way is repeated under its idempotency key, so no second run is made. Stripe
    replays a stored 500 under the same key for a day (https://docs.stripe.com/api/idempotent_requests), so
    after one the key is changed.
    """
    request = uuid.uuid4().hex
    for attempt in range(1, _CREATE_ATTEMPTS + 1):
        key = f"stripe_reports-{request}-{attempt}"
        try:
            return _report_run(api.call(partial(_post, report_type, parameters, key)))
        except StripeRequestError as error:
            if attempt == _CREATE_ATTEMPTS or not isinstance(error.__cause__, stripe.APIError):
                raise
    raise AssertionError("unreachable: the loop returns or raises")


def wait_for(
    api: StripeApi,
    run: ReportRun,
    polling: Polling,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> ResultFile:
    """The result of the run, once it has `succeeded`; until then it is asked for again and again.

    Raises ReportRunError as soon as it has `failed`, or when it is pending at the deadline.
    """
    began = clock()
    pause = polling.initial
    while run.status == "pending":
        left = began + polling.deadline - clock()
        if left <= 0:
            raise ReportRunError(
                f"still pending after {polling.deadline:g} s; Stripe may be slow: materialize the day again"
                " later, or raise the deadline",
                report_run=run.id,
            )
        sleep(min(pause, left))
        pause = min(pause * polling.factor, polling.longest)
        run = _report_run(api.call(partial(_get, run.id)))
    if run.status != "succeeded" or run.result is None:
        why = api.redact(run.error or "Stripe gives no reason")
        raise ReportRunError(
            f"Stripe marked it {run.status}: {why}; this is rare and passes: materialize the day again",
            report_run=run.id,
        )
    return run.result


def _get(id_: str, client: stripe.StripeClient) -> stripe.reporting.ReportRun:
    return client.v1.reporting.report_runs.retrieve(id_)


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
        status=found.status,
        livemode=found.livemode,
        created=found.created,
        error=found.error,
        result=ResultFile(result.id, result.size, result.created, result.filename) if result else None,
    )
