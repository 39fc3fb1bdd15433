"""The calls about tamperings. Like those about faults, Stripe has none, and they need no key."""

from __future__ import annotations

import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox.http.call import with_request_id
from stripe_reports.sandbox.http.error import Refusal
from stripe_reports.sandbox.http.faulty_host import TAMPERINGS_PATH
from stripe_reports.sandbox.http.paging import as_list
from stripe_reports.sandbox.tampering import ReportRows, Tampering


class TamperingCalls:
    """The handlers of `GET` and `POST` for tamperings. There is no `DELETE`: the ledger keeps its changes."""

    def __init__(self, report_rows: ReportRows) -> None:
        self._report_rows = report_rows

    def route(self) -> Route:
        """Return the route for the API host."""
        return Route(TAMPERINGS_PATH, self._respond, methods=["GET", "POST"])

    async def _respond(self, request: Request) -> Response:
        if request.method == "POST":
            body = await run_in_threadpool(self._set, await request.body())
        else:
            body = as_list(TAMPERINGS_PATH, [tampering.as_object() for tampering in self._report_rows.all()])
        return JSONResponse(body, headers=with_request_id())

    def _set(self, body: bytes) -> dict[str, Any]:
        try:
            settings = json.loads(body)
        except ValueError:
            settings = None
        if not isinstance(settings, dict) or not {"day", "kind"} <= settings.keys():
            raise Refusal(
                'The body must be a JSON object with a day, a kind and its settings, such as {"day":'
                ' "2026-11-20", "kind": "cent"}.'
            )
        try:
            tampering = Tampering(str(settings.pop("day")), str(settings.pop("kind")), settings)
            self._report_rows.add(tampering, at_once=True)
        except ConfigurationError as error:
            raise Refusal(str(error)) from None
        return tampering.as_object()
