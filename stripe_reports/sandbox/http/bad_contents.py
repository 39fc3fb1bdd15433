"""Faults in sending a result file: late, slow, incomplete, or without ranges."""

from __future__ import annotations

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stripe_reports.sandbox.faults import Fault, Faults, Occasion
from stripe_reports.sandbox.http.byte_range import without_offer, without_range
from stripe_reports.sandbox.http.call import with_request_id
from stripe_reports.sandbox.http.connection import Connection
from stripe_reports.sandbox.http.error import no_such
from stripe_reports.sandbox.http.file import File

_PIECES_PER_SECOND = 20


class BadContents:
    """The faults of one request for the contents of a file."""

    def __init__(self, faults: Faults, occasion: Occasion, file: File) -> None:
        late = faults.take("file_late", occasion)
        self._is_late = late is not None and file.age < late["seconds"]
        self._file = file
        self._truncated = None if self._is_late else faults.take("truncated", occasion)
        self._no_range = None if self._is_late else faults.take("no_range", occasion)
        self._slow = None if self._is_late else faults.take("slow", occasion)

    async def __call__(
        self, app: ASGIApp, connection: Connection, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Send the application's answer with the faults applied."""
        if self._is_late:
            error = no_such("file upload", self._file.id, param="file")
            await JSONResponse(error.body, error.status, with_request_id())(scope, receive, send)
            return
        if self._no_range:
            scope, send = without_range(scope), without_offer(send)
        if self._slow:
            send = _slowly(self._slow["bytes_per_second"], send)
        if self._truncated is None:
            await app(scope, receive, send)
            return
        cut = _Cut(self._truncated, send)
        await app(scope, receive, cut.send)
        if cut.is_owed:
            await connection.close(receive)


class _Cut:
    """A `send` that lets only the beginning of a body through."""

    def __init__(self, fault: Fault, send: Send) -> None:
        self._fault = fault
        self._send = send
        self._left = 0
        self.is_owed = False
        """Whether fewer bytes were sent than announced, so that the connection must be closed."""

    async def send(self, message: Message) -> None:
        """Send a message of the application."""
        if message["type"] == "http.response.start":
            await self._send(self._start(message))
            return
        body: bytes = message.get("body", b"")[: self._left]
        self._left -= len(body)
        more = message.get("more_body", False)
        if body or not (more or self.is_owed):
            await self._send({**message, "body": body, "more_body": more or self.is_owed})

    def _start(self, message: Message) -> Message:
        headers = MutableHeaders(raw=list(message["headers"]))
        length = int(headers.get("content-length", "0"))
        asked = self._fault["bytes"]
        self._left = min(length, length // 2 if asked is None else asked)
        if self._fault["declared"] == "short":
            headers["content-length"] = str(self._left)
        else:
            self.is_owed = self._left < length
        return {**message, "headers": headers.raw}


def _slowly(bytes_per_second: int, send: Send) -> Send:
    piece = max(1, bytes_per_second // _PIECES_PER_SECOND)

    async def throttled(message: Message) -> None:
        body: bytes = message.get("body", b"")
        while len(body) > piece:
            await send({**message, "body": body[:piece], "more_body": True})
            await asyncio.sleep(piece / bytes_per_second)
            body = body[piece:]
        await send({**message, "body": body} if body else message)
        await asyncio.sleep(len(body) / bytes_per_second)

    return throttled
