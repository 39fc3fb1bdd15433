"""The TCP connection of a request, for faults that HTTP cannot express."""

from __future__ import annotations

import asyncio
import socket
import struct

from starlette.types import Receive

_DISCARD_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER with no time, so that closing sends RST instead of FIN."""


class Connection:
    """The connection of a request, which the server can break so that no answer follows."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    async def reset(self, receive: Receive) -> None:
        """Reset the connection: the client sees `connection reset by peer`."""
        listening: socket.socket = self._transport.get_extra_info("socket")
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD_AT_ONCE)
        self._transport.abort()
        await _disconnected(receive)

    async def close(self, receive: Receive) -> None:
        """Close the connection after all sent bytes have arrived: the client sees an end too early."""
        self._transport.close()
        await _disconnected(receive)


async def _disconnected(receive: Receive) -> None:
    # If the application returned earlier, the server would answer 500 in its place.
    while (await receive())["type"] != "http.disconnect":
        continue
