"""The way from a request to its answer: key, parameters, handler, headers."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stripe_reports.sandbox.faults import Faults, Occasion
from stripe_reports.sandbox.http import form
from stripe_reports.sandbox.http.error import Refusal, unrecognized_url
from stripe_reports.sandbox.http.idempotency import Answer, Idempotency
from stripe_reports.sandbox.http.key import check_key


@dataclass(frozen=True, slots=True)
class Call:
    """A request for a handler: `ids` from the path, `params` from a GET's query or a POST's body."""

    ids: Mapping[str, str]
    params: form.Params


Handler = Callable[[Call], Answer]


class Door:
    """The check of the key, and the endpoints behind it."""

    def __init__(self, key: str, account: str, faults: Faults) -> None:
        self._faults = faults
        self._key = key
        self._account = account
        self._idempotency = Idempotency()

    def check(self, request: Request) -> None:
        """Raise Refusal for a missing or wrong key, or for an account that is not the key's."""
        check_key(request.headers.get("Authorization"), self._key)
        account = request.headers.get("Stripe-Account", self._account)
        if account != self._account:
            raise Refusal(
                f"The provided key does not have access to account '{account}' (or that account does not"
                " exist). Application access may have been revoked.",
                status=403,
                code="account_invalid",
            )

    def endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint of the API host for starlette's Route. Handlers run in threads."""

        async def respond(request: Request) -> Response:
            self.check(request)
            is_post = request.method == "POST"
            encoded = (await request.body()).decode(errors="replace") if is_post else request.url.query
            call = Call(request.path_params, form.parse(encoded))
            key = request.headers.get("Idempotency-Key") if is_post else None

            def answer() -> Answer:
                if key is not None and self._ends_badly(request.url.path, call):
                    return 500, Refusal("An unknown error occurred", status=500, type_="api_error").body
                return handler(call)

            (status, body), repeated = await run_in_threadpool(
                self._idempotency.once, key, (request.url.path, call.params), answer
            )
            headers = with_request_id()
            if key is not None:
                headers["Idempotency-Key"] = key
            if repeated:
                headers["Idempotent-Replayed"] = "true"
            return JSONResponse(body, status, headers)

        return respond

    def _ends_badly(self, path: str, call: Call) -> bool:
        # Stripe stores a 500 of its own under the key; a `status` fault is not such a 500 and stores nothing.
        occasion = Occasion(str(call.params.get("report_type", "")), "POST", path)
        return self._faults.take("stored_500", occasion) is not None


def with_request_id() -> dict[str, str]:
    """Return the headers that every answer has."""
    return {"Request-Id": f"req_{secrets.token_hex(7)}"}


async def refuse(request: Request, error: Exception) -> Response:
    """Return an error in Stripe's words, for starlette's exception handlers."""
    if isinstance(error, HTTPException):  # starlette's 404 and 405
        error = unrecognized_url(request.method, request.url.path)
    if not isinstance(error, Refusal):  # a bug of the sandbox; starlette raises it again so that it is logged
        error = Refusal("An unknown error occurred", status=500, type_="api_error")
    headers = with_request_id()
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="Stripe"'
    return JSONResponse(error.body, error.status, headers)
