"""The header `Range` (https://www.rfc-editor.org/rfc/rfc9110#name-range-requests)."""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

_ONE_RANGE = re.compile(r"bytes=(?:(\d+)-(\d*)|-\d+)", re.IGNORECASE)


class RangedFile(FileResponse):
    """The requested range, if it is a single one and `If-Range` allows it; else the whole file, with 200."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""
        if not _is_one_range(Headers(scope=scope).get("range", "")):
            scope = without_range(scope)  # a server may ignore other ranges, starlette does not
        await super().__call__(scope, receive, send)


def without_range(scope: Scope) -> Scope:
    """Return the request without the header `Range`."""
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"range"]}


def without_offer(send: Send) -> Send:
    """Return a `send` whose answers do not offer ranges."""

    async def silent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            del headers["accept-ranges"]
            message = {**message, "headers": headers.raw}
        await send(message)

    return silent


def _is_one_range(asked: str) -> bool:
    found = _ONE_RANGE.fullmatch(asked.strip())
    if found is None:
        return False
    first, last = found.groups()
    return not last or int(first) <= int(last)
