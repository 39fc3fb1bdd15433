"""A request, and the one way from it to an answer: key, parameters, handler, headers."""

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
    """What a handler gets: `ids` from the path, `params` from the query of a GET or the body of a POST."""

    ids: Mapping[str, str]
    params: form.Params


Handler = Callable[[Call], Answer]


class Door:
    """Lets in who has the key, and turns handlers into endpoints."""

    def __init__(self, key: str, account: str, faults: Faults) -> None:
        self._faults = faults
        self._key = key
        self._account = account
        self._idempotency = Idempotency()

    def check(self, request: Request) -> None:
        """Raise Refusal for a missing or wrong key, or for another account than the key's."""
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
        """An endpoint of the API host, for starlette's Route. Handlers run in threads."""

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
        # A 500 of Stripe's own, after the key was noted; a `status` fault is none and leaves the key free.
        occasion = Occasion(str(call.params.get("report_type", "")), "POST", path)
        return self._faults.take("stored_500", occasion) is not None


def with_request_id() -> dict[str, str]:
    """The headers that every answer has."""
    return {"Request-Id": f"req_{secrets.token_hex(7)}"}


async def refuse(request: Request, error: Exception) -> Response:
    """An error as Stripe words it, for starlette's exception handlers."""
    if isinstance(error, HTTPException):  # starlette's 404 and 405
        error = unrecognized_url(request.method, request.url.path)
    if not isinstance(
        error, Refusal
    ):  # a mistake of the sandbox's own; starlette raises it again to be logged
        error = Refusal("An unknown error occurred", status=500, type_="api_error")
    headers = with_request_id()
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="Stripe"'
    return JSONResponse(error.body, error.status, headers)
