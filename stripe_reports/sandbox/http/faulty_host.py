"""A host with faults that strike before, instead of or after the handler of a request."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stripe_reports.sandbox.faults import Fault, Faults
from stripe_reports.sandbox.http.bad_contents import BadContents
from stripe_reports.sandbox.http.connection import Connection
from stripe_reports.sandbox.http.subject import Subjects
from stripe_reports.sandbox.http.trouble import trouble

FAULTS_PATH = "/_faults"
TAMPERINGS_PATH = "/_tamperings"
OWN_PATHS = (FAULTS_PATH, TAMPERINGS_PATH)
"""Not Stripe's."""


class FaultyHost:
    """An application in front of a host that applies faults; without faults, it passes requests on."""

    def __init__(
        self,
        app: ASGIApp,
        faults: Faults,
        subjects: Subjects,
        connection_of: Callable[[Scope], Connection],
    ) -> None:
        self._app = app
        self._faults = faults
        self._subjects = subjects
        self._connection_of = connection_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""
        if not self._faults.are_set or scope["type"] != "http" or scope["path"] in OWN_PATHS:
            await self._app(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        receive = _from_the_start(body, receive)
        occasion = self._subjects.occasion(scope["method"], scope["path"], body)
        if reset := self._faults.take("reset", occasion):
            await self._reset(reset, scope, receive)
        elif status := self._faults.take("status", occasion):
            if status["when"] == "after":
                await self._app(scope, receive, _nowhere)
            await trouble(status)(scope, receive, send)
        elif file := self._subjects.file_of_contents(scope["path"]):
            contents = BadContents(self._faults, occasion, file)
            await contents(self._app, self._connection_of(scope), scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _reset(self, fault: Fault, scope: Scope, receive: Receive) -> None:
        if fault["when"] == "after":
            await self._app(scope, receive, _nowhere)
        await self._connection_of(scope).reset(receive)


def _from_the_start(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that starts again with the body, which has been read already."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again


async def _nowhere(message: Message) -> None:
    """Discard a message, so that the client gets no answer."""
