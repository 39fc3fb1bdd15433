"""The calls about faults. Stripe has none; they need no key, because a sandbox listens locally."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox.faults import Fault, Faults
from stripe_reports.sandbox.http.call import with_request_id
from stripe_reports.sandbox.http.error import Refusal
from stripe_reports.sandbox.http.faulty_host import FAULTS_PATH
from stripe_reports.sandbox.http.paging import as_list


class FaultCalls:
    """The handlers of `GET`, `POST` and `DELETE` for the active faults."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def route(self) -> Route:
        """Return the route for the API host."""
        return Route(FAULTS_PATH, self._respond, methods=["GET", "POST", "DELETE"])

    async def _respond(self, request: Request) -> Response:
        body: dict[str, Any]
        match request.method:
            case "POST":
                fault = _fault(await request.body())
                self._faults.add(fault)
                body = fault.as_object()
            case "DELETE":
                self._faults.clear()
                body = self._list()
            case _:
                body = self._list()
        return JSONResponse(body, headers=with_request_id())

    def _list(self) -> dict[str, Any]:
        return as_list(FAULTS_PATH, [fault.as_object() for fault in self._faults.all()])


def _fault(body: bytes) -> Fault:
    try:
        settings = json.loads(body)
    except ValueError:
        settings = None
    if not isinstance(settings, dict) or not isinstance(settings.get("kind"), str):
        raise Refusal(
            'The body must be a JSON object with a kind and its settings, such as {"kind": "status",'
            ' "code": 429, "count": 2}.'
        )
    try:
        return Fault(settings.pop("kind"), settings)
    except ConfigurationError as error:
        raise Refusal(str(error)) from None
