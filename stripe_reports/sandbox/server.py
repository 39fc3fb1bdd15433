"""Two HTTP servers in one background thread."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Sequence
from threading import Thread

import uvicorn
from starlette.types import ASGIApp, Scope

from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox.http.connection import Connection

_START_SECONDS = 10.0
_GRACE_SECONDS = 2
"""How many seconds unfinished answers get when the servers stop."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens already, so that no other process can take its port; 0 is any free port.

    Raises ConfigurationError if the port is taken.
    """
    # asyncio sets TCP_NODELAY only if the protocol is given; without it, each answer takes 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        why = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(
            f"the sandbox cannot listen on {host} port {port} ({why}); stop the process there or choose"
            " another port"
        ) from error
    return listening


class Servers:
    """Servers of applications, each on its socket, from `start` to `stop`."""

    def __init__(self, served: Sequence[tuple[ASGIApp, socket.socket]]) -> None:
        self._servers = [
            (
                uvicorn.Server(
                    uvicorn.Config(
                        app,
                        log_level="warning",
                        access_log=False,
                        lifespan="off",
                        proxy_headers=False,  # `connection_of` needs the connection's own addresses
                        timeout_graceful_shutdown=_GRACE_SECONDS,
                    )
                ),
                listening,
            )
            for app, listening in served
        ]
        self._thread = Thread(target=self._run, name="stripe-reports-sandbox", daemon=True)

    def start(self) -> None:
        """Start the servers, and return once all of them answer."""
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not all(server.started for server, _ in self._servers):
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise ConfigurationError("the sandbox's servers did not start; its log says why")
            time.sleep(0.002)

    def stop(self) -> None:
        """Finish the requests that are being answered, then stop."""
        for server, _ in self._servers:
            server.should_exit = True
        self._thread.join()

    def connection_of(self, scope: Scope) -> Connection:
        """Return the connection of the request."""
        ends = (tuple(scope["client"]), tuple(scope["server"]))
        for server, _ in self._servers:
            for protocol in server.server_state.connections:
                transport = protocol.transport
                # An IPv6 address has two more parts.
                if ends == tuple(transport.get_extra_info(name)[:2] for name in ("peername", "sockname")):
                    return Connection(transport)
        raise RuntimeError(f"no connection from {scope['client']}")

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        await asyncio.gather(*(server.serve(sockets=[listening]) for server, listening in self._servers))
