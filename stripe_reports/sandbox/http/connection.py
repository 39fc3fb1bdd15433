"""The TCP connection below a request, for those faults that HTTP cannot express."""

from __future__ import annotations

import asyncio
import socket
import struct

from starlette.types import Receive

_DISCARD_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER on, for no time: closing sends RST instead of FIN."""


class Connection:
    """To be ended from this side. Afterwards, the request has no answer any more."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    async def reset(self, receive: Receive) -> None:
        """Let the client see `connection reset by peer`."""
        listening: socket.socket = self._transport.get_extra_info("socket")
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD_AT_ONCE)
        self._transport.abort()
        await _disconnected(receive)

    async def close(self, receive: Receive) -> None:
        """Let the client see an end where it expects more, once all that was sent is with it."""
        self._transport.close()
        await _disconnected(receive)


async def _disconnected(receive: Receive) -> None:
    # The server takes an application that returns earlier for one that forgot to answer, and answers 500.
    while (await receive())["type"] != "http.disconnect":
        continue
